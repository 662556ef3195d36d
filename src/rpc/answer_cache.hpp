#pragma once
/// \file
/// Answers as bytes, kept while the head stays: what many clients ask of one block is worked out once.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quarry::rpc {

/// A request for something that depends on the chain up to its head and on nothing else.
struct ChainQuestion {
  std::string id;   ///< as JSON text
  std::string key;  ///< method and parameters, as they were written
};

/// Nothing when the message is no such request, or not written in the common form: not that it is wrong.
std::optional<ChainQuestion> chain_question(std::string_view message);

/// One thread. Answers belong to a head: those of another one are forgotten when the first of a new one
/// comes.
class AnswerCache {
 public:
  /// Bytes of one answer, and of all together: two halves, of which the older goes when the newer is full.
  static constexpr std::size_t kMostAnswerBytes = std::size_t{2} << 20;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

  /// The message that answers; `head` tells one head from another.
  std::optional<std::string> find(std::uint64_t head, const ChainQuestion& question);
  /// Keeps what `message`, begun while `head` was the head, answers: unless it is an error, or says that
  /// there is nothing, which another place than the chain may know better.
  void put(std::uint64_t head, ChainQuestion question, std::string_view message);

  std::size_t size_bytes() const { return young_.bytes + old_.bytes; }

 private:
  struct Generation {
    std::unordered_map<std::string, std::string> results;
    std::size_t bytes = 0;
  };
  void settle(std::uint64_t head);
  void keep(std::string key, std::string result);

  std::uint64_t head_ = 0;
  Generation young_, old_;
};

}  // namespace quarry::rpc
