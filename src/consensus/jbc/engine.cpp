#include "consensus/jbc/engine.hpp"

#include <fmt/format.h>

#include "consensus/jbc/json.hpp"
#include "consensus/jbc/rules.hpp"
#include "core/check.hpp"

namespace quarry {
namespace {
Verdict verify(const Header& header, unsigned zeros) {
  const auto block = jbc::from_header(header);
  if (!block) return BlockError{BlockRule::jbc_form, "invalid block: its extra data carries no jbc block"};
  if (auto error = jbc::check_zeros(*block, zeros)) return BlockError{BlockRule::seal_result, error->detail};
  if (auto error = jbc::check_form(*block))
    return BlockError{BlockRule::jbc_form, fmt::format("invalid block: {}: {}", error->rule, error->detail)};
  const Header wanted = jbc::to_header(*block, zeros);
  if (header == wanted) return {};
  return BlockError{BlockRule::jbc_form,
                    fmt::format("invalid block: its header is 0x{}, a jbc block's is 0x{}",
                                to_hex(encode_header(header)), to_hex(encode_header(wanted)))};
}
}  // namespace

void JbcEngine::verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) {
  for (std::size_t i = 0; i < headers.size(); ++i) verdicts[i] = verify(*headers[i], zeros_);
}

void JbcEngine::shape_candidate(const Header& parent, Timestamp now, const HeaderSource&,
                                Header& header) const {
  const auto before = jbc::from_header(parent);
  QUARRY_CHECK(before.has_value());
  jbc::Block block;
  block.index = header.number;
  block.timestamp = std::to_string(now);
  block.prev_hash = before->hash;
  block.data = as_text(header.extra_data);
  if (block.data.empty()) block.data = fmt::format("I block #{}", block.index);
  block.nonce = "0";
  header = jbc::to_header(block, zeros_);
}

}  // namespace quarry
