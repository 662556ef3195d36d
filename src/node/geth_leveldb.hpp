#pragma once
/// \file
/// A LevelDB folder of another program, read and never written. Opening a LevelDB writes: a lock, a log, a
/// new manifest, what was in its write-ahead log. So it is opened in a folder of our own that has links to
/// the tables; an environment that refuses to write to any other place makes sure of it.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/bytes.hpp"
#include "core/expected.hpp"

namespace quarry::geth {

class LevelDb {
 public:
  /// `aside` is made, and removed at the end. Refuses a folder that another process has locked, and one that
  /// holds another kind of database, by name.
  static Result<std::unique_ptr<LevelDb>> open(const std::string& path, const std::string& aside);
  ~LevelDb();
  LevelDb(const LevelDb&) = delete;
  LevelDb& operator=(const LevelDb&) = delete;

  /// Nothing when there is no such key. A read that fails is kept in failure(), and gives nothing.
  std::optional<Bytes> get(ByteView key) const;
  /// All keys that start with `prefix`, in order, until `visit` gives false.
  void each(ByteView prefix, const std::function<bool(ByteView key, ByteView value)>& visit) const;
  /// What LevelDB said when a read failed: a damaged table, by name.
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  struct Impl;
  explicit LevelDb(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  mutable std::optional<std::string> failure_;
};

}  // namespace quarry::geth
