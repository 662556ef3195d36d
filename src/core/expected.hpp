#pragma once
/// \file
/// How a function says that it failed. Exceptions do not cross a folder.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace quarry {

template <class T, class E>
using Expected = tl::expected<T, E>;

/// An error for a person: what happened and to what, then what to do next (may be empty).
struct Error {
  std::string what;
  std::string remedy = {};
};

/// A value, or an error for a person.
template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string what, std::string remedy = {}) {
  return tl::unexpected<Error>(Error{std::move(what), std::move(remedy)});
}

}  // namespace quarry
