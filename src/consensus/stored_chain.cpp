#include "consensus/stored_chain.hpp"

#include "storage/chain_store.hpp"

namespace quarry::sync {

ChainReader::Heads StoredChain::heads() const {
  const quarry::Heads heads = ChainStore(database_).heads();
  return {heads.header, heads.block, heads.fast_block};
}
std::optional<BlockHash> StoredChain::canonical_hash(BlockNum number) const {
  return ChainStore(database_).canonical_hash(number);
}
std::optional<SealedHeader> StoredChain::header(const BlockHash& hash) const {
  return ChainStore(database_).header(hash);
}
std::optional<TotalDifficulty> StoredChain::total_difficulty(const BlockId& id) const {
  return ChainStore(database_).total_difficulty(id);
}
bool StoredChain::has_body(const BlockId& id) const {
  return ChainStore(database_).has_body(id);
}

}  // namespace quarry::sync
