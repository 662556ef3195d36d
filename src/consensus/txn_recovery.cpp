#include "consensus/txn_recovery.hpp"

#include <algorithm>

#include "core/sender.hpp"

namespace quarry {
namespace {
std::vector<const Transaction*> all_of(std::span<const Block> blocks) {
  std::vector<const Transaction*> out;
  for (const Block& block : blocks)
    for (const Transaction& txn : block.body.transactions) out.push_back(&txn);
  return out;
}

std::vector<std::size_t> firsts_of(std::span<const Block> blocks) {
  std::vector<std::size_t> out{0};
  for (const Block& block : blocks) out.push_back(out.back() + block.body.transactions.size());
  return out;
}
}  // namespace

TxnRecovery::TxnRecovery(WorkerPool& workers, std::span<const Block> blocks, const KnownSender& known)
    : known_(known),
      txns_(all_of(blocks)),
      first_(firsts_of(blocks)),
      hashes_(txns_.size()),
      senders_(txns_.size()),
      work_(workers, (txns_.size() + kPiece - 1) / kPiece, [this](std::size_t piece) { recover(piece); }) {}

void TxnRecovery::recover(std::size_t piece) {
  const std::size_t end = std::min(txns_.size(), (piece + 1) * kPiece);
  for (std::size_t i = piece * kPiece; i < end; ++i) {
    hashes_[i] = hash_of(*txns_[i]);
    if (known_) senders_[i] = known_(hashes_[i]);
    if (!senders_[i]) senders_[i] = sender_of(*txns_[i]);
  }
}

RecoveredTxns TxnRecovery::wait(std::size_t index) {
  const std::size_t from = first_[index], end = first_[index + 1];
  for (std::size_t piece = from / kPiece; piece * kPiece < end; ++piece) work_.wait(piece);
  return {std::span(hashes_).subspan(from, end - from), std::span(senders_).subspan(from, end - from)};
}

}  // namespace quarry
