#pragma once
/// \file
/// What eth_getLogs asks for: addresses and topics, first of the index of logs, then of each log.

#include "core/receipt.hpp"
#include "rpc/methods.hpp"
#include "rpc/params.hpp"
#include "storage/log_index.hpp"

namespace quarry::rpc {

/// Addresses, and alternatives at one topic's place (geth's bound).
inline constexpr std::size_t kMostAlternatives = 1000;
inline constexpr std::size_t kMostTopics = 4;

/// Where nothing is asked of a place, there must still be a topic.
struct LogFilter : LogTerms {
  bool matches(const Log& log) const;
  /// Addresses and topics that it holds.
  std::size_t terms() const;
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
