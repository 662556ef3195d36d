#pragma once
/// \file
/// What eth_getLogs asks for: addresses and topics, first of blocks by their bloom, then of each log.

#include "core/receipt.hpp"
#include "rpc/params.hpp"

namespace quarry::rpc {

/// Addresses, and alternatives at one topic's place (geth's bound).
inline constexpr std::size_t kMostAlternatives = 1000;
inline constexpr std::size_t kMostTopics = 4;

struct LogFilter {
  /// A log's address is one of these; empty: any.
  std::vector<Address> addresses;
  /// Each place's topic is one of these; empty: any, though there must be one.
  std::vector<std::vector<Hash256>> topics;

  /// False when no log of a block with this bloom matches.
  bool may_match(const Bloom& bloom) const;
  bool matches(const Log& log) const;
};

/// Which blocks, and what of them.
struct LogQuery {
  BlockRef from, to;               ///< latest when not given
  std::optional<BlockHash> block;  ///< this block instead
  LogFilter filter;
};

/// Reads the object that parameter `index` is; errors are left in `params`.
LogQuery read_log_query(Params& params, std::size_t index);

}  // namespace quarry::rpc
