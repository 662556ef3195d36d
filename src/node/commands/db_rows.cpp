/// \file
/// `quarry db stats`, `get`, `list`: the rows of the tables.

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "core/log.hpp"
#include "node/commands/db.hpp"
#include "node/progress.hpp"
#include "storage/chain_store.hpp"
#include "storage/codec.hpp"

namespace quarry::db {
namespace {

struct TableStats {
  Table table{};
  std::uint64_t keys = 0, bytes = 0, on_disk = 0;
  double per_block(std::uint64_t blocks) const {
    return blocks == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(blocks);
  }
};

TableStats count_table(const Database& database, Table table, Progress& progress, std::uint64_t& rows) {
  constexpr std::uint64_t kRowsBetweenLooks = 10'000;
  TableStats out{table, 0, 0, database.table_bytes(table)};
  Cursor cursor = database.cursor(table);
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    ++out.keys;
    out.bytes += cursor.key().size() + cursor.value().size();
    if (++rows % kRowsBetweenLooks == 0) progress.update(rows, 0, rows);
  }
  return out;
}

void print_stats(const std::vector<TableStats>& all, std::uint64_t blocks) {
  constexpr const char* kForm = "{:<10} {:>12} {:>12} {:>12} {:>12}\n";
  fmt::print(kForm, "FAMILY", "KEYS", "BYTES", "ON DISK", "PER BLOCK");
  TableStats total;
  const auto print = [&](std::string_view name, const TableStats& one) {
    fmt::print(kForm, name, one.keys, size_text(one.bytes), size_text(one.on_disk),
               fmt::format("{:.1f} B", one.per_block(blocks)));
  };
  for (const TableStats& one : all) {
    print(table_name(one.table), one);
    total.keys += one.keys, total.bytes += one.bytes, total.on_disk += one.on_disk;
  }
  print("total", total);
  fmt::print("{} blocks. What was written last lies in the log, and not yet in the files counted ON DISK.\n",
             blocks);
}

void print_stats_json(const std::vector<TableStats>& all, std::uint64_t blocks) {
  fmt::print("{{\"blocks\":{},\"families\":[", blocks);
  for (std::size_t i = 0; i < all.size(); ++i)
    fmt::print("{}{{\"family\":\"{}\",\"keys\":{},\"bytes\":{},\"onDisk\":{},\"perBlock\":{:.3f}}}",
               i == 0 ? "" : ",", table_name(all[i].table), all[i].keys, all[i].bytes, all[i].on_disk,
               all[i].per_block(blocks));
  fmt::print("]}}\n");
}

Outcome<Table> table_argument(const NodeOptions& options) {
  const auto table = table_named(options.args[1]);
  if (!table)
    return failed(kUsage,
                  {fmt::format("no table is named \"{}\"", options.args[1]), "Tables: " + table_names()});
  return *table;
}

/// A row of blocks may be named by its hash or its number alone: then it is the canonical block's.
std::optional<Bytes> block_row_key(const Database& database, std::string_view text) {
  const ChainStore store(database);
  std::optional<BlockId> id;
  if (const auto hash = BlockHash::from_hex(text))
    id = store.id_of(*hash);
  else if (const auto number = U256::parse(text); number && number->fits_u64())
    id = store.canonical_id(number->low64());
  if (!id) return std::nullopt;
  return to_bytes(block_key(*id));
}

Outcome<ParsedKey> key_argument(const Database& database, Table table, std::string_view text) {
  if (table == Table::header || table == Table::body || table == Table::receipt)
    if (auto key = block_row_key(database, text)) return ParsedKey{std::move(*key), true};
  auto key = parse_key(table, text);
  if (!key) return failed(kUsage, key.error());
  return std::move(*key);
}

/// Prints rows as they come; in JSON as the members of a list.
class RowPrinter {
 public:
  RowPrinter(Table table, bool json) : table_(table), json_(json) {}

