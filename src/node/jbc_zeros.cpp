#include "node/jbc_zeros.hpp"

#include <algorithm>
#include <array>

namespace quarry {

unsigned infer_zeros(std::span<const jbc::Block> blocks) {
  if (blocks.empty()) return JbcParams{}.zeros;
  std::array<unsigned, jbc::kMostZeros + 1> seen{};
  // Block 0 is taken as it is: it counts where it is all there is.
  if (blocks.size() > 1) blocks = blocks.subspan(1);
  for (const jbc::Block& block : blocks)
    ++seen[std::min<std::size_t>(jbc::leading_zeros(block.hash), jbc::kMostZeros)];
  return static_cast<unsigned>(std::max_element(seen.begin(), seen.end()) - seen.begin());
}

Genesis jbc_genesis(const jbc::Block& first, unsigned zeros) {
  Genesis genesis;
  genesis.spec.engine = EngineKind::jbc;
  genesis.spec.jbc.zeros = zeros;
  genesis.header = jbc::to_header(first, zeros);
  return genesis;
}

bool is_jbc_genesis(const ChainStore& store, const jbc::Block& block) {
  const auto header = store.canonical_header(0);
  return header && jbc::from_header(*header) == block;
}

}  // namespace quarry
