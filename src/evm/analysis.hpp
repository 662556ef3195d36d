#pragma once
/// \file
/// What the interpreter knows of a piece of code before it runs it.

#include <vector>

#include "evm/code.hpp"
#include "evm/decoded.hpp"

namespace quarry::evm {

class Code {
 public:
  Code(Bytes bytes, const Rules& rules);

  ByteView bytes() const { return ByteView(bytes_).first(size_); }
  std::size_t size() const { return size_; }
  /// The code with zeros behind it, so that an instruction after it is STOP and a PUSH at its end finds what
  /// it pushes.
  const std::uint8_t* data() const { return bytes_.data(); }
  /// Whether `pc` is a JUMPDEST that is not within a PUSH.
  bool is_jump_target(std::uint64_t pc) const {
    return pc < size_ && (targets_[pc / 64] >> (pc % 64) & 1) != 0;
  }
  const OpcodeTable& table() const { return table_; }
  /// Empty where it is not worth it.
  const Decoded& decoded() const { return decoded_; }
  std::size_t memory_bytes() const;

 private:
  std::size_t size_;
  Bytes bytes_;
  std::vector<std::uint64_t> targets_;  ///< a bit a byte of code
  const OpcodeTable& table_;
  Decoded decoded_;
};

}  // namespace quarry::evm
