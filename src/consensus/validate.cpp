#include "consensus/validate.hpp"

#include <fmt/format.h>

#include "consensus/requests.hpp"

namespace quarry {

Verdict Validator::header(const SealedHeader& header, const Header& parent, Timestamp now,
                          const std::optional<TotalDifficulty>& parent_total) const {
  const auto& terminal = spec_.terminal_total_difficulty;
  const bool merged = terminal && parent_total ? *parent_total >= *terminal : is_merged(spec_, *header);
  return check_header_rules({spec_, engine_, *header, parent, rules(*header), now, merged});
}

Verdict Validator::body(const Block& block, const Ancestry& ancestry) const {
  if (auto error = check_body_roots(*block.header, block.body)) return error;
  if (auto error = check_blob_gas(*block.header, block.body)) return error;
  if (is_merged(spec_, *block.header) && rules(*block.header).has(Fork::osaka))
    if (auto error = check_block_size(block)) return error;
  return check_ommers(spec_, engine_, block, ancestry);
}

Verdict Validator::execution(const Header& header, const Execution& execution,
                             const RootHash& state_root) const {
  if (header.gas_used != execution.gas_used)
    return BlockError{BlockRule::gas_used,
                      fmt::format("invalid gas used: the header says {}, execution gives {}", header.gas_used,
                                  execution.gas_used)};
  if (header.logs_bloom != execution.logs_bloom)
    return BlockError{BlockRule::logs_bloom,
                      fmt::format("invalid bloom: the header says {}, execution gives {}",
                                  header.logs_bloom.hex(), execution.logs_bloom.hex())};
  if (auto error = check_receipts_root(header, execution.receipts)) return error;
  if (auto error = check_requests_hash(header, execution.requests)) return error;
  if (header.state_root == state_root) return {};
  return BlockError{BlockRule::state_root,
                    fmt::format("invalid state root: the header says {}, execution gives {}",
                                header.state_root.hex(), state_root.hex())};
}

}  // namespace quarry
