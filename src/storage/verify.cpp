#include "storage/verify.hpp"

#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include <filesystem>

#include "core/keccak.hpp"
#include "storage/codec.hpp"
#include "storage/database_files.hpp"
#include "storage/meta.hpp"
#include "storage/rocks_options.hpp"
#include "storage/verify_stages.hpp"

namespace quarry {
namespace verify {
namespace {

namespace fs = std::filesystem;
/// `check` looks at so many blocks below the head.
constexpr BlockNum kNewestBlocks = 16;

DatabaseOptions to_look(const std::string& path) {
  return {.path = path,
          .cache_bytes = std::size_t{64} << 20,
          .read_only = true,
          .on_failure = [](const Error& e) { throw ReadFailure{e}; }};
}

/// An owner that runs may have removed a file since we opened: then a fresh look does not list it.
bool still_listed(const std::string& path, const std::string& file) {
  const auto database = Database::open(to_look(path));
  if (!database) return true;
  for (const TableFile& one : (*database)->files())
    if (one.path == file) return true;
  return false;
}

std::optional<std::string> fault_of(const TableFile& file, VerifyDepth depth) {
  std::error_code missing;
  const auto size = fs::file_size(file.path, missing);
  if (missing) return "is not there: " + missing.message();
  if (size != file.bytes)
    return fmt::format("has {} bytes, and had {} when it was written", size, file.bytes);
  if (depth == VerifyDepth::quick) return std::nullopt;
  const auto status = rocksdb::VerifySstFileChecksum(rocksdb::Options{}, rocksdb::EnvOptions{}, file.path);
  if (!status.ok()) return status.ToString();
  return std::nullopt;
}

/// When the database cannot be opened: which of its files is why? All tables that lie there, listed or not.
Result<VerifyReport> why_closed(const std::string& path, const VerifyOptions& options, const Error& error) {
  VerifyReport report;
  Findings context(options, report);
  std::uint64_t count = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (entry.path().extension() != ".sst") continue;
    context.step("Checking files", count++);
    const auto status =
        rocksdb::VerifySstFileChecksum(rocksdb::Options{}, rocksdb::EnvOptions{}, entry.path().string());
    if (!status.ok()) context.damage(entry.path().string(), status.ToString());
  }
  for (const LogFault& fault : check_logs(path))
    if (!fault.harmless) context.damage(fault.path, fault.what);
  context.checked("table files", count);
  if (report.fine()) return tl::unexpected(error);
  context.note(path, error.what);
  return report;
}

}  // namespace

std::string block_text(const BlockId& id) {
  return fmt::format("block {} ({})", id.number, id.hash.hex());
}

void Findings::add(Finding finding) {
  if (report_.findings.size() < VerifyReport::kMostFindings) report_.findings.push_back(std::move(finding));
}
void Findings::damage(std::string where, std::string what) {
  ++report_.damage;
  add({Finding::Kind::damage, std::move(where), std::move(what)});
}
void Findings::note(std::string where, std::string what) {
  add({Finding::Kind::note, std::move(where), std::move(what)});
}
void Findings::step(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  if (options_.progress) options_.progress(stage, done, total);
}

void check_files(Context& context) {
  const std::string& path = context.database().path();
  const auto files = context.database().files();
  for (std::size_t i = 0; i < files.size(); ++i) {
    context.step("Checking files", i, files.size());
    const auto fault = fault_of(files[i], context.options().depth);
    if (fault && still_listed(path, files[i].path))
      context.damage(files[i].path, fmt::format("{} (table {})", *fault, row(files[i].table).family));
  }
  const auto faults = check_logs(path);
  for (const LogFault& fault : faults) {
    if (fault.harmless)
      context.note(fault.path, fault.what + ": a write was under way; nothing committed is lost");
    else
      context.damage(fault.path, fault.what);
  }
  context.checked("table files", files.size());
}

/// A folder that was made, and whose first block was not written: init, or what does its work, was killed.
bool is_unborn(Context& context) {
  bool unborn = false;
  context.guard("table header", [&] {
    Cursor cursor = context.database().cursor(Table::header);
    cursor.seek_to_first();
    unborn = !cursor.valid() && !ChainStore(context.database()).stored_heads();
  });
  return unborn;
}

bool read_meta(Context& context) {
  const ChainStore store(context.database());
  if (is_unborn(context)) {
    context.note("the database", "holds no chain yet: what was to write its first block did not end");
    return false;
  }
  const bool readable = context.guard("table meta", [&] {
    const auto genesis = store.meta_text(meta::kGenesis);
    if (!genesis) {
      context.damage("table meta", "no genesis record");
    } else if (const auto identity = context.options().identity(*genesis)) {
      context.identity = *identity;
    } else {
      context.damage("table meta, genesis", identity.error().what);
    }
    context.state = read_state_head(context.database());
    const auto oldest = read_oldest_state(context.database());
    if (context.state && !oldest) context.damage("table meta", "no record of the oldest state");
    context.oldest_state = oldest.value_or(0);
  });
  bool has_heads = false;
  context.guard("table meta, heads", [&] {
    const auto heads = store.stored_heads();
    if (heads)
      context.heads = *heads;
    else
      context.damage("table meta", "no record of the heads: init was never run, or did not end");
    has_heads = heads.has_value();
  });
  return readable && has_heads;
}

void check_newest(Context& context) {
  const ChainStore store(context.database());
  context.guard("the heads", [&] {
    for (const Finding& finding : check_heads(context.database()))
      finding.kind == Finding::Kind::damage ? context.damage(finding.where, finding.what)
                                            : context.note(finding.where, finding.what);
  });
  if (context.options().depth != VerifyDepth::quick) return;
  const BlockNum top = context.heads.block.number;
  std::optional<BlockHash> parent_of_next;
  BlockNum count = 0;
  for (BlockNum number = top; count < kNewestBlocks && number <= top; --number, ++count) {
    context.guard(fmt::format("block {}", number), [&] {
      const auto id = store.canonical_id(number);
      const auto header = id ? store.header(*id) : std::nullopt;
      if (!header) return context.damage(fmt::format("block {}", number), "no canonical header");
      if (parent_of_next && *parent_of_next != id->hash)
        context.damage(block_text(*id), "is not the parent that the next canonical block names");
      if (!store.has_body(*id)) context.damage(block_text(*id), "its body is not there");
      if (store.number_of(id->hash) != number) context.damage(block_text(*id), "the index by hash misses it");
      parent_of_next = (*header)->parent_hash;
    });
  }
  context.checked("newest blocks", count);
}

}  // namespace verify

