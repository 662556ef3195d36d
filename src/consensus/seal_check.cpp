#include "consensus/seal_check.hpp"

#include <algorithm>

namespace quarry {

SealCheck::SealCheck(Engine& engine, WorkerPool& workers, std::vector<const Header*> headers)
    : engine_(engine),
      headers_(std::move(headers)),
      verdicts_(headers_.size()),
      piece_size_(std::max<std::size_t>(1, engine.seal_batch() * kBatchesAPiece)),
      work_(workers, (headers_.size() + piece_size_ - 1) / piece_size_,
            [this](std::size_t piece) { check(piece); }) {}

void SealCheck::check(std::size_t piece) {
  const std::size_t from = piece * piece_size_, count = std::min(piece_size_, headers_.size() - from);
  engine_.verify_seals(std::span(headers_).subspan(from, count), std::span(verdicts_).subspan(from, count));
}

const Verdict& SealCheck::wait(std::size_t index) {
  work_.wait(index / piece_size_);
  return verdicts_[index];
}

}  // namespace quarry
