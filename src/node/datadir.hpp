#pragma once
/// \file
/// The data dir: which file lies where, who holds it, and the node's key.
///
/// ```
/// <datadir>/quarry/LOCK        held while a process uses the folder; holds its pid
/// <datadir>/quarry/chaindata/  the database
/// <datadir>/quarry/transactions.rlp  local transactions, as geth's journal
/// <datadir>/quarry/blobs/      blob transactions of the pool, a file each (node/blob_store.hpp)
/// <datadir>/quarry/nodekey     64 hex digits, as geth's; mode 0600
/// <datadir>/keystore/          key files, as geth's
/// <datadir>/quarry.ipc         the socket
/// <datadir>/static-nodes.json, trusted-nodes.json   also in geth/ or quarry/
/// ```

#include <filesystem>
#include <string>

#include "core/expected.hpp"
#include "core/secp256k1.hpp"

namespace quarry {

struct NodeOptions;

/// Paths below a data dir. Plain data; nothing is made or opened.
struct DataDirPaths {
  explicit DataDirPaths(const std::filesystem::path& datadir);
  std::filesystem::path root;
  std::filesystem::path quarry;
  std::filesystem::path chaindata;
  std::filesystem::path lock;
  std::filesystem::path node_key;
};

/// Holds a data dir for this process; another that asks is refused with our pid. The kernel lets go of it
/// when the process ends, however it ends. Movable, one owner.
class DataDirLock {
 public:
  /// Makes the folders that are missing.
  static Result<DataDirLock> acquire(const std::filesystem::path& datadir);
  DataDirLock(DataDirLock&& other) noexcept;
  DataDirLock& operator=(DataDirLock&& other) noexcept;
  ~DataDirLock();

  const DataDirPaths& paths() const { return paths_; }

 private:
  DataDirLock(DataDirPaths paths, int file);
  DataDirPaths paths_;
  int file_;
};

/// The node's identity to its peers: from --nodekeyhex, from --nodekey, or from the data dir, where a new one
/// is made when there is none. --nodekey's file must be there.
Result<PrivateKey> load_node_key(const NodeOptions& options);

}  // namespace quarry
