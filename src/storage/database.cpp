#include "storage/database.hpp"

#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/check.hpp"
#include "core/log.hpp"
#include "storage/codec.hpp"
#include "storage/database_files.hpp"
#include "storage/migrations.hpp"
#include "storage/rocks_options.hpp"
#include "storage/sorted_files.hpp"

namespace quarry {
namespace {

rocksdb::Slice slice(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view(const rocksdb::Slice& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// After a clean end the next start replays the log; from this size on it is quicker to write it out now.
constexpr std::uint64_t kWalBytesLeftAtClose = std::uint64_t{256} << 10;

void log_and_exit(const Error& error) {
  log_error(error.what);
  if (!error.remedy.empty()) log_error(error.remedy);
  std::_Exit(1);
}

Error error_of(const rocksdb::Status& status, const std::string& doing, const std::string& path) {
  const std::string text = status.ToString();
  const std::string what = doing + " the database in " + path + " failed: " + text;
  if (status.IsNoSpace() || text.find("No space left") != std::string::npos)
    return {what, "Free disk space, then start again: everything committed before is kept."};
  if (status.IsCorruption())
    return {what,
            "The files are damaged. Check the disk; then move the folder away, init again and sync, or "
            "import an export."};
  return {what, "Check the disk and the folder's permissions, then start again."};
}

Error open_error(const rocksdb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("lock") != std::string::npos)
    return {"datadir already used by another process (database " + path + ")",
            "Stop the other process, or give this one a --datadir of its own."};
  if (status.IsInvalidArgument() && text.find("Column family not found") != std::string::npos)
    return {"the database in " + path + " was not made to its end: " + text,
            "What made it was stopped then. Run that again: it goes on."};
  if (status.IsInvalidArgument() && text.find("olumn famil") != std::string::npos)
    return {"the database in " + path +
                " was written by a newer version of quarry, with tables that this one "
                "does not know: " +
                text,
            "Use that version, or another --datadir."};
  return error_of(status, "opening", path);
}

std::uint64_t wal_bytes(const std::string& path) {
  std::uint64_t total = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    if (entry.path().extension() == ".log") total += entry.file_size(ignored);
  }
  return total;
}

}  // namespace

struct Database::Impl {
  const DatabaseOptions options;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  explicit Impl(const DatabaseOptions& how) : options(how) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { close(); }

  rocksdb::ColumnFamilyHandle* family(Table table) const { return families[static_cast<std::size_t>(table)]; }

  [[noreturn]] void fail_stop(const rocksdb::Status& status, const std::string& doing) const {
    const Error error = error_of(status, doing, options.path);
    if (options.on_failure) options.on_failure(error);
    log_and_exit(error);
    std::abort();
  }

  [[noreturn]] void corrupt(Table table) const {
    fail_stop(
        rocksdb::Status::Corruption("a value of table " + std::string{row(table).family}, "does not decode"),
        "reading");
  }

  /// RocksDB counts for each thread how often it compares keys and the like, unless the thread says no;
  /// nobody here reads those counts, and they cost a fiftieth of an import.
  static void stop_counting() {
    thread_local const bool once = (rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable), true);
    static_cast<void>(once);
  }

  std::optional<Bytes> get(const rocksdb::ReadOptions& how, Table table, ByteView key) const {
    stop_counting();
    rocksdb::PinnableSlice value;
    const auto status = db->Get(how, family(table), slice(key), &value);
    if (status.ok()) return to_bytes(view(value));
    if (!status.IsNotFound()) fail_stop(status, "reading");
    return std::nullopt;
  }

  bool has(const rocksdb::ReadOptions& how, Table table, ByteView key) const {
    rocksdb::PinnableSlice value;
    const auto status = db->Get(how, family(table), slice(key), &value);
    if (!status.ok() && !status.IsNotFound()) fail_stop(status, "reading");
    return status.ok();
  }

  Cursor cursor(const rocksdb::ReadOptions& how, Table table) const;

  rocksdb::Status open();
  rocksdb::Status open_read_only();
  rocksdb::Status create(const rocksdb::DBOptions& setup,
                         const std::vector<rocksdb::ColumnFamilyDescriptor>& tables);
  Result<> flush_memtables();
  void note_batch(std::size_t bytes);
  rocksdb::Status build(const Batch& batch, rocksdb::WriteBatch& write) const;
  std::optional<rocksdb::Status> write_sorted(const Batch& batch) const;
  void close();

