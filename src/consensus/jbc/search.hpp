#pragma once
/// \file
/// The nonce search of the JSON-file chain. The nonce ends the hashed text, so that all whole 64-byte blocks
/// before it are hashed once (the midstate), and each try costs one block, two where little room is left.

#include <optional>

#include "core/jbc.hpp"
#include "core/sha256.hpp"

namespace quarry::jbc {

class Search {
 public:
  /// `block` is complete but for nonce and hash. `kernel` is the tests' and measurements' choice.
  Search(const Block& block, unsigned zeros, const sha256_parts::Kernel& kernel = sha256_parts::kernel());

  /// The first nonce from `first` on, `count` of them at most, whose hash has the zeros. Thread-safe.
  std::optional<std::uint64_t> run(std::uint64_t first, std::uint64_t count) const;

 private:
  std::optional<std::uint64_t> run_width(std::uint64_t first, std::uint64_t end, std::size_t digits) const;

  const sha256_parts::Kernel& kernel_;
  const unsigned zeros_;
  sha256_parts::State midstate_ = sha256_parts::kInitial;
  Bytes tail_;               ///< what is left of the text before the nonce
  std::uint64_t total_ = 0;  ///< bytes of the text before the nonce
};

}  // namespace quarry::jbc
