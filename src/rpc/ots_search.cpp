#include "rpc/ots_search.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sender.hpp"

namespace quarry::rpc {
namespace {

using namespace trace;

/// Blocks that are asked of the index at a time.
constexpr std::size_t kBlocksAChunk = 1024;

RpcError out_of_time(BlockNum at) {
  return {RpcCode::limit_exceeded,
          fmt::format("the search ran out of time at block {}\nAsk for fewer transactions a page.", at)};
}

bool touches(const CallRecorder& recorder, const Address& address) {
  const auto& frames = recorder.frames();
  return std::any_of(frames.begin(), frames.end(),
                     [&](const CallFrame& frame) { return frame.from == address || frame.to == address; });
}

/// The places of the block's transactions that touch the account.
Expected<std::vector<std::size_t>, RpcError> touching(const Context& context, const Block& block,
                                                      const Address& address) {
  std::vector<std::size_t> out;
  auto replay = BlockReplay::of(context, block);
  if (!replay) return tl::unexpected(replay.error());
  while (!replay->at_end()) {
    const auto index = replay->next();
    Budget budget;
    CallRecorder recorder({}, budget);
    if (auto outcome = replay->run(&recorder, budget, kTraceTime); !outcome) {
      return tl::unexpected(outcome.error());
    }
    if (touches(recorder, address)) out.push_back(index);
  }
  return out;
}

/// The first block after whose state `holds`; it holds at the head, and from there on down as far as it does.
template <class Holds>
Expected<BlockNum, RpcError> first_block(const ChainReader& reader, BlockNum head, Holds holds) {
  BlockNum low = 0, high = head;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto id = reader.canonical(middle);
    if (!id) return rpc_fail(RpcCode::failed, "header not found");
    const auto state = reader.state_at(*id);
    if (!state) return rpc_fail(state.error());
    if (holds(**state)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// The same within the states that are kept.
template <class Holds>
Expected<std::optional<Block>, RpcError> first_block_with(const Context& context, Holds holds) {
  const auto& reader = context.backend.reader;
  const auto head = reader.head();
  const auto state = reader.state_at(head);
  if (!state) return rpc_fail(state.error());
  if (!holds(**state)) return std::nullopt;
  const auto number = first_block(reader, head.number, holds);
  if (!number) return tl::unexpected(number.error());
  const auto id = reader.canonical(*number);
  return id ? reader.block(*id) : std::nullopt;
}

}  // namespace

Expected<TxnPage, RpcError> search_transactions(const Context& context, const Address& address, BlockNum from,
                                                Direction direction, std::size_t most) {
  const auto& reader = context.backend.reader;
  const bool up = direction == Direction::up;
  const Deadline deadline;
  TxnPage out;
  for (;;) {
    const auto numbers = reader.blocks_changing(address, from, direction, kBlocksAChunk);
    for (const auto number : numbers) {
      if (out.entries.size() >= most) {
        out.more = true;
        break;
      }
      if (deadline.passed()) return tl::unexpected(out_of_time(number));
      const auto id = reader.canonical(number);
      auto block = id ? reader.block(*id) : std::nullopt;
      if (!block || block->body.transactions.empty() || number == 0) continue;
      auto places = touching(context, *block, address);
      if (!places) return tl::unexpected(places.error());
      if (!up) std::reverse(places->begin(), places->end());
      const auto shared = std::make_shared<const Block>(std::move(*block));
      for (const auto place : *places) out.entries.push_back({shared, place});
    }
    if (out.more || numbers.size() < kBlocksAChunk) break;
    if (!up && numbers.back() == 0) break;
    from = up ? numbers.back() + 1 : numbers.back() - 1;
  }
  if (up) std::reverse(out.entries.begin(), out.entries.end());
  return out;
}

Expected<std::optional<TxnLocation>, RpcError> find_by_nonce(const Context& context, const Address& sender,
                                                             std::uint64_t nonce) {
  const auto block = first_block_with(context, [&](const StateView& state) {
    const auto account = state.account(sender);
    return account && account->nonce > nonce;
  });
  if (!block) return tl::unexpected(block.error());
  if (!*block) return std::nullopt;
  const auto& txns = (*block)->body.transactions;
  for (std::size_t i = 0; i < txns.size(); ++i) {
    if (txns[i].nonce != nonce || sender_of(txns[i]) != sender) continue;
    return TxnLocation{{(*block)->header->number, (*block)->header.hash()}, i};
  }
  return std::nullopt;
}

Expected<std::optional<Creation>, RpcError> find_creation(const Context& context, const Address& address) {
  const auto block = first_block_with(context, [&](const StateView& state) {
    const auto account = state.account(address);
    return account && account->code_hash != kEmptyCodeHash;
  });
  if (!block) return tl::unexpected(block.error());
  if (!*block || (*block)->header->number == 0) return std::nullopt;
  auto replay = BlockReplay::of(context, **block);
  if (!replay) return tl::unexpected(replay.error());
  while (!replay->at_end()) {
    const auto hash = hash_of((*block)->body.transactions[replay->next()]);
    Budget budget;
    CallRecorder recorder({}, budget);
    if (auto outcome = replay->run(&recorder, budget, kTraceTime); !outcome) {
      return tl::unexpected(outcome.error());
    }
    for (const auto& frame : recorder.frames())
      if (frame.creates() && !frame.failed() && frame.to == address) return Creation{hash, frame.from};
  }
  return std::nullopt;
}

}  // namespace quarry::rpc
