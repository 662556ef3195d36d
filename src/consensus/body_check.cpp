#include "consensus/body_check.hpp"

#include <fmt/format.h>

#include "core/trie_root.hpp"

namespace quarry::sync {

BodyRoots roots_of(const Body& body) {
  return {transactions_root(body.transactions), ommers_hash(body.ommers),
          body.withdrawals ? std::optional(withdrawals_root(*body.withdrawals)) : std::nullopt};
}
BodyRoots roots_of(const PackedBody& body) {
  return {body.transactions_root, body.ommers_hash, body.withdrawals_root};
}
std::string difference(const BodyRoots& got, const Header& header) {
  if (got.transactions != header.transactions_root)
    return fmt::format("transactions root {}, its header says {}", got.transactions.hex(),
                       header.transactions_root.hex());
  if (got.ommers != header.ommers_hash)
    return fmt::format("ommers hash {}, its header says {}", got.ommers.hex(), header.ommers_hash.hex());
  if (got.withdrawals != header.withdrawals_root) return "withdrawals other than its header's root says";
  return {};
}

bool body_is_empty(const Header& header) {
  return header.transactions_root == kEmptyRoot && header.ommers_hash == kEmptyOmmersHash &&
         !header.withdrawals_root;
}

std::size_t size_of(const Body& body) {
  std::size_t bytes = 64 + 600 * body.ommers.size();
  for (const Transaction& txn : body.transactions)
    bytes += sizeof txn + txn.data.size() + 64 * txn.access_list.size();
  return bytes;
}

}  // namespace quarry::sync
