#pragma once
/// \file
/// A jbc node's two paths: GET /blockchain.json, the whole chain as a JSON list, and POST /mined, a block
/// that a miner found.

#include <atomic>
#include <functional>
#include <memory>

#include "consensus/chain.hpp"
#include "core/jbc.hpp"
#include "core/worker_pool.hpp"
#include "net/loop.hpp"
#include "rpc/server.hpp"
#include "storage/chain_store.hpp"

namespace quarry {

/// What became of a block that somebody gave us.
struct JbcVerdict {
  bool accepted = false;
  bool parent_missing = false;
  std::string reason;  ///< "extended", "known", "side", "reorganised"; or the rule it breaks and both values
};
/// Judges one block and puts it into the chain, whose data `store` reads. Chain thread.
JbcVerdict insert_jbc_block(Chain& chain, const ChainStore& store, const jbc::Block& block);

/// Made before the loop runs; stop() before the database goes.
class JbcHttp {
 public:
  /// Chains being sent at a time: each holds the database's data of its moment.
  static constexpr int kMostStreams = 32;
  /// Text made at a time, so that a chain of any length takes no more memory.
  static constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
  /// Blocks from others that wait for the chain.
  static constexpr int kMostMined = 64;

  struct Parts {
    net::Loop& loop;
    const Database& database;
    Chain& chain;
    WorkerPool& chain_thread;
    unsigned zeros;
    /// A block came whose parent is not here: peers have more than we know.
    std::function<void()> on_behind;
  };
  explicit JbcHttp(Parts parts);
  ~JbcHttp();

  std::vector<rpc::HttpRoute> routes();
  /// Waits for what is being made.
  void stop();

 private:
  struct Stream;
  void serve_chain(net::HttpRequest& request, const net::HttpConnectionPtr& client, std::string headers);
  void make_piece(const std::shared_ptr<Stream>& stream);
  void serve_mined(net::HttpRequest& request, const net::HttpConnectionPtr& client, std::string headers);

  Parts parts_;
  WorkerPool maker_{"jbc-http", 1, kMostStreams};
  std::atomic<int> streams_{0};
  std::atomic<int> mined_{0};
};

}  // namespace quarry
