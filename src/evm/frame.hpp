#pragma once
/// \file
/// What one call frame works with.

#include <memory>

#include "evm/message.hpp"

namespace quarry::evm {

class Vm;
class Code;
struct AccountState;

/// Words a stack holds (Yellow Paper 9.1).
inline constexpr std::size_t kMostStackWords = 1024;

/// A frame's memory: grows in words, zeroed; kept for the next frame at the same depth.
class Memory {
 public:
  /// Forgets the content, keeps the space.
  void reset() { size_ = 0; }
  /// Forgets the content and gives back what is more than a frame mostly needs.
  void trim();
  std::size_t size() const { return size_; }
  std::uint8_t* data() { return data_.get(); }
  /// `size` is a multiple of 32 that was paid for, so that gas bounds it.
  void grow(std::size_t size);

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const;
  };
  std::unique_ptr<std::uint8_t[], Free> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

/// Stack and memory of one depth, kept by the thread and used again.
struct FrameSpace {
  alignas(64) std::array<U256, kMostStackWords + 1> stack;
  Memory memory;
  Bytes output;  ///< a precompile's
};
/// The calling thread's, made when a depth is first reached. Asking for depth 0 begins a transaction: large
/// memories that other transactions left behind, each at a depth of its own, are given back.
FrameSpace& frame_space(unsigned depth);

struct Frame {
  Vm& vm;
  const Message& message;
  const Code& code;
  AccountState& account;  ///< of message.recipient
  FrameSpace& space;
  std::int64_t gas_left;
  ByteView return_data;  ///< of the last call made from here
  ByteView output;       ///< what RETURN or REVERT gives, in space.memory
  Fault fault;           ///< pc and opcode when it failed
};

/// Runs the frame's code from its start. On failure gas_left is what it is; the caller takes it all.
Status interpret(Frame& frame);

}  // namespace quarry::evm
