#include "consensus/validate.hpp"

#include <fmt/format.h>

namespace quarry {

Verdict Validator::header(const SealedHeader& header, const Header& parent, Timestamp now) const {
  return check_header_rules({spec_, engine_, *header, parent, rules(*header), now});
}

Verdict Validator::body(const Block& block, const Ancestry& ancestry) const {
  if (auto error = check_body_roots(*block.header, block.body)) return error;
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
  if (header.state_root == state_root) return {};
  return BlockError{BlockRule::state_root,
                    fmt::format("invalid state root: the header says {}, execution gives {}",
                                header.state_root.hex(), state_root.hex())};
}

}  // namespace quarry
