#include "evm/status.hpp"

#include <array>

#include "core/hex.hpp"
#include "evm/opcodes.hpp"

namespace quarry::evm {
namespace {
constexpr std::array<std::string_view, 19> kTexts = {
    "success",
    "execution reverted",
    "out of gas",
    "stack underflow",
    "stack limit reached 1024",
    "invalid jump destination",
    "invalid opcode",
    "invalid opcode",
    "write protection",
    "return data out of bounds",
    "precompile failed",
    "contract creation code storage out of gas",
    "max code size exceeded",
    "invalid code: must not begin with 0xef",
    "contract address collision",
    "max initcode size exceeded",
    "max call depth exceeded",
    "insufficient balance for transfer",
    "nonce uint64 overflow",
};
static_assert(kTexts.size() == static_cast<std::size_t>(Status::nonce_overflow) + 1);

/// Forks that bring nothing to execution say nothing about where a chain is.
constexpr Fork kMilestones[] = {Fork::homestead,      Fork::eip150,     Fork::eip158,   Fork::byzantium,
                                Fork::constantinople, Fork::petersburg, Fork::istanbul, Fork::berlin,
                                Fork::london,         Fork::shanghai,   Fork::cancun,   Fork::prague,
                                Fork::osaka};

std::string_view latest_fork(const Rules& rules) {
  std::string_view name = "Frontier";
  for (const Fork fork : kMilestones)
    if (rules.has(fork)) name = info(fork).name;
  return name;
}
}  // namespace

std::string_view to_string(Status status) {
  return kTexts[static_cast<std::size_t>(status)];
}

std::string describe(const Fault& fault, const Rules& rules) {
  const std::string text(to_string(fault.status));
  const OpcodeInfo* opcode = find_opcode(fault.opcode);
  const std::string name = opcode ? std::string(opcode->name) : "opcode " + to_hex0x({&fault.opcode, 1});
  if (fault.status == Status::undefined_opcode && opcode && opcode->since)
    return name + " needs " + std::string(info(*opcode->since).name) + "; this chain is at " +
           std::string(latest_fork(rules)) + ": set " + std::string(info(*opcode->since).block_key);
  if (fault.status == Status::undefined_opcode || fault.status == Status::invalid_opcode)
    return text + ": " + name + (opcode ? "" : " not defined");
  return text;
}

}  // namespace quarry::evm
