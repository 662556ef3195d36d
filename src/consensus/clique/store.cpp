#include "consensus/clique/store.hpp"

#include "core/log.hpp"
#include "storage/chain_store.hpp"
#include "storage/database.hpp"
#include "storage/meta.hpp"

namespace quarry::clique {
namespace {
std::string name_of(const BlockHash& hash) {
  return std::string(meta::kCliqueSnapshot) + to_hex(hash);
}
}  // namespace

std::optional<Snapshot> SnapshotStore::load(const BlockId& id) const {
  if (database_ == nullptr) return std::nullopt;
  const auto bytes = ChainStore(*database_).meta(name_of(id.hash));
  if (!bytes) return std::nullopt;
  auto snapshot = decode_snapshot(*bytes);
  if (!snapshot || snapshot->id != id) return std::nullopt;
  return std::move(*snapshot);
}

void SnapshotStore::save(const Snapshot& snapshot) {
  if (database_ == nullptr) return;
  Batch batch;
  ChainWriter(batch).put_meta(name_of(snapshot.id.hash), encode_snapshot(snapshot));
  // Not worth waiting for the disk: a lost one is worked out again.
  if (auto done = database_->commit(std::move(batch), Durability::wal); !done)
    log_warn("Signers' snapshot not stored", {{"number", snapshot.id.number}, {"err", done.error().what}});
}

}  // namespace quarry::clique
