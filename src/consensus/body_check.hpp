#pragma once
/// \file
/// Does a body belong to a header?

#include <optional>
#include <string>

#include "core/packed_block.hpp"

namespace quarry::sync {

/// What the header commits to of a body.
struct BodyRoots {
  RootHash transactions;
  Hash256 ommers;
  std::optional<RootHash> withdrawals;
};
BodyRoots roots_of(const Body& body);
BodyRoots roots_of(const PackedBody& body);
/// The first root that differs, with both values; empty when the body belongs to the header.
std::string difference(const BodyRoots& got, const Header& header);
/// No transactions, ommers or withdrawals: there is nothing to ask for.
bool body_is_empty(const Header& header);
/// Memory a decoded body takes, near enough for a bound.
std::size_t size_of(const Body& body);

}  // namespace quarry::sync
