#pragma once
/// \file
/// The blob pool's transactions on disk, over restarts: a file each, so that nothing of some hundred
/// kilobytes is written twice.
///
/// ```
/// <folder>/<64 hex digits of the transaction's hash>
///   32 bytes   keccak256 of what follows
///   the rest   the transaction with its blobs in its network form (core/blob_sidecar.hpp)
/// ```

#include <filesystem>
#include <string>
#include <vector>

#include "core/blob_sidecar.hpp"
#include "core/expected.hpp"

namespace quarry {

/// One thread at a time. A kill leaves whole files; what a loss of power tears its hash gives away.
class BlobStore {
 public:
  /// Of one file: the pool takes no more (geth: 1 MiB), and the hash.
  static constexpr std::size_t kMostFileBytes = (std::size_t{1} << 20) + 32;
  /// Read at the start in all: more than the pool and what it keeps of blocks have by default.
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  explicit BlobStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  struct Loaded {
    std::vector<CarriedTransaction> txns;
    std::size_t left_out = 0;  ///< files that are none of ours or too many; they are removed
    std::string why;           ///< of the first of those
  };
  /// What the folder holds, in no order.
  Loaded load();
  /// Errors name the file.
  [[nodiscard]] Result<> put(const TxnHash& hash, ByteView network);
  void erase(const TxnHash& hash);

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path path_of(const TxnHash& hash) const;
  const std::filesystem::path folder_;
};

}  // namespace quarry