  std::mutex bulk_mutex;  ///< guards the two below
  bool bulk = false;      ///< the log may be long
  std::chrono::steady_clock::time_point last_large;
};

struct Cursor::Impl {
  const Database::Impl* database;
  std::unique_ptr<rocksdb::Iterator> iterator;

  void check() const {
    if (!iterator->Valid() && !iterator->status().ok()) database->fail_stop(iterator->status(), "reading");
  }
};

Cursor::Cursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

void Cursor::seek(ByteView key) {
  impl_->iterator->Seek(slice(key));
  impl_->check();
}
void Cursor::seek_back(ByteView key) {
  impl_->iterator->SeekForPrev(slice(key));
  impl_->check();
}
void Cursor::seek_to_first() {
  impl_->iterator->SeekToFirst();
  impl_->check();
}
void Cursor::seek_to_last() {
  impl_->iterator->SeekToLast();
  impl_->check();
}
void Cursor::next() {
  impl_->iterator->Next();
  impl_->check();
}
void Cursor::previous() {
  impl_->iterator->Prev();
  impl_->check();
}
bool Cursor::valid() const {
  return impl_->iterator->Valid();
}
ByteView Cursor::key() const {
  return view(impl_->iterator->key());
}
ByteView Cursor::value() const {
  return view(impl_->iterator->value());
}

Cursor Database::Impl::cursor(const rocksdb::ReadOptions& how, Table table) const {
  return Cursor(std::make_unique<Cursor::Impl>(
      Cursor::Impl{this, std::unique_ptr<rocksdb::Iterator>(db->NewIterator(how, family(table)))}));
}

rocksdb::Status Database::Impl::open() {
  if (options.read_only) return open_read_only();
  forget_closed_logs(options.path);
  const auto setup = database_options(options);
  const auto tables = family_descriptors(options);
  if (!std::filesystem::exists(std::filesystem::path(options.path) / "CURRENT")) return create(setup, tables);
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(setup, options.path, tables, &families, &opened);
  db.reset(opened);
  if (status.ok()) forget_sorted_files(options.path);
  return status;
}

