#pragma once
/// \file
/// The state as another program keeps it, trie nodes by hash or by path, taken over into the tables: one
/// state whole, or block after block by what differs between two tries.

#include <functional>
#include <optional>
#include <vector>

#include "core/account.hpp"
#include "core/block_id.hpp"
#include "core/expected.hpp"

namespace quarry {

class Database;

/// Where the other program's nodes and codes come from. What it gives is checked against the hash.
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  /// The node of the account trie (or of one account's storage trie) at `path`, nibbles, with this hash.
  virtual std::optional<Bytes> node(const std::optional<AddressHash>& account, ByteView path,
                                    const Hash256& hash) = 0;
  virtual std::optional<Bytes> code(const CodeHash& hash) = 0;
};

/// What one block changed, by hashed keys.
struct HashedDiff {
  struct AccountChange {
    AddressHash key;
    std::optional<Account> after;                       ///< none: it is gone
    std::vector<std::pair<SlotHash, SlotValue>> slots;  ///< sorted; new values, zero removes
  };
  struct Code {
    CodeHash hash;
    Bytes code;
  };
  std::vector<AccountChange> accounts;  ///< sorted by key
  std::vector<Code> codes;
};

/// How the state with root `after` differs from that with root `before`; both in `source`. An error names the
/// node or code that is not there or is damaged.
[[nodiscard]] Result<HashedDiff> diff_states(NodeSource& source, const RootHash& before,
                                             const RootHash& after);

/// Takes the state of block `id` over, whole: nodes, flat tables, codes. What the state tables held before
/// goes. Committed step by step, children first, so that after a kill the next call goes on. Then the tables
/// count as a download under way (storage/state_sync_store.hpp) until end_state_sync and put_state_head are
/// committed. An error names what is not there.
[[nodiscard]] Result<> load_state(Database& database, NodeSource& source, const BlockId& id,
                                  const RootHash& root,
                                  const std::function<void(std::uint64_t nodes)>& progress = nullptr);

/// Is this state's root node there? (A pruned or unfinished state has a root and lacks what is below.)
bool has_root(NodeSource& source, const RootHash& root);

}  // namespace quarry
