#pragma once
/// \file
/// The running node: opens the data dir, starts the threads, joins the floors, and stops it all in order.

#include <memory>
#include <string>

#include "core/expected.hpp"
#include "core/u256.hpp"
#include "node/options.hpp"

namespace quarry {

struct DevKeys;

class App {
 public:
  /// Opens everything and listens; when it returns, JSON-RPC answers. Errors name what is in the way.
  /// `dev`: the chain is a development chain with these keys (node/dev/dev_chain.hpp).
  static Result<std::unique_ptr<App>> start(const NodeOptions& options, const DevKeys* dev = nullptr);
  /// Stops: no new requests, peers told, blocks under way finished, the database closed.
  ~App();
  /// Where JSON-RPC over HTTP is served; 0 where it is not.
  std::uint16_t http_port() const;
  U256 chain_id() const;
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// One JSON-RPC message for the console: every module. Blocks; never from the loop thread.
  std::string call(const std::string& request);

 private:
  App();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
