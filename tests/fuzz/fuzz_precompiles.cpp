// Any precompile on any input: no crash, no leak, an answer of a size that its contract can have, and the
// same answer twice.
#include "core/check.hpp"
#include "evm/precompiles.hpp"

using namespace quarry;

namespace {
/// More than this is not worth a fuzzer's while: what a call costs in time is bought with gas.
constexpr Gas kMostGas = 3'000'000;

Rules rules_up_to(std::uint8_t fork) {
  Rules rules;
  for (const ForkInfo& row : kForkTable)
    if (static_cast<std::uint8_t>(row.fork) <= fork % kForkCount) rules.set(row.fork);
  return rules;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Rules rules = rules_up_to(data[0]);
  const auto rows = evm::all_precompiles();
  const evm::Precompile& row = rows[data[1] % rows.size()];
  const ByteView input{data + 2, size - 2};
  const evm::Precompile* found = evm::find_precompile(row.address, rules);
  QUARRY_CHECK(found == (!row.since || rules.has(*row.since) ? &row : nullptr));

  // Priced and run under rules that do not have it yet, too: neither may trust that it is in force.
  const Gas gas = row.gas(input, rules);
  if (gas > kMostGas) return 0;
  Bytes output{1, 2, 3}, again;
  const bool accepted = row.run(input, rules, output);
  QUARRY_CHECK(row.run(input, rules, again) == accepted);
  if (accepted) {
    QUARRY_CHECK(equal(output, again));
    // identity gives its input; modexp's result is paid for by its length; no other passes 256 bytes.
    QUARRY_CHECK(output.size() <= std::max<std::size_t>({256, input.size(), gas}));
  }
  return 0;
}