  void print(ByteView key, ByteView value) {
    const auto shown = shown_value(table_, key, value);
    const bool fine = shown && is_key(table_, key);
    damaged_ += fine ? 0 : 1;
    const Shown what = shown ? *shown : Shown::of_hex(value);
    if (json_) {
      fmt::print("{}{{\"key\":{},\"value\":{}{}}}", count_ == 0 ? "" : ",\n",
                 json_string(key_text(table_, key)), shown_as_json(what), fine ? "" : ",\"damaged\":true");
    } else {
      const std::string lines = shown_as_lines(what, 2);
      fmt::print("{}{}{}", key_text(table_, key), fine ? "" : "   DAMAGED: does not decode", lines);
    }
    ++count_;
  }
  std::uint64_t count() const { return count_; }
  ExitCode code() const { return damaged_ == 0 ? kFine : kDamaged; }

 private:
  Table table_;
  bool json_;
  std::uint64_t count_ = 0, damaged_ = 0;
};

bool starts_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

/// Rows from `first` on, up to those that are past `last` and do not start with it. Gives the key after them,
/// if there is one.
std::optional<Bytes> print_rows(const Database& database, Table table, ByteView first, ByteView last,
                                std::uint64_t limit, RowPrinter& printer) {
  Cursor cursor = database.cursor(table);
  for (cursor.seek(first); cursor.valid(); cursor.next()) {
    const ByteView key = cursor.key();
    if (!last.empty() && as_text(key) > as_text(last) && !starts_with(key, last)) return std::nullopt;
    if (limit != 0 && printer.count() == limit) return to_bytes(key);
    printer.print(key, cursor.value());
  }
  return std::nullopt;
}

}  // namespace

Outcome<ExitCode> run_stats(const NodeOptions& options) {
  const auto database = open_to_look(options);
  if (!database) return tl::unexpected(database.error());
  const auto heads = ChainStore(**database).stored_heads();
  const std::uint64_t blocks = heads ? heads->header.number + 1 : 0;
  Progress progress("Counting rows", "rows");
  std::uint64_t rows = 0;
  std::vector<TableStats> all;
  for (const TableRow& row : kTables) all.push_back(count_table(**database, row.table, progress, rows));
  progress.finish();
  options.json ? print_stats_json(all, blocks) : print_stats(all, blocks);
  return kFine;
}

Outcome<ExitCode> run_get(const NodeOptions& options) {
  const auto table = table_argument(options);
  if (!table) return tl::unexpected(table.error());
  const auto database = open_to_look(options);
  if (!database) return tl::unexpected(database.error());
  const auto key = key_argument(**database, *table, options.args[2]);
  if (!key) return tl::unexpected(key.error());
  const auto value = (*database)->get(*table, key->bytes);
  if (!value)
    return failed(kDamaged, {fmt::format("no row {} in {}", options.args[2], table_name(*table)),
                             key->whole ? ""
                                        : fmt::format("Keys of {} are written {}; to see all that begin so: "
                                                      "quarry db list {} --from {} --to {}",
                                                      table_name(*table), key_usage(*table),
                                                      table_name(*table), options.args[2], options.args[2])});
  RowPrinter printer(*table, options.json);
  printer.print(key->bytes, *value);
  if (options.json) fmt::print("\n");
  return printer.code();
}

Outcome<ExitCode> run_list(const NodeOptions& options) {
  const auto table = table_argument(options);
  if (!table) return tl::unexpected(table.error());
  const auto database = open_to_look(options);
  if (!database) return tl::unexpected(database.error());
  std::array<Bytes, 2> ends;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string& text = i == 0 ? options.list_from : options.list_to;
    if (text.empty()) continue;
    auto key = parse_key(*table, text);
    if (!key) return failed(kUsage, key.error());
    ends[i] = std::move(key->bytes);
  }
  RowPrinter printer(*table, options.json);
  if (options.json) fmt::print("[");
  const auto next = print_rows(**database, *table, ends[0], ends[1], options.list_limit, printer);
  if (options.json) fmt::print("]\n");
  std::fflush(stdout);
  if (next)
    fmt::print(stderr, "{} rows shown. To go on: --from {} (or --limit 0 for all)\n", printer.count(),
               key_text(*table, *next));
  return printer.code();
}

}  // namespace quarry::db
