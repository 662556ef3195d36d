#pragma once
/// \file
/// Answers what peers ask: headers, bodies, receipts, state nodes. Called on worker threads, several at once.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "net/messages.hpp"
#include "storage/chain_store.hpp"
#include "storage/node_server.hpp"

namespace quarry {

class Serving {
 public:
  explicit Serving(const Database& database);

  /// The payload that answers a request; an error when the request is malformed, which ends the connection.
  /// What we do not have is left out of the answer, as the protocol wants.
  rlp::Decoded<Bytes> answer(std::uint64_t peer, net::EthCode code, ByteView payload);

  /// The session is over: forgets what its node requests were about.
  void forget(std::uint64_t peer);
  /// Lets go of old states that peers asked for and asked no more of for kQuiet: a snapshot that is held
  /// keeps old data from being compacted away.
  void release_quiet();
  static constexpr std::chrono::seconds kQuiet{30};

 private:
  std::vector<Bytes> headers(const net::GetBlockHeaders& query) const;
  std::vector<Bytes> headers_by_number(BlockNum first, const net::GetBlockHeaders& query) const;
  std::vector<Bytes> branch_headers(BlockId at, const net::GetBlockHeaders& query) const;
  std::vector<Bytes> nodes(std::uint64_t peer, const std::vector<Hash256>& hashes);
  /// `write(stored, answer)` appends an item.
  template <class Write>
  Bytes by_hash(const std::vector<BlockHash>& hashes, std::size_t most, Table table, Write write) const;

  /// One session's node requests refer to each other (a child is asked for after its parent), so each has a
  /// server of its own, used by one thread at a time.
  struct NodeSession {
    explicit NodeSession(const Database& database) : server(database) {}
    std::mutex mutex;
    NodeServer server;
    std::chrono::steady_clock::time_point asked{};
  };

  const Database& database_;
  ChainStore chain_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<NodeSession>> sessions_;
};

}  // namespace quarry
