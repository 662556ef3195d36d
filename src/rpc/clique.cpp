// The clique namespace: who signs, and votes on who shall (EIP-225). Answers as geth's.

#include "consensus/clique/engine.hpp"
#include "core/block.hpp"
#include "rpc/lookup.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {
using clique::Snapshot;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// Blocks that clique_status looks at, as geth's.
constexpr BlockNum kStatusBlocks = 64;

Expected<const Authority*, RpcError> authority_of(const Context& context) {
  if (context.backend.authority) return context.backend.authority;
  return rpc_fail(RpcCode::failed, "this chain is no clique chain\nIts genesis names another engine.");
}

/// After the block that parameter 0 names, by its hash alone or in any way.
Expected<SnapshotPtr, RpcError> snapshot_of(const Context& context, Params& params, bool by_hash) {
  const BlockHash hash = by_hash ? params.block_hash(0) : BlockHash{};
  const BlockRef ref = by_hash ? BlockRef{} : params.block(0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto authority = authority_of(context);
  if (!authority) return tl::unexpected(authority.error());
  const auto& reader = context.backend.reader;
  const auto id = by_hash ? reader.find(hash) : resolve(reader, ref);
  if (!id) return rpc_fail(RpcCode::failed, "unknown block");
  auto snapshot = (*authority)->engine.snapshot(*id, (*authority)->headers);
  if (!snapshot) return rpc_fail(RpcCode::failed, snapshot.error().detail);
  return *snapshot;
}

Json snapshot_view(const Snapshot& snapshot) {
  Json signers = Json::object(), recents = Json::object(), votes = Json::array(), tally = Json::object();
  for (const Address& signer : snapshot.signers) signers[signer.hex()] = Json::object();
  for (const auto& [block, signer] : snapshot.recents) recents[std::to_string(block)] = signer.hex();
  for (const auto& vote : snapshot.votes)
    votes.push_back({{"signer", vote.signer.hex()},
                     {"block", vote.block},
                     {"address", vote.subject.hex()},
                     {"authorize", vote.authorize}});
  for (const auto& [subject, count] : snapshot.tally)
    tally[subject.hex()] = {{"authorize", count.authorize}, {"votes", count.votes}};
  return {{"number", snapshot.id.number},  {"hash", snapshot.id.hash.hex()}, {"signers", std::move(signers)},
          {"recents", std::move(recents)}, {"votes", std::move(votes)},      {"tally", std::move(tally)}};
}

Answer snapshot_answer(const Expected<SnapshotPtr, RpcError>& snapshot) {
  if (!snapshot) return tl::unexpected(snapshot.error());
  return json_answer(snapshot_view(**snapshot));
}

Answer signers_answer(const Expected<SnapshotPtr, RpcError>& snapshot) {
  if (!snapshot) return tl::unexpected(snapshot.error());
  Json out = Json::array();
  for (const Address& signer : (*snapshot)->signers) out.push_back(signer.hex());
  return json_answer(out);
}

Answer get_snapshot(const Context& context, Params& params) {
  return snapshot_answer(snapshot_of(context, params, false));
}
Answer get_snapshot_at_hash(const Context& context, Params& params) {
  return snapshot_answer(snapshot_of(context, params, true));
}
Answer get_signers(const Context& context, Params& params) {
  return signers_answer(snapshot_of(context, params, false));
}
Answer get_signers_at_hash(const Context& context, Params& params) {
  return signers_answer(snapshot_of(context, params, true));
}

Answer proposals(const Context& context, Params&) {
  const auto authority = authority_of(context);
  if (!authority) return tl::unexpected(authority.error());
  Json out = Json::object();
  for (const auto& [subject, authorize] : (*authority)->engine.proposals()) out[subject.hex()] = authorize;
  return json_answer(out);
}

/// Votes are this node's word: not at the bidding of whoever reaches its port.
Expected<const Authority*, RpcError> may_vote(const Context& context) {
  if (context.caller.exposed && !context.backend.exposed_may_sign)
    return rpc_fail(RpcCode::failed,
                    "votes are not taken over HTTP that other machines reach\nAttach by IPC (quarry attach "
                    "--datadir DIR), or start the node with --allow-insecure-unlock.");
  return authority_of(context);
}

Answer propose(const Context& context, Params& params) {
  const auto subject = params.address(0);
  const bool authorize = params.flag(1, false);
  if (params.error()) return tl::unexpected(*params.error());
  const auto authority = may_vote(context);
  if (!authority) return tl::unexpected(authority.error());
  (*authority)->engine.propose(subject, authorize);
  context.backend.miner.renew();
  return null_answer();
}

Answer discard(const Context& context, Params& params) {
  const auto subject = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto authority = may_vote(context);
  if (!authority) return tl::unexpected(authority.error());
  (*authority)->engine.discard(subject);
  context.backend.miner.renew();
  return null_answer();
}

/// Who signed how many of the last blocks, and how many in turn.
Answer status(const Context& context, Params&) {
  const auto authority = authority_of(context);
  if (!authority) return tl::unexpected(authority.error());
  const auto& reader = context.backend.reader;
  const BlockId head = reader.head();
  const auto at = (*authority)->engine.snapshot(head, (*authority)->headers);
  if (!at) return rpc_fail(RpcCode::failed, at.error().detail);
  std::map<std::string, std::uint64_t> signed_blocks;
  for (const Address& signer : (*at)->signers) signed_blocks[signer.hex()] = 0;
  const BlockNum count = std::min(kStatusBlocks, head.number);
  std::uint64_t in_turn = 0;
  for (BlockNum number = head.number + 1 - count; number <= head.number; ++number) {
    const auto id = reader.canonical(number);
    const auto header = id ? reader.header(*id) : std::nullopt;
    if (!header) continue;
    in_turn += (*header)->difficulty == U256{clique::kInTurnDifficulty};
    ++signed_blocks[(*authority)->engine.author(**header).hex()];
  }
  return json_answer({{"inturnPercent",
                       count == 0 ? 0.0 : 100.0 * static_cast<double>(in_turn) / static_cast<double>(count)},
                      {"sealingActivity", signed_blocks},
                      {"numBlocks", count}});
}

/// A header's or a block's RLP.
std::optional<Header> decoded(ByteView rlp) {
  if (auto header = decode_header(rlp, HeaderIdentity::keccak_rlp)) return **header;
  rlp::Reader reader(rlp);
  if (auto block = read_block(reader, HeaderIdentity::keccak_rlp)) return *block->header;
  return std::nullopt;
}

Answer get_signer(const Context& context, Params& params) {
  // Longer than a hash it is RLP.
  const bool is_rlp = params.is_long_text(0, 2 + 2 * BlockHash::kSize);
  const Bytes rlp = is_rlp ? params.data(0) : Bytes{};
  const BlockRef ref = is_rlp ? BlockRef{} : params.block(0);
  std::optional<Header> header = is_rlp ? decoded(rlp) : std::nullopt;
  if (is_rlp && !header && !params.error()) params.reject(0, "neither a header's nor a block's RLP");
  if (params.error()) return tl::unexpected(*params.error());
  const auto authority = authority_of(context);
  if (!authority) return tl::unexpected(authority.error());
  if (!is_rlp) {
    const auto id = resolve(context.backend.reader, ref);
    if (const auto found = id ? context.backend.reader.header(*id) : std::nullopt) header = **found;
  }
  if (!header) return rpc_fail(RpcCode::failed, "unknown block");
  const auto signer = (*authority)->engine.signer(*header);
  if (!signer) return rpc_fail(RpcCode::failed, "missing signature");
  return hex_answer(*signer);
}

constexpr Method kMethods[] = {
    {"clique_discard", Where::worker, discard, "address", "votes for no change of that account any more",
     "null"},
    {"clique_getSigner", Where::worker, get_signer, "signed_block?", "who signed a block, or the RLP of one",
     "Address"},
    {"clique_getSigners", Where::worker, get_signers, "block?", "who may sign after the block", "[Address]"},
    {"clique_getSignersAtHash", Where::worker, get_signers_at_hash, "hash", "who may sign after the block",
     "[Address]"},
    {"clique_getSnapshot", Where::worker, get_snapshot, "block?", "signers and votes after the block",
     "CliqueSnapshot"},
    {"clique_getSnapshotAtHash", Where::worker, get_snapshot_at_hash, "hash",
     "signers and votes after the block", "CliqueSnapshot"},
    {"clique_proposals", Where::worker, proposals, "", "what this node votes for", "{*: Boolean}"},
    {"clique_propose", Where::worker, propose, "address, authorize",
     "has this node vote to let an account in (true) or put it out", "null"},
    {"clique_status", Where::worker, status, "", "who signed how many of the last 64 blocks",
     "{inturnPercent: Number, sealingActivity: {*: Integer}, numBlocks: Integer}"},
};
}  // namespace

std::span<const Method> clique_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
