#pragma once
/// \file
/// Why a block is refused. That the disk failed is another type: Error (core/expected.hpp).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quarry {

/// The rule that a block breaks, grouped by where the rule is written.
enum class [[nodiscard]] BlockRule : std::uint8_t{
    // Place in the chain.
    unknown_parent,  ///< the parent's header, or for a whole block its body, is not here
    not_linked,      ///< a span of headers or blocks whose members do not follow each other
    known_bad,       ///< refused before, or built on a block that was

    // Header validity: Yellow Paper 4.3.4 and the EIPs that changed it.
    number,
    future_time,  ///< more than kMostSecondsAhead past our clock: held and tried again, not bad
    timestamp,
    extra_data,
    dao_extra_data,  ///< EIP-779's marker in the ten blocks from the DAO fork on
    gas_limit,
    gas_used_above_limit,
    base_fee,              ///< EIP-1559
    fork_fields,           ///< a field of a fork that is not in force, or the lack of one that is
    difficulty,            ///< EIP-2, EIP-100 and the bomb delays; EIP-3675
    proof_of_work_fields,  ///< a nonce or ommers after the merge (EIP-3675)
    blob_gas_used,         ///< EIP-4844: not that of the blobs, or more than a block takes
    excess_blob_gas,       ///< EIP-4844
    seal_mix,
    seal_result,
    seal_epoch,
    jbc_form,  ///< a header of the JSON-file chain that is not what such a block's header must be

    // Authority chains: EIP-225.
    clique_form,        ///< extra data, mix hash, nonce or ommers that no authority block has
    clique_checkpoint,  ///< a checkpoint's signers or vote
    unauthorized_signer,
    signed_recently,

    // Ommers: Yellow Paper 11.1.
    ommers_hash,
    ommer_count,
    ommer_repeated,
    ommer_is_ancestor,
    ommer_parent,  ///< not a child of one of the six ancestors before the parent, or the parent's sibling's
                   ///< child
    ommer_header,  ///< the ommer's own header or seal breaks a rule

    // The body against its header: Yellow Paper 4.3.2.
    transactions_root,
    withdrawals,
    receipts_root,
    block_size,  ///< EIP-7934

    // While executing: Yellow Paper 6 and 11, EIP-6110, EIP-7002, EIP-7251.
    transaction,      ///< one of the block's transactions is invalid in its place
    system_contract,  ///< missing, or its call failed
    deposit,          ///< a log of the deposit contract that is no deposit

    // After execution: Yellow Paper 4.3.2.
    gas_used,
    logs_bloom,
    requests_hash,  ///< EIP-7685
    state_root,
};
inline constexpr std::size_t kBlockRuleCount = static_cast<std::size_t>(BlockRule::state_root) + 1;

/// The rule's name for logs and admin.peerErrors: "state root", "difficulty".
std::string_view to_string(BlockRule rule);

/// A verdict on one block. `detail` names the field and both values.
struct [[nodiscard]] BlockError {
  BlockRule rule;
  std::string detail;
};

/// What a check says: nothing when the block passes.
using Verdict = std::optional<BlockError>;

}  // namespace quarry
