// What a failed call is answered with.

#include <fmt/format.h>

#include <algorithm>

#include "core/u256.hpp"
#include "rpc/call.hpp"

namespace quarry::rpc {
namespace {

constexpr std::size_t kSelector = 4, kWord = 32;
/// Error(string) and Panic(uint256), as Solidity encodes them.
constexpr std::array<std::uint8_t, kSelector> kError = {0x08, 0xc3, 0x79, 0xa0};
constexpr std::array<std::uint8_t, kSelector> kPanic = {0x4e, 0x48, 0x7b, 0x71};

struct Panic {
  std::uint64_t code;
  std::string_view reason;
};
/// Solidity's documentation, "Panic via assert and Error via require"; geth's words.
constexpr Panic kPanics[] = {
    {0x00, "generic panic"},
    {0x01, "assert(false)"},
    {0x11, "arithmetic underflow or overflow"},
    {0x12, "division or modulo by zero"},
    {0x21, "enum overflow"},
    {0x22, "invalid encoded storage byte array accessed"},
    {0x31, "out-of-bounds array access; popping on an empty array"},
    {0x32, "out-of-bounds access of an array or bytesN"},
    {0x41, "out of memory"},
    {0x51, "uninitialized function"},
};

bool starts_with(ByteView data, ByteView prefix) {
  return data.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), data.begin());
}

/// The word at `at` as a size within `data`; nothing when it points past the end.
std::optional<std::size_t> size_at(ByteView data, std::size_t at) {
  if (data.size() < kWord || at > data.size() - kWord) return std::nullopt;
  const auto value = U256::from_be(data.subspan(at, kWord));
  if (value > U256{data.size()}) return std::nullopt;
  return value.low64();
}

std::string panic_reason(const U256& code) {
  for (const auto& panic : kPanics)
    if (code == U256{panic.code}) return std::string(panic.reason);
  return "unknown panic code: " + code.to_quantity();
}

}  // namespace

std::optional<std::string> revert_reason(ByteView data) {
  if (starts_with(data, kPanic) && data.size() >= kSelector + kWord) {
    return panic_reason(U256::from_be(data.subspan(kSelector, kWord)));
  }
  if (!starts_with(data, kError)) return std::nullopt;
  data = data.subspan(kSelector);
  const auto at = size_at(data, 0);
  const auto length = at ? size_at(data, *at) : std::nullopt;
  if (!length || *length > data.size() - *at - kWord) return std::nullopt;
  return std::string(as_text(data.subspan(*at + kWord, *length)));
}

RpcError failure_of(const evm::TxnOutcome& outcome, const Rules& rules) {
  // Where a contract made another one whose code is of a later fork, the revert says nothing of it.
  const auto deeper = outcome.deepest.status == evm::Status::undefined_opcode;
  if (outcome.status == evm::Status::revert) {
    std::string message = "execution reverted";
    if (const auto reason = revert_reason(outcome.output)) {
      message += ": " + *reason;
    } else if (deeper && outcome.output.empty()) {
      message += ": a contract called on the way met an invalid opcode: " + describe(outcome.deepest, rules);
    }
    return {RpcCode::reverted, message, "\"" + to_hex0x(outcome.output) + "\""};
  }
  if (outcome.status == evm::Status::undefined_opcode && outcome.fault) {
    return {RpcCode::failed, "invalid opcode: " + describe(*outcome.fault, rules)};
  }
  return {RpcCode::failed, std::string(to_string(outcome.status))};
}

}  // namespace quarry::rpc
