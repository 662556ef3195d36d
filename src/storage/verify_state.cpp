// Change sets, and the state as tries and flat.
#include <fmt/format.h>

#include <unordered_set>

#include "core/keccak.hpp"
#include "storage/change_set.hpp"
#include "storage/codec.hpp"
#include "storage/inspect.hpp"
#include "storage/state_writer.hpp"
#include "storage/trie_node.hpp"
#include "storage/verify_stages.hpp"

namespace quarry::verify {

bool is_listed(const Database& database, ByteView key) {
  const bool of_account = key.size() == 1 + 32 + 8 && key[0] == 'a';
  const bool of_slot = key.size() == 1 + 64 + 8 && key[0] == 's';
  if (!of_account && !of_slot) return false;
  const BlockNum number = *read_number(key.last(8));
  const auto undo = database.get(Table::undo, number_key(number));
  const auto changes = undo ? decode_undo(number, *undo) : std::nullopt;
  if (!changes) return false;
  for (const auto& account : changes->accounts) {
    if (!equal(account.key, key.subspan(1, 32))) continue;
    if (of_account) return true;
    for (const auto& [slot, before] : account.slots)
      if (equal(slot, key.subspan(33, 32))) return true;
  }
  return false;
}
namespace {

constexpr std::uint64_t kStepEvery = 1024;
/// Blocks that are taken back in memory, each root compared: as deep as a reorganisation that peers ask for.
constexpr BlockNum kMostTakenBack = 128;

std::string undo_text(BlockNum number) {
  return fmt::format("the change set of block {}", number);
}

/// The keys that the undo records list; each must be in the change table, and nothing else.
std::uint64_t check_listed(Context& context) {
  std::uint64_t listed = 0;
  const BlockNum head = context.state->number;
  for (BlockNum number = context.oldest_state + 1; number <= head; ++number) {
    if (number % kStepEvery == 0) context.step("Checking change sets", number, head);
    context.guard(undo_text(number), [&] {
      const auto changes = read_change_set(context.database(), number);
      if (!changes) return context.damage(undo_text(number), "is not there");
      for (const auto& account : changes->accounts) listed += 1 + account.slots.size();
    });
  }
  return listed;
}

std::uint64_t count_rows(Context& context, Table table) {
  std::uint64_t rows = 0;
  context.guard(fmt::format("table {}", row(table).family), [&] {
    Cursor cursor = context.database().cursor(table);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next()) ++rows;
  });
  return rows;
}

void name_stray_changes(Context& context) {
  context.guard("table change", [&] {
    Cursor cursor = context.database().cursor(Table::change);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next())
      if (!is_listed(context.database(), cursor.key()))
        context.damage("table change",
                       "a row that no undo record lists: " + key_text(Table::change, cursor.key()));
  });
}

void check_undo_range(Context& context) {
  context.guard("table undo", [&] {
    Cursor cursor = context.database().cursor(Table::undo);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
      const auto number = read_number(cursor.key());
      if (!number || cursor.key().size() != 8)
        context.damage("table undo", "a key of another form: " + to_hex0x(cursor.key()));
      else if (*number <= context.oldest_state || *number > context.state->number)
        context.damage(undo_text(*number), fmt::format("is there, and change sets go from block {} to {}",
                                                       context.oldest_state + 1, context.state->number));
    }
  });
}

/// Takes the newest blocks back in memory: each root is in a header.
void check_taken_back(Context& context) {
  BlockNum count = 0;
  context.guard("the newest change sets", [&] {
    const ChainStore store(context.database());
    StateWriter writer(context.database());
    for (; count < kMostTakenBack && writer.number() > context.oldest_state; ++count) {
      const BlockNum number = writer.number();
      context.step("Taking blocks back", count, kMostTakenBack);
      if (const auto done = writer.revert(number); !done)
        return context.damage(undo_text(number), done.error().what);
      const auto header = store.canonical_header(number - 1);
      if (header && writer.root() != (*header)->state_root)
        return context.damage(undo_text(number),
                              fmt::format("leads back to the root {}, and block {} says {}",
                                          writer.root().hex(), number - 1, (*header)->state_root.hex()));
    }
  });
  context.checked("blocks taken back", count);
}

/// Walks the account trie and every storage trie under it in order of keys, the flat tables alongside.
class StateCheck {
 public:
  explicit StateCheck(Context& context)
      : context_(context),
        accounts_(context.database().cursor(Table::account)),
        slots_(context.database().cursor(Table::slot)) {}

  void run() {
    context_.guard("the flat state", [&] {
      accounts_.seek_to_first();
      slots_.seek_to_first();
    });
    Bytes path;
    if (context_.state->root != kEmptyRoot) walk(std::nullopt, Hash256{context_.state->root}, path);
    context_.guard("the flat state", [&] {
      skip_extra(accounts_, Table::account, {});
      skip_extra(slots_, Table::slot, {});
    });
    if (complete_ && count_rows(context_, Table::node) != nodes_) name_stray_nodes();
    check_codes();
    context_.checked("trie nodes", nodes_);
    context_.checked("accounts", accounts_seen_);
    context_.checked("slots", slots_seen_);
    context_.checked("codes", codes_.size());
  }

