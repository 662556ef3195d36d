#pragma once
/// \file
/// The one door to RocksDB: tables, batches, snapshots, cursors.
///
/// Fail-stop: when the disk fails a read (I/O error, corruption), the failure handler is called and must not
/// return; so reads give plain values. Commits give a Result, since a full disk is an everyday event.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/expected.hpp"
#include "storage/tables.hpp"

namespace quarry {

/// Changes that are committed together or not at all. Later changes of a key win over earlier ones.
class Batch {
 public:
  void put(Table table, ByteView key, ByteView value);
  void erase(Table table, ByteView key);
  /// Every key k with first <= k < end.
  void erase_range(Table table, ByteView first, ByteView end);

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  /// About what it takes in memory and in the write-ahead log.
  std::size_t size_bytes() const { return ops_.size(); }
  void clear();

 private:
  friend class Database;
  enum class Op : std::uint8_t { put, erase, erase_range };
  void add(Op op, Table table, ByteView first, ByteView second);
  template <class Visit>
  void for_each(Visit&& visit) const;

  Bytes ops_;  ///< op (1), table (1), two lengths (4 each), two byte strings
  std::size_t count_ = 0;
};

/// Walks a table in key order. Sees the data as they were when it was made. One thread at a time.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  /// To the first key not less than `key`.
  void seek(ByteView key);
  /// To the last key not greater than `key`.
  void seek_back(ByteView key);
  void seek_to_first();
  void seek_to_last();
  void next();
  void previous();
  /// At an entry? False past either end.
  bool valid() const;
  /// Both stay good until the cursor moves.
  ByteView key() const;
  ByteView value() const;

 private:
  friend class Database;
  friend class Snapshot;
  struct Impl;
  explicit Cursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What reads: the database as it is now, or a snapshot of it. Thread-safe.
class DatabaseReader {
 public:
  virtual ~DatabaseReader() = default;
  virtual std::optional<Bytes> get(Table table, ByteView key) const = 0;
  virtual bool has(Table table, ByteView key) const = 0;
  virtual Cursor cursor(Table table) const = 0;
  /// A value of `table` was read and does not decode: fail-stop.
  [[noreturn]] virtual void corrupt(Table table) const = 0;
};

/// How much a commit outlives.
enum class Durability : std::uint8_t {
  wal,   ///< the end of the process, kill -9 included
  sync,  ///< power loss too: the log is on the disk before commit returns
};

struct DatabaseOptions {
  std::string path;  ///< a folder; made if it is not there
  /// --cache: bytes for RocksDB's block cache and memtables together. Taken as it is needed, not at open.
  std::size_t cache_bytes = std::size_t{128} << 20;
  /// Opens beside a running owner, for looking only; sees what was committed before. Keeps all files open, so
  /// that the owner may remove them.
  bool read_only = false;
  /// Called with what happened when a read fails. Must not return. Default: logs and exits with 1.
  std::function<void(const Error&)> on_failure = nullptr;
};

/// One of a table's files, as the database lists it. RocksDB's checksums cover all of it.
struct TableFile {
  Table table{};
  std::string path;
  int level = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
};

class Snapshot;

class Database final : public DatabaseReader {
 public:
  /// Makes what is missing. Refuses a newer schema, and a folder that another process has open.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database() override;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::optional<Bytes> get(Table table, ByteView key) const override;
  bool has(Table table, ByteView key) const override;
  Cursor cursor(Table table) const override;
  [[noreturn]] void corrupt(Table table) const override;
  /// The data as they are now, for as long as it is held; the database outlives it.
  Snapshot snapshot() const;

  /// All of the batch or nothing of it.
  [[nodiscard]] Result<> commit(Batch&& batch, Durability durability = Durability::wal);

  const std::string& path() const;
  /// Bytes of the table's files.
  std::uint64_t table_bytes(Table table) const;
  std::vector<TableFile> files() const;
  /// Writes memtables out: for tests and tools.
  [[nodiscard]] Result<> flush_memtables();
  /// Rewrites the table's files, so that what was overwritten or erased takes no room.
  [[nodiscard]] Result<> compact(Table table);

 private:
  friend class Snapshot;
  friend class Cursor;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Moves; cheap to make and to hold for seconds. Held longer, it keeps old data from being compacted away.
class Snapshot final : public DatabaseReader {
 public:
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot() override;

  std::optional<Bytes> get(Table table, ByteView key) const override;
  bool has(Table table, ByteView key) const override;
  Cursor cursor(Table table) const override;
  [[noreturn]] void corrupt(Table table) const override;

 private:
  friend class Database;
  Snapshot(const Database::Impl& database, const void* handle) : database_(&database), handle_(handle) {}
  const Database::Impl* database_;
  const void* handle_;
};

}  // namespace quarry
