#pragma once
/// \file
/// A chain of random blocks as the chain thread would leave it in a database: headers with right roots,
/// bodies, receipts, indexes, state, change sets. For what looks at databases.

#include "core/trie_root.hpp"
#include "state_model.hpp"
#include "storage/chain_store.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"
#include "storage/state_writer.hpp"

namespace quarry::test {

inline constexpr const char* kGenesisText = "the genesis";

struct StoredChain {
  Model model;
  BlockId head;
  TotalDifficulty total;
  RandomBlocks random{11, 60, 20};
};

/// A log whose terms come again every few blocks; none in every seventh block.
inline std::vector<Receipt> receipts_at(BlockNum number) {
  if (number % 7 == 0) return {};
  Receipt receipt;
  receipt.logs.push_back({numbered<Address>(number % 3), {numbered<Hash256>(number % 5)}, {}});
  receipt.logs_bloom = bloom_of(receipt.logs);
  return {receipt};
}

inline SealedHeader make_header(const BlockId& parent, BlockNum number, const RootHash& root,
                                std::uint64_t salt = 0) {
  Header header;
  header.number = number;
  if (number > 0) header.parent_hash = parent.hash;
  header.ommers_hash = kEmptyOmmersHash;
  header.transactions_root = kEmptyRoot;
  header.receipts_root = receipts_root(receipts_at(number));
  header.state_root = root;
  header.difficulty = U256{1000 + number - salt};
  header.timestamp = salt;
  return seal_header(std::move(header), HeaderIdentity::keccak_rlp);
}

inline void put_block(ChainWriter& to, const SealedHeader& header, const TotalDifficulty& total) {
  const BlockId id{header->number, header.hash()};
  to.put_header(header, total);
  to.put_body(id, {});
  to.put_receipts(id, receipts_at(header->number));
}

/// Block 0, if the database is empty, and `blocks` more; every fifth has a sibling off the chain.
inline void extend(Database& database, StoredChain& chain, BlockNum blocks) {
  if (!ChainStore(database).stored_heads()) {
    Batch batch;
    const auto header = make_header({}, 0, write_genesis_state(batch, {}));
    ChainWriter to(batch);
    chain.total = header->difficulty;
    chain.head = {0, header.hash()};
    put_block(to, header, chain.total);
    to.set_canonical(chain.head);
    to.set_heads({chain.head, chain.head, chain.head});
    to.put_meta(meta::kGenesis, as_bytes(kGenesisText));
    if (!database.commit(std::move(batch))) throw std::runtime_error("commit");
  }
  StateWriter writer(database);
  LogIndexWriter logs(database);
  for (BlockNum left = blocks; left > 0; --left) {
    Batch batch;
    ChainWriter to(batch);
    const StateDiff diff = chain.random.next(chain.model, 12);
    test::apply(chain.model, diff);
    const BlockNum number = chain.head.number + 1;
    const auto header = make_header(chain.head, number, writer.apply(number, diff));
    if (number % 5 == 0) {
      const auto sibling = make_header(chain.head, number, kEmptyRoot, 1);
      to.put_header(sibling, chain.total + sibling->difficulty);
    }
    chain.total += header->difficulty;
    chain.head = {number, header.hash()};
    put_block(to, header, chain.total);
    logs.add(number, receipts_at(number));
    to.set_canonical(chain.head);
    to.set_heads({chain.head, chain.head, chain.head});
    writer.flush(batch);
    logs.flush(batch);
    if (!database.commit(std::move(batch))) throw std::runtime_error("commit");
  }
}

}  // namespace quarry::test
