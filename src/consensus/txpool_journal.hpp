#pragma once
/// \file
/// Local transactions on disk, over restarts: one after the other as they stand in a body (RLP), which is the
/// form of geth's transactions.rlp. Only ever added to, and now and then written anew.

#include <filesystem>
#include <vector>

#include "core/expected.hpp"
#include "core/transaction.hpp"

namespace quarry {

/// One thread at a time. A kill leaves whole transactions and at most one torn one at the end.
class TxnJournal {
 public:
  /// A journal of more bytes is read so far only: the pool holds less.
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

  explicit TxnJournal(std::filesystem::path path) : path_(std::move(path)) {}
  ~TxnJournal();
  TxnJournal(const TxnJournal&) = delete;
  TxnJournal& operator=(const TxnJournal&) = delete;

  struct Loaded {
    std::vector<Transaction> txns;
    std::size_t left_out = 0;  ///< bytes at the end, or transactions in between, that are none
    std::string why;           ///< of the first of those
  };
  /// What the file holds; nothing when there is none.
  Loaded load() const;
  /// Adds one; the file is there from the first rewrite on.
  [[nodiscard]] Result<> append(const Transaction& txn);
  /// Written aside and renamed: the old journal or the new one, whole. Then appends go to the new one.
  [[nodiscard]] Result<> rewrite(const std::vector<Transaction>& txns);

  const std::filesystem::path& path() const { return path_; }

 private:
  void close();
  const std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace quarry
