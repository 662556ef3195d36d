#include "rpc/access_list.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "evm/precompiles.hpp"
#include "evm/tracer.hpp"

namespace quarry::rpc {
namespace {

/// What an instruction reaches: the place of a storage key or of an address on the stack.
struct Reach {
  std::uint8_t opcode;
  bool slot;
  std::size_t depth;  ///< 0: the top
};
constexpr Reach kReaches[] = {
    {0x54, true, 0},   // SLOAD
    {0x55, true, 0},   // SSTORE
    {0x31, false, 0},  // BALANCE
    {0x3b, false, 0},  // EXTCODESIZE
    {0x3c, false, 0},  // EXTCODECOPY
    {0x3f, false, 0},  // EXTCODEHASH
    {0xff, false, 0},  // SELFDESTRUCT
    {0xf1, false, 1},  // CALL
    {0xf2, false, 1},  // CALLCODE
    {0xf4, false, 1},  // DELEGATECALL
    {0xfa, false, 1},  // STATICCALL
};

/// Runs of one call: each names what the one before it read. geth goes on for ever; a contract that reads
/// something else each time is cut off here.
constexpr int kMostRuns = 16;

class Collector final : public evm::Tracer {
 public:
  /// Addresses that are warm anyway are not listed for themselves.
  explicit Collector(std::set<Address> warm) : warm_(std::move(warm)) {}

  void on_step(const evm::Step& step) override {
    for (const auto& reach : kReaches) {
      if (reach.opcode != step.opcode || step.stack.size() <= reach.depth) continue;
      const auto word = step.stack[step.stack.size() - 1 - reach.depth].to_be();
      if (reach.slot) {
        found_[step.message->recipient].insert(SlotKey(word));
        return;
      }
      const auto address = *Address::from(ByteView(word).last(Address::kSize));
      if (warm_.count(address) == 0) found_[address];
      return;
    }
  }

  std::vector<AccessListEntry> list() const {
    std::vector<AccessListEntry> out;
    for (const auto& [address, slots] : found_) out.push_back({address, {slots.begin(), slots.end()}});
    return out;
  }

 private:
  const std::set<Address> warm_;
  std::map<Address, std::set<SlotKey>> found_;
};

std::set<Address> warm_addresses(const CallSite& site, const CallArgs& args) {
  std::set<Address> out = {args.from.value_or(Address{})};
  if (args.to) out.insert(*args.to);
  for (const auto& precompile : evm::all_precompiles()) {
    if (evm::find_precompile(precompile.address, site.env().rules) != nullptr) out.insert(precompile.address);
  }
  return out;
}

}  // namespace

Expected<AccessListResult, RpcError> access_list_of(CallSite& site, CallArgs args, Gas gas) {
  const auto warm = warm_addresses(site, args);
  if (!args.access_list) args.access_list.emplace();
  for (int run = 0; run < kMostRuns; ++run) {
    Collector collector(warm);
    const auto outcome = site.run(args, gas, &collector);
    if (site.out_of_time()) return tl::unexpected(site.timeout());
    if (!outcome) {
      return rpc_fail(RpcCode::failed,
                      fmt::format("failed to apply transaction: err: {}", outcome.error().detail));
    }
    auto list = collector.list();
    if (list != *args.access_list) {
      args.access_list = std::move(list);
      continue;
    }
    const bool failed = outcome->status != evm::Status::success;
    return AccessListResult{std::move(list), outcome->gas_used,
                            failed ? std::string(to_string(outcome->status)) : std::string{}};
  }
  return rpc_fail(RpcCode::failed, "the call reads other slots each time: it has no access list");
}

}  // namespace quarry::rpc
