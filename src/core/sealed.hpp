#pragma once
/// \file
/// A value together with the hash that names it. Immutable, so that the two never part.

#include <utility>

namespace quarry {

template <class T, class Hash>
class Sealed {
 public:
  Sealed() = default;
  /// For the functions that decode or seal; nothing else makes a hash.
  static Sealed trusted(T value, const Hash& hash) { return Sealed(std::move(value), hash); }

  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  const T& value() const { return value_; }
  const Hash& hash() const { return hash_; }

  friend bool operator==(const Sealed& a, const Sealed& b) { return a.hash_ == b.hash_; }

 private:
  Sealed(T value, const Hash& hash) : value_(std::move(value)), hash_(hash) {}
  T value_{};
  Hash hash_{};
};

}  // namespace quarry
