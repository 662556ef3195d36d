#include "consensus/sender_recovery.hpp"

#include <algorithm>

#include "core/sender.hpp"

namespace quarry {
namespace {
std::vector<const Transaction*> transactions_of(std::span<const Block> blocks) {
  std::vector<const Transaction*> txns;
  for (const Block& block : blocks)
    for (const Transaction& txn : block.body.transactions) txns.push_back(&txn);
  return txns;
}

std::vector<std::size_t> starts_of(std::span<const Block> blocks) {
  std::vector<std::size_t> starts{0};
  for (const Block& block : blocks) starts.push_back(starts.back() + block.body.transactions.size());
  return starts;
}
}  // namespace

SenderRecovery::SenderRecovery(WorkerPool& workers, std::span<const Block> blocks)
    : txns_(transactions_of(blocks)),
      first_(starts_of(blocks)),
      senders_(txns_.size()),
      work_(workers, (txns_.size() + kPieceSize - 1) / kPieceSize,
            [this](std::size_t piece) { recover(piece); }) {}

void SenderRecovery::recover(std::size_t piece) {
  const std::size_t from = piece * kPieceSize, end = std::min(from + kPieceSize, txns_.size());
  for (std::size_t i = from; i < end; ++i) senders_[i] = sender_of(*txns_[i]);
}

std::span<const std::optional<Address>> SenderRecovery::wait(std::size_t index) {
  const std::size_t from = first_[index], end = first_[index + 1];
  if (from == end) return {};
  for (std::size_t piece = from / kPieceSize; piece * kPieceSize < end; ++piece) work_.wait(piece);
  return std::span(senders_).subspan(from, end - from);
}

}  // namespace quarry