/// The manifest is read first and the logs after it: were a log written out and removed in between, its
/// contents would be in neither. So an open during which the list of files changed does not count.
rocksdb::Status Database::Impl::open_read_only() {
  constexpr int kMostTries = 50;
  rocksdb::Status status;
  for (int i = 0; i < kMostTries; ++i) {
    const auto before = file_state(options.path);
    rocksdb::DB* opened = nullptr;
    families.clear();
    status = rocksdb::DB::OpenForReadOnly(database_options(options), options.path,
                                          family_descriptors(options), &families, &opened);
    db.reset(opened);
    const bool stable = file_state(options.path) == before;
    if (stable) return status;
    if (i + 1 == kMostTries) break;
    close();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return status.ok() ? rocksdb::Status::Busy("its owner changes files too often") : status;
}

/// Makes all families in one go. Opening does so too where some are missing, but one by one, writing and
/// syncing its options file after each.
rocksdb::Status Database::Impl::create(const rocksdb::DBOptions& setup,
                                       const std::vector<rocksdb::ColumnFamilyDescriptor>& tables) {
  static_assert(row(Table::meta).family == "default" && kTables.back().table == Table::meta);
  std::vector<rocksdb::ColumnFamilyHandle*> of_meta;
  rocksdb::DB* opened = nullptr;
  auto status = rocksdb::DB::Open(setup, options.path, {tables.back()}, &of_meta, &opened);
  db.reset(opened);
  if (!status.ok()) return status;
  status = db->CreateColumnFamilies({tables.begin(), tables.end() - 1}, &families);
  families.push_back(of_meta.front());  // also when it failed: close() lets go of them
  return status;
}

Result<> Database::Impl::flush_memtables() {
  const auto status = db->Flush({}, families);
  if (!status.ok()) return tl::unexpected(error_of(status, "writing", options.path));
  return {};
}

/// Lets the log grow while many large batches come, and makes it short again when they stop.
void Database::Impl::note_batch(std::size_t bytes) {
  const std::lock_guard lock(bulk_mutex);
  const bool large = bytes >= kBulkBatchBytes;
  if (!large && !bulk) return;  // a node's life
  const auto now = std::chrono::steady_clock::now();
  if (large) last_large = now;
  const bool wanted = now - last_large < kBulkPause;
  if (wanted == bulk) return;
  bulk = wanted;
  const auto status =
      db->SetDBOptions({{"max_total_wal_size", std::to_string(bulk ? kMostBulkWalBytes : kMostWalBytes)}});
  if (!status.ok()) log_warn("Setting the log's bound failed", {{"err", status.ToString()}});
}

void Database::Impl::close() {
  if (!db) return;
  if (!options.read_only && wal_bytes(options.path) > kWalBytesLeftAtClose) {
    if (auto done = flush_memtables(); !done) log_warn(done.error().what);  // the log still has it all
  }
  for (auto* family : families) db->DestroyColumnFamilyHandle(family);
  families.clear();
  const auto status = db->Close();
  if (!status.ok()) log_warn("Closing the database failed", {{"err", status.ToString()}});
  db.reset();
  if (status.ok() && !options.read_only) note_closed_logs(options.path);
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() {
  impl_->close();
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  std::error_code failed;
  if (!options.read_only) std::filesystem::create_directories(options.path, failed);
  if (failed)
    return fail("cannot make the folder " + options.path + ": " + failed.message(),
                "Give a --datadir that this user may write to.");
  auto impl = std::make_unique<Impl>(options);
  if (const auto status = impl->open(); !status.ok()) return tl::unexpected(open_error(status, options.path));
  auto out = std::unique_ptr<Database>(new Database(std::move(impl)));
  if (auto good = settle_schema(*out, schema_in_force(), options.read_only); !good)
    return tl::unexpected(good.error());
  return out;
}

std::optional<Bytes> Database::get(Table table, ByteView key) const {
  return impl_->get({}, table, key);
}
bool Database::has(Table table, ByteView key) const {
  return impl_->has({}, table, key);
}
void Database::corrupt(Table table) const {
  impl_->corrupt(table);
}
Cursor Database::cursor(Table table) const {
  return impl_->cursor({}, table);
}
Snapshot Database::snapshot() const {
  return Snapshot(*impl_, impl_->db->GetSnapshot());
}
const std::string& Database::path() const {
  return impl_->options.path;
}
Result<> Database::flush_memtables() {
  return impl_->flush_memtables();
}

std::uint64_t Database::table_bytes(Table table) const {
  std::uint64_t bytes = 0;
  impl_->db->GetIntProperty(impl_->family(table), rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  return bytes;
}

std::vector<TableFile> Database::files() const {
  std::vector<rocksdb::LiveFileMetaData> live;
  impl_->db->GetLiveFilesMetaData(&live);
  std::vector<TableFile> out;
  for (const auto& file : live) {
    for (const TableRow& row : kTables)
      if (row.family == file.column_family_name)
        out.push_back({row.table, file.db_path + file.name, file.level, file.size, file.num_entries});
  }
  return out;
}

Result<> Database::compact(Table table) {
  rocksdb::CompactRangeOptions how;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const auto status = impl_->db->CompactRange(how, impl_->family(table), nullptr, nullptr);
  if (!status.ok()) return tl::unexpected(error_of(status, "compacting", impl_->options.path));
  return {};
}

template <class Visit>
void Batch::for_each(Visit&& visit) const {
  const std::uint8_t* at = ops_.data();
  const std::uint8_t* const end = at + ops_.size();
  while (at != end) {
    const auto op = static_cast<Op>(*at++);
    const auto table = static_cast<Table>(*at++);
    std::uint32_t lengths[2];
    std::memcpy(lengths, at, sizeof lengths);
    at += sizeof lengths;
    visit(op, table, ByteView{at, lengths[0]}, ByteView{at + lengths[0], lengths[1]});
    at += lengths[0] + lengths[1];
  }
}

namespace {
/// The changes of a batch in the order in which they are best written.
template <class Change>
void sort_changes(std::vector<Change>& changes) {
  // A range erases what came before it, so nothing may pass it.
  for (const Change& change : changes)
    if (change.is_range) return;
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    if (a.table != b.table) return a.table < b.table;
    return a.prefix != b.prefix ? a.prefix < b.prefix : as_text(a.first) < as_text(b.first);
  });
}
}  // namespace

/// A memtable is a list kept in order: what comes in order is found near the last place, instead of from the
/// top.
rocksdb::Status Database::Impl::build(const Batch& batch, rocksdb::WriteBatch& write) const {
  struct Change {
    Table table;
    bool is_range;
    Batch::Op op;
    std::uint64_t prefix;  ///< of the key, so that most pairs are told apart without a call
    ByteView first, second;
  };
  std::vector<Change> changes;
  changes.reserve(batch.count());
  batch.for_each([&](Batch::Op op, Table table, ByteView first, ByteView second) {
    changes.push_back({table, op == Batch::Op::erase_range, op, key_prefix(first), first, second});
  });
  sort_changes(changes);
  rocksdb::Status status;
  for (const Change& change : changes) {
    if (!status.ok()) break;
    auto* to = family(change.table);
    switch (change.op) {
      case Batch::Op::put:
        status = write.Put(to, slice(change.first), slice(change.second));
        break;
      case Batch::Op::erase:
        status = write.Delete(to, slice(change.first));
        break;
      case Batch::Op::erase_range:
        status = write.DeleteRange(to, slice(change.first), slice(change.second));
        break;
    }
  }
  return status;
}

/// What must be on the disk and is large is written as files of sorted keys: neither the log nor memtables
/// see it. Nothing when the batch is not such a one.
std::optional<rocksdb::Status> Database::Impl::write_sorted(const Batch& batch) const {
  if (batch.size_bytes() < kBulkBatchBytes) return std::nullopt;
  std::array<std::vector<SortedFiles::Change>, kTableCount> changes;
  bool ranges = false;
  batch.for_each([&](Batch::Op op, Table table, ByteView first, ByteView second) {
    ranges |= op == Batch::Op::erase_range;
    changes[static_cast<std::size_t>(table)].push_back({first, second, op == Batch::Op::erase});
  });
  if (ranges) return std::nullopt;
  SortedFiles files(*db, sorted_files_folder(options.path));
  rocksdb::Status status;
  for (std::size_t i = 0; i < changes.size() && status.ok(); ++i)
    if (!changes[i].empty()) status = files.add(families[i], changes[i]);
  return status.ok() ? files.take_in() : status;
}

Result<> Database::commit(Batch&& batch, Durability durability) {
  const Batch taken = std::move(batch);
  batch.clear();
  if (taken.empty()) return {};
  if (durability == Durability::sync)
    if (const auto sorted = impl_->write_sorted(taken)) {
      if (sorted->ok()) return {};
      return tl::unexpected(error_of(*sorted, "writing", impl_->options.path));
    }
  constexpr std::size_t kBytesOfHeaders = 16;  // of a record in RocksDB's form, about
  rocksdb::WriteBatch write(taken.size_bytes() + taken.count() * kBytesOfHeaders);
  rocksdb::Status status = impl_->build(taken, write);
  impl_->note_batch(taken.size_bytes());
  rocksdb::WriteOptions how;
  how.sync = durability == Durability::sync;
  impl_->stop_counting();
  if (status.ok()) status = impl_->db->Write(how, &write);
  if (!status.ok()) return tl::unexpected(error_of(status, "writing", impl_->options.path));
  return {};
}

namespace {
rocksdb::ReadOptions at_snapshot(const void* handle) {
  rocksdb::ReadOptions how;
  how.snapshot = static_cast<const rocksdb::Snapshot*>(handle);
  return how;
}
}  // namespace

Snapshot::Snapshot(Snapshot&& other) noexcept
    : database_(other.database_), handle_(std::exchange(other.handle_, nullptr)) {}
Snapshot::~Snapshot() {
  if (handle_ != nullptr) database_->db->ReleaseSnapshot(static_cast<const rocksdb::Snapshot*>(handle_));
}
std::optional<Bytes> Snapshot::get(Table table, ByteView key) const {
  return database_->get(at_snapshot(handle_), table, key);
}
bool Snapshot::has(Table table, ByteView key) const {
  return database_->has(at_snapshot(handle_), table, key);
}
void Snapshot::corrupt(Table table) const {
  database_->corrupt(table);
}
Cursor Snapshot::cursor(Table table) const {
  return database_->cursor(at_snapshot(handle_), table);
}

}  // namespace quarry