std::vector<Finding> check_heads(const DatabaseReader& reader) {
  std::vector<Finding> out;
  const auto damage = [&](std::string where, std::string what) {
    out.push_back({Finding::Kind::damage, std::move(where), std::move(what)});
  };
  const ChainStore store(reader);
  const Heads heads = store.heads();
  const std::pair<const char*, BlockId> all[] = {
      {"header", heads.header}, {"block", heads.block}, {"fast block", heads.fast_block}};
  for (const auto& [name, id] : all) {
    const std::string where = fmt::format("the {} head, {}", name, verify::block_text(id));
    if (!store.has_header(id)) damage(where, "its header is not there");
    if (store.canonical_hash(id.number) != id.hash) damage(where, "is not canonical");
    if (&id != &all[0].second && !store.has_body(id)) damage(where, "its body is not there");
  }
  if (heads.header.number < heads.fast_block.number || heads.fast_block.number < heads.block.number)
    damage("the heads", fmt::format("are out of order: header {}, fast block {}, block {}",
                                    heads.header.number, heads.fast_block.number, heads.block.number));
  const auto state = read_state_head(reader);
  if (!state) {
    if (reader.has(Table::meta, as_bytes(meta::kStateSync)))
      out.push_back({Finding::Kind::note, "the state", "is being downloaded"});
    else
      damage("table meta", "no record of the state's head");
    return out;
  }
  const auto header = store.header(heads.block);
  if (header && *state != StateHead{heads.block.number, (*header)->state_root})
    damage("the state", fmt::format("is block {}'s with root {}; the head block {} says {}", state->number,
                                    state->root.hex(), heads.block.number, (*header)->state_root.hex()));
  const auto root = reader.get(Table::node, node_key(std::nullopt, {}));
  const RootHash found = root ? RootHash{keccak256(*root)} : kEmptyRoot;
  if (found != state->root)
    damage("the state trie's root",
           fmt::format("hashes to {}, and should to {}", found.hex(), state->root.hex()));
  return out;
}

Result<VerifyReport> verify_database(const std::string& path, const VerifyOptions& options) {
  VerifyReport report;
  std::unique_ptr<Database> database;
  try {
    auto opened = Database::open(verify::to_look(path));
    if (!opened) return verify::why_closed(path, options, opened.error());
    database = std::move(*opened);
  } catch (const verify::ReadFailure& failure) {
    return verify::why_closed(path, options, failure.error);
  }
  verify::Context context(*database, options, report);
  verify::check_files(context);
  if (!verify::read_meta(context)) return report;
  verify::check_newest(context);
  if (options.depth == VerifyDepth::quick) return report;
  verify::check_chain(context);
  verify::check_changes(context);
  if (options.depth == VerifyDepth::deep) verify::check_state(context);
  return report;
}

}  // namespace quarry
