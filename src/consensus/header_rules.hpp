#pragma once
/// \file
/// Header validity (Yellow Paper 4.3.4) as a table of rules. The seal is not among them: seals are
/// checked many at once (Engine::verify_seals).

#include "consensus/engine.hpp"

namespace quarry {

/// A header may be so far ahead of our clock (geth's allowedFutureBlockTime).
inline constexpr std::uint64_t kMostSecondsAhead = 15;
/// Yellow Paper, equation 47.
inline constexpr Gas kMinimumGasLimit = 5000;
/// The gas limit moves by less than 1/1024 of the parent's.
inline constexpr Gas kGasLimitDivisor = 1024;
/// geth's bound; gas fits signed 64 bits everywhere.
inline constexpr Gas kMaximumGasLimit = (Gas{1} << 63) - 1;
/// Extra data after the merge (EIP-3675).
inline constexpr std::size_t kMergedExtraDataBytes = 32;
/// Blocks from the DAO fork on that carry its marker, and the marker (EIP-779).
inline constexpr BlockNum kDaoMarkedBlocks = 10;
inline constexpr std::string_view kDaoMarker = "dao-hard-fork";

/// What a rule may look at.
struct HeaderCheck {
  const ChainSpec& spec;
  const Engine& engine;
  const Header& header;
  const Header& parent;
  Rules rules;                   ///< at `header`
  std::optional<Timestamp> now;  ///< our clock; none: the future is not asked about (ommers)
  bool merged = false;           ///< the parent's total difficulty has reached the terminal one
};

/// The first rule that the header breaks.
Verdict check_header_rules(const HeaderCheck& check);

/// The gas limit that a child's limit is measured against: doubled where EIP-1559 begins.
Gas parent_gas_limit(const Header& parent, const Rules& rules);

}  // namespace quarry
