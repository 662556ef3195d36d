// The state, from the tries or from the flat tables, whichever is whole; and the change sets behind it.
#include <fmt/format.h>

#include "core/keccak.hpp"
#include "storage/change_set.hpp"
#include "storage/codec.hpp"
#include "storage/foreign_state.hpp"
#include "storage/meta.hpp"
#include "storage/repair_parts.hpp"
#include "storage/state_trie.hpp"

namespace quarry::repair {
namespace {

/// Our own tries, as a source.
class OwnNodes final : public NodeSource {
 public:
  explicit OwnNodes(const Database& database) : database_(database) {}
  std::optional<Bytes> node(const std::optional<AddressHash>& account, ByteView path,
                            const Hash256&) override {
    return database_.get(Table::node, node_key(account, path));
  }
  std::optional<Bytes> code(const CodeHash& hash) override { return database_.get(Table::code, hash); }

 private:
  const Database& database_;
};

bool is_sound(const Database& database, const StateHead& state) {
  VerifyOptions options{.depth = VerifyDepth::deep};
  VerifyReport found;
  verify::Context context(database, options, found);
  context.state = state;
  verify::check_state(context);
  return found.fine();
}

void erase_all(Batch& batch, Table table) {
  batch.erase_range(table, {}, Bytes(65, 0xff));
}

/// The tries are whole: the flat tables are written from them, and nodes that they do not lead to go.
Result<> flat_from_tries(Database& database, const StateHead& state) {
  OwnNodes nodes(database);
  const auto all = diff_states(nodes, kEmptyRoot, state.root);
  if (!all) return tl::unexpected(all.error());
  Batch batch;
  erase_all(batch, Table::account);
  erase_all(batch, Table::slot);
  for (const auto& account : all->accounts) {
    batch.put(Table::account, account.key, encode_flat_account(*account.after));
    for (const auto& [slot, value] : account.slots)
      batch.put(Table::slot, slot_key(account.key, slot), encode_flat_slot(value));
  }
  return database.commit(std::move(batch), Durability::sync);
}

/// The flat tables as a change of the empty state; nothing when a row does not decode.
std::optional<StateDelta> flat_delta(const Database& database) {
  StateDelta out;
  Cursor accounts = database.cursor(Table::account);
  Cursor slots = database.cursor(Table::slot);
  slots.seek_to_first();
  for (accounts.seek_to_first(); accounts.valid(); accounts.next()) {
    const auto key = AddressHash::from(accounts.key());
    const auto account = decode_flat_account(accounts.value());
    if (!key || !account) return std::nullopt;
    AccountDelta delta{*key, std::nullopt, account, {}};
    for (; slots.valid() && slots.key().size() == 64 && equal(slots.key().first(32), *key); slots.next()) {
      const auto value = decode_flat_slot(slots.value());
      if (!value) return std::nullopt;
      delta.slots.push_back({*SlotHash::from(slots.key().subspan(32)), {}, *value});
    }
    out.push_back(std::move(delta));
  }
  if (slots.valid()) return std::nullopt;  // slots without an account
  return out;
}

/// The flat tables are whole when the tries they make have the root that is asked for.
Result<> tries_from_flat(Database& database, const StateHead& state) {
  auto delta = flat_delta(database);
  if (!delta) return fail("the flat state does not decode");
  StateTrie tries(nullptr, kEmptyRoot);
  tries.take(tries.changed(*delta));
  if (tries.root() != state.root) return fail("the flat state has the root " + tries.root().hex());
  Batch batch;
  erase_all(batch, Table::node);
  tries.store(batch);
  return database.commit(std::move(batch), Durability::sync);
}

}  // namespace

std::optional<StateHead> mend_state(Database& database, RepairReport& report) {
  const auto state = read_state_head(database);
  if (!state) return std::nullopt;
  if (is_sound(database, *state)) return state;
  if (tries_from_flat(database, *state) && is_sound(database, *state)) {
    report.done.push_back("the state tries were made anew from the flat state");
    return state;
  }
  if (flat_from_tries(database, *state) && is_sound(database, *state)) {
    report.done.push_back("the flat state was made anew from the tries");
    return state;
  }
  return std::nullopt;
}

Result<> mend_changes(Database& database, const StateHead& head, RepairReport& report) {
  const BlockNum before = read_oldest_state(database).value_or(0);
  BlockNum oldest = head.number;
  while (oldest > before) {
    bool there = false;
    try {
      there = read_change_set(database, oldest).has_value();
    } catch (const verify::ReadFailure&) {
      there = false;  // a row of it is lost
    }
    if (!there) break;
    --oldest;
  }
  if (oldest > before)
    report.lost.push_back(
        fmt::format("the states from block {} to {}: their change sets have a gap", before, oldest - 1));
  Batch batch;
  Cursor undo = database.cursor(Table::undo);
  for (undo.seek_to_first(); undo.valid(); undo.next()) {
    const auto number = read_number(undo.key());
    if (!number || *number <= oldest || *number > head.number) batch.erase(Table::undo, undo.key());
  }
  Cursor change = database.cursor(Table::change);
  for (change.seek_to_first(); change.valid(); change.next()) {
    const auto number = change.key().size() > 8 ? read_number(change.key().last(8)) : std::nullopt;
    if (!number || *number <= oldest || *number > head.number || !verify::is_listed(database, change.key()))
      batch.erase(Table::change, change.key());
  }
  put_state_head(batch, head, oldest);
  return database.commit(std::move(batch), Durability::sync);
}

}  // namespace quarry::repair
