#pragma once
/// \file
/// Answers as bytes, kept while the head stays: what many clients ask of one block is worked out once.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quarry::rpc {

/// A request for something that depends on the chain up to its head and on nothing else: views into its text.
struct ChainQuestion {
  std::string_view id;      ///< as JSON text
  std::string_view method;  ///< without its quotes
  std::string_view params;  ///< an array, as it was written

  /// Method and parameters: what the answer depends on.
  std::string key() const { return std::string(method).append(params); }
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

  /// What an answer's message ends with, from its result on: it begins with begin_answer().
  using Rest = std::shared_ptr<const std::string>;
  /// Null when it is not known; `head` tells one head from another.
  Rest find(std::uint64_t head, const ChainQuestion& question);
  /// Keeps what `message`, begun while `head` was the head, answers to the question of that key and id:
  /// unless it is an error, or says that there is nothing, which another place than the chain may know
  /// better.
  void put(std::uint64_t head, std::string key, std::string_view id, std::string_view message);

  std::size_t size_bytes() const { return young_.bytes + old_.bytes; }

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const;
    std::size_t operator()(const ChainQuestion& question) const;
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
    bool operator()(const ChainQuestion& a, std::string_view b) const {
      return a.method.size() + a.params.size() == b.size() && b.starts_with(a.method) &&
             b.ends_with(a.params);
    }
    bool operator()(std::string_view a, const ChainQuestion& b) const { return (*this)(b, a); }
  };
  struct Generation {
    std::unordered_map<std::string, Rest, KeyHash, KeyEqual> results;
    std::size_t bytes = 0;
  };
  void settle(std::uint64_t head);
  Rest keep(std::string key, Rest result);

  std::uint64_t head_ = 0;
  Generation young_, old_;
};

/// Writes what every answer with a result begins with, up to the result.
void begin_answer(std::string& to, std::string_view id);

}  // namespace quarry::rpc
