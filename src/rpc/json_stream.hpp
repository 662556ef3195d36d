#pragma once
/// \file
/// Cuts a byte stream into JSON messages by their nesting: over IPC nothing else delimits them.

#include <optional>
#include <string>

#include "core/bytes.hpp"

namespace quarry::rpc {

/// How deep in objects and arrays a text is, byte for byte.
class JsonNesting {
 public:
  /// True when `c` closes the outermost one.
  bool take(char c);
  std::size_t depth() const { return depth_; }

 private:
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// Takes bytes in any pieces. A message is an object or an array; space between messages is skipped.
/// What is inside is only looked at for brackets and strings.
class JsonStream {
 public:
  struct Step {
    std::size_t used = 0;                ///< bytes that were taken
    std::optional<std::string> message;  ///< one that became whole
  };
  /// Reads until a message is whole or the bytes are used up. Once failed() it takes nothing.
  Step feed(ByteView bytes);

  /// Something between messages that opens none, nesting deeper than kMaxDepth, or a message longer than
  /// kMaxMessageBytes: where the next one begins is not known.
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  /// Within a message?
  bool pending() const { return nesting_.depth() > 0; }

 private:
  std::string message_;
  JsonNesting nesting_;
  std::string failure_;
};

}  // namespace quarry::rpc