 private:
  using Account32 = std::optional<AddressHash>;

  std::string place(const Account32& account, ByteView path) const {
    return "trie node " + key_text(Table::node, node_key(account, path));
  }

  void walk(const Account32& account, const Hash256& hash, Bytes& path) {
    std::optional<Bytes> rlp;
    const std::string where = place(account, path);
    const bool read =
        context_.guard(where, [&] { rlp = context_.database().get(Table::node, node_key(account, path)); });
    const auto lost = [&](std::string what) {
      complete_ = false;
      if (!what.empty()) context_.damage(where, std::move(what));
      skip_below(account, path);
    };
    if (!read) return lost({});
    if (!rlp) return lost(fmt::format("is not there; its hash is {}", hash.hex()));
    if (keccak256(*rlp) != hash)
      return lost(fmt::format("hashes to {}, and should to {}", keccak256(*rlp).hex(), hash.hex()));
    const auto node = trie::decode(*rlp);
    if (!node) return lost("does not decode");
    if (++nodes_ % kStepEvery == 0) context_.step("Walking the state", nodes_);
    visit(account, **node, path);
  }

  void visit(const Account32& account, const trie::Node& node, Bytes& path) {
    const std::size_t size = path.size();
    switch (node.kind) {
      case trie::Kind::unloaded:
        walk(account, Hash256{node.reference}, path);
        break;
      case trie::Kind::leaf: {
        const auto& leaf = static_cast<const trie::Leaf&>(node);
        append(path, leaf.path);
        visit_leaf(account, leaf.value, path);
        break;
      }
      case trie::Kind::extension:
      case trie::Kind::branch:
        trie::for_each_child(node, [&](const trie::NodePtr& child, ByteView nibbles) {
          append(path, nibbles);
          if (fits(account, path)) visit(account, *child, path);
          path.resize(size);
        });
        break;
    }
    path.resize(size);
  }

  bool fits(const Account32& account, ByteView path) {
    if (path.size() < 64) return true;
    if (path.size() > 64) context_.damage(place(account, path.first(64)), "the path is longer than a key");
    return path.size() == 64;
  }

  void visit_leaf(const Account32& account, ByteView value, ByteView path) {
    if (path.size() != 64)
      return context_.damage(fmt::format("a leaf of {} nibbles", path.size()), "keys have 64");
    Bytes key;
    for (std::size_t i = 0; i < 64; i += 2)
      key.push_back(static_cast<std::uint8_t>(path[i] << 4 | path[i + 1]));
    account ? visit_slot(*account, *SlotHash::from(key), value)
            : visit_account(*AddressHash::from(key), value);
  }

  void visit_account(const AddressHash& key, ByteView value) {
    ++accounts_seen_;
    const std::string where = "account " + key.hex();
    const auto account = decode_account(value);
    if (!account) return context_.damage(where, "its leaf does not decode");
    context_.guard(where,
                   [&] { compare_flat(accounts_, Table::account, key, encode_flat_account(*account)); });
    if (account->code_hash != kEmptyCodeHash) codes_.insert(account->code_hash);
    Bytes path;
    if (account->storage_root != kEmptyRoot) walk(key, Hash256{account->storage_root}, path);
  }

  void visit_slot(const AddressHash& account, const SlotHash& slot, ByteView value) {
    ++slots_seen_;
    const std::string where = fmt::format("slot {} of account {}", slot.hex(), account.hex());
    const auto item = rlp::decode(value);
    if (!item || item->is_list || item->payload.empty() || item->payload.size() > 32)
      return context_.damage(where, "its leaf does not decode");
    context_.guard(where, [&] { compare_flat(slots_, Table::slot, slot_key(account, slot), item->payload); });
  }

  /// The trie has `value` at `key`; the flat table must have the same next.
  void compare_flat(Cursor& flat, Table table, ByteView key, ByteView value) {
    skip_extra(flat, table, key);
    const auto where = [&] { return fmt::format("table {}, {}", row(table).family, key_text(table, key)); };
    if (!flat.valid() || !equal(flat.key(), key))
      return context_.damage(where(), "is in the trie and not here");
    if (!equal(flat.value(), value))
      context_.damage(where(),
                      fmt::format("holds {}, and the trie {}", to_hex0x(flat.value()), to_hex0x(value)));
    flat.next();
  }

  /// Rows before `key` (empty: all that is left) are in no trie.
  void skip_extra(Cursor& flat, Table table, ByteView key) {
    for (; flat.valid() && (key.empty() || as_text(flat.key()) < as_text(key)); flat.next())
      context_.damage(fmt::format("table {}, {}", row(table).family, key_text(table, flat.key())),
                      "is here and not in the trie");
  }

