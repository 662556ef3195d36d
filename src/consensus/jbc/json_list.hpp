#pragma once
/// \file
/// A chain as one JSON list of blocks, as peers serve it at /blockchain.json: read as it comes.

#include <string>
#include <string_view>
#include <vector>

#include "consensus/jbc/json.hpp"

namespace quarry::jbc {

/// Cuts a JSON list of objects that comes in pieces into its elements, without keeping the whole.
class ListReader {
 public:
  /// Takes the next bytes. Gives back what is wrong with them, if anything; then the list is no list.
  [[nodiscard]] Expected<void, FormError> feed(std::string_view bytes);
  /// Moves out the next whole element's text.
  bool next(std::string& element);
  /// The closing bracket came.
  bool at_end() const { return phase_ == Phase::ended; }

 private:
  enum class Phase : std::uint8_t { begin, element_or_end, element, inside, comma_or_end, ended };
  bool step(char c);
  bool inside(char c);

  Phase phase_ = Phase::begin;
  std::size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
  std::string piece_;  ///< the element under way
  std::vector<std::string> ready_;
  std::size_t taken_ = 0;  ///< of `ready_`
};

}  // namespace quarry::jbc
