/// \file
/// Memory, hashing and copying (Yellow Paper 9.1, H.1; EIP-211, EIP-5656).

#include <algorithm>

#include "core/keccak.hpp"
#include "evm/arithmetic.hpp"
#include "evm/instructions.hpp"

namespace quarry::evm {
namespace {
/// Memory beyond costs 2^26 times a block's gas and more.
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 32;

std::int64_t words_of(std::uint64_t bytes) {
  return static_cast<std::int64_t>((bytes + 31) / 32);
}

/// Cmem of Yellow Paper, equation 326.
std::int64_t memory_price(std::int64_t words) {
  return 3 * words + words * words / 512;
}

/// `size` bytes of `source` from `from`, zeros where it has none.
void copy_padded(std::uint8_t* to, std::uint64_t size, ByteView source, const U256& from) {
  if (size == 0) return;
  const std::uint64_t start =
      from.fits_u64() ? std::min<std::uint64_t>(from.low64(), source.size()) : source.size();
  const std::uint64_t there = std::min(size, source.size() - start);
  if (there > 0) std::memcpy(to, source.data() + start, there);
  std::memset(to + there, 0, size - there);
}

Status copy_to_memory(Run& run, U256* top, ByteView source) {
  copy_padded(memory_at(run, top[0], top[-2]), top[-2].low64(), source, top[-1]);
  return Status::success;
}
}  // namespace

Status charge_memory(Run& run, const U256& offset, const U256& size) {
  if (size.is_zero()) return Status::success;
  if (!size.fits_u64() || !offset.fits_u64() || size.low64() > kMostMemory || offset.low64() > kMostMemory)
    return Status::out_of_gas;
  const std::uint64_t end = offset.low64() + size.low64();
  const std::uint64_t now = run.memory().size();
  if (end <= now) return Status::success;
  const std::int64_t price = memory_price(words_of(end)) - memory_price(words_of(now));
  return run.charge(price) ? Status::success : Status::out_of_gas;
}

std::uint8_t* memory_at(Run& run, const U256& offset, const U256& size) {
  if (size.is_zero()) return nullptr;
  Memory& memory = run.memory();
  const std::uint64_t end = offset.low64() + size.low64();
  if (end > memory.size()) memory.grow((end + 31) / 32 * 32);
  return memory.data() + offset.low64();
}

bool charge_words(Run& run, std::int64_t gas, const U256& size) {
  return size.fits_u64() && size.low64() <= kMostMemory && run.charge(gas * words_of(size.low64()));
}

namespace instr {
Status charge_keccak256(Run& run, U256* top) {
  if (!charge_words(run, 6, top[-1])) return Status::out_of_gas;
  return charge_memory(run, top[0], top[-1]);
}
Status keccak256(Run& run, U256* top) {
  const std::uint8_t* data = memory_at(run, top[0], top[-1]);
  top[-1] = to_word(quarry::keccak256({data, top[-1].low64()}));
  return Status::success;
}

Status charge_word_access(Run& run, U256* top) {
  return charge_memory(run, top[0], 32);
}
Status mload(Run& run, U256* top) {
  top[0] = load_word(memory_at(run, top[0], 32));
  return Status::success;
}
Status mstore(Run& run, U256* top) {
  store_word(memory_at(run, top[0], 32), top[-1]);
  return Status::success;
}
Status charge_mstore8(Run& run, U256* top) {
  return charge_memory(run, top[0], 1);
}
Status mstore8(Run& run, U256* top) {
  *memory_at(run, top[0], 1) = static_cast<std::uint8_t>(top[-1].low64());
  return Status::success;
}
Status msize(Run& run, U256* top) {
  top[1] = run.memory().size();
  return Status::success;
}

Status charge_copy(Run& run, U256* top) {
  if (!charge_words(run, 3, top[-2])) return Status::out_of_gas;
  return charge_memory(run, top[0], top[-2]);
}
Status charge_extcodecopy(Run& run, U256* top) {
  if (const Status status = charge_copy(run, top - 1); status != Status::success) return status;
  return charge_access(run, top[0], kColdAccountGas - kWarmGas);
}
Status charge_returndatacopy(Run& run, U256* top) {
  const std::uint64_t there = run.frame.return_data.size();
  const bool inside = top[-1].fits_u64() && top[-2].fits_u64() && top[-1].low64() <= there &&
                      top[-2].low64() <= there - top[-1].low64();
  return inside ? charge_copy(run, top) : Status::return_data_bounds;
}
Status charge_mcopy(Run& run, U256* top) {
  if (!charge_words(run, 3, top[-2])) return Status::out_of_gas;
  return charge_memory(run, std::max(top[0], top[-1]), top[-2]);
}
Status mcopy(Run& run, U256* top) {
  if (top[-2].is_zero()) return Status::success;
  memory_at(run, std::max(top[0], top[-1]), top[-2]);
  std::uint8_t* const memory = run.memory().data();
  std::memmove(memory + top[0].low64(), memory + top[-1].low64(), top[-2].low64());
  return Status::success;
}

Status calldataload(Run& run, U256* top) {
  const ByteView input = run.message().input;
  if (top[0].fits_u64() && top[0].low64() < input.size() && input.size() - top[0].low64() >= 32) {
    top[0] = load_word(input.data() + top[0].low64());
    return Status::success;
  }
  std::uint8_t word[32];
  copy_padded(word, sizeof word, input, top[0]);
  top[0] = load_word(word);
  return Status::success;
}
Status calldatacopy(Run& run, U256* top) {
  return copy_to_memory(run, top, run.message().input);
}
Status codecopy(Run& run, U256* top) {
  return copy_to_memory(run, top, run.code.bytes());
}
Status extcodecopy(Run& run, U256* top) {
  return copy_to_memory(run, top - 1, run.journal().code_bytes(*run.target));
}
Status returndatacopy(Run& run, U256* top) {
  return copy_to_memory(run, top, run.frame.return_data);
}

Status charge_output(Run& run, U256* top) {
  return charge_memory(run, top[0], top[-1]);
}
Status return_(Run& run, U256* top) {
  run.frame.output = {memory_at(run, top[0], top[-1]), top[-1].low64()};
  return Status::success;
}
Status revert(Run& run, U256* top) {
  return_(run, top);
  return Status::revert;
}
}  // namespace instr
}  // namespace quarry::evm