  /// Below a lost node nothing is known: flat rows there are not judged.
  void skip_below(const Account32& account, ByteView path) {
    const Table table = account ? Table::slot : Table::account;
    Cursor& flat = account ? slots_ : accounts_;
    const auto below = [&](ByteView key) {
      if (account && !equal(key.first(32), *account)) return false;
      const Bytes nibbles = trie::to_nibbles(account ? key.subspan(32) : key);
      return nibbles.size() >= path.size() && equal(ByteView{nibbles}.first(path.size()), path);
    };
    context_.guard(fmt::format("table {}", row(table).family), [&] {
      for (; flat.valid() && flat.key().size() == (account ? 64 : 32); flat.next()) {
        if (below(flat.key())) {
          if (!account) skip_slots_of(flat.key());
          continue;
        }
        // Before the place: it is in no trie, and is named when the walk goes on.
        Bytes first = account ? to_bytes(*account) : Bytes{};
        for (std::size_t i = 0; i + 1 < path.size(); i += 2)
          first.push_back(static_cast<std::uint8_t>(path[i] << 4 | path[i + 1]));
        if (as_text(flat.key()) > as_text(first)) return;
        context_.damage(fmt::format("table {}, {}", row(table).family, key_text(table, flat.key())),
                        "is here and not in the trie");
      }
    });
  }

  void skip_slots_of(ByteView account) {
    while (slots_.valid() && slots_.key().size() == 64 && as_text(slots_.key().first(32)) <= as_text(account))
      slots_.next();
  }

  void check_codes() {
    for (const CodeHash& hash : codes_) {
      const std::string where = "code " + hash.hex();
      context_.guard(where, [&] {
        const auto code = context_.database().get(Table::code, hash);
        if (!code)
          context_.damage(where, "is not there, and an account has it");
        else if (CodeHash{keccak256(*code)} != hash)
          context_.damage(where, "hashes to " + keccak256(*code).hex());
      });
    }
  }

  /// Does the nearest node above name one at this place?
  bool is_referenced(const Account32& account, ByteView path) {
    if (path.empty()) {
      if (!account) return true;
      const auto flat = context_.database().get(Table::account, *account);
      const auto found = flat ? decode_flat_account(*flat) : std::nullopt;
      return found && found->storage_root != kEmptyRoot;
    }
    for (std::size_t depth = path.size(); depth-- > 0;) {
      const auto rlp = context_.database().get(Table::node, node_key(account, path.first(depth)));
      const auto node = rlp ? trie::decode(*rlp) : std::nullopt;
      if (node) return leads_to(**node, path.subspan(depth));
    }
    return false;
  }

  static bool leads_to(const trie::Node& node, ByteView rest) {
    switch (node.kind) {
      case trie::Kind::unloaded:
        return rest.empty();
      case trie::Kind::leaf:
        return false;
      case trie::Kind::extension: {
        const auto& extension = static_cast<const trie::Extension&>(node);
        const std::size_t size = extension.path.size();
        return rest.size() >= size && equal(rest.first(size), extension.path) &&
               leads_to(*extension.child, rest.subspan(size));
      }
      case trie::Kind::branch: {
        if (rest.empty()) return false;
        const auto& child = static_cast<const trie::Branch&>(node).children[rest[0]];
        return child && leads_to(*child, rest.subspan(1));
      }
    }
    return false;
  }

  void name_stray_nodes() {
    context_.guard("table node", [&] {
      Cursor cursor = context_.database().cursor(Table::node);
      for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
        const ByteView key = cursor.key();
        Account32 account;
        bool good = is_key(Table::node, key);
        if (good) {
          if (key[0] == 's') account = AddressHash::from(key.subspan(1, 32));
          const ByteView packed = key.subspan(account ? 33 : 1);
          Bytes path = trie::to_nibbles(packed.first(packed.size() - 1));
          path.resize(packed.back());
          good = is_referenced(account, path);
        }
        if (!good) context_.damage("trie node " + key_text(Table::node, key), "no node above leads to it");
      }
    });
  }

  Context& context_;
  Cursor accounts_, slots_;
  std::unordered_set<CodeHash> codes_;
  std::uint64_t nodes_ = 0, accounts_seen_ = 0, slots_seen_ = 0;
  bool complete_ = true;  ///< no node was lost: what was not visited is stray
};

}  // namespace

void check_changes(Context& context) {
  if (!context.state) return;
  const std::uint64_t listed = check_listed(context);
  const std::uint64_t rows = count_rows(context, Table::change);
  if (rows != listed) name_stray_changes(context);
  check_undo_range(context);
  context.checked("change sets",
                  context.state->number - std::min(context.state->number, context.oldest_state));
  context.checked("changes", rows);
  // Over damaged tables the state cannot be worked out.
  if (context.report().fine()) check_taken_back(context);
}

void check_state(Context& context) {
  if (context.state) StateCheck(context).run();
}

}  // namespace quarry::verify
