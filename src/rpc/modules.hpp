#pragma once
/// \file
/// The modules methods belong to, and which of them who may call.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quarry::rpc {

struct SubscribeScope;

/// Who asks.
enum class Access : std::uint8_t {
  http,     ///< only what --rpcapi switches on
  ipc,      ///< the owner of the data dir: everything
  console,  ///< ourselves: everything
};

struct ModuleInfo {
  std::string_view name;
  /// Commands keys, the miner or files: not over HTTP on an address that others reach.
  bool sensitive = false;
  bool dev = false;  ///< there on development chains only
};
/// All modules there are; more come with later features.
const std::vector<ModuleInfo>& all_modules();

/// Whether a method commands keys, the miner, files or the chain: by its module, or alone (debug_setHead).
bool is_sensitive(std::string_view method);

/// A choice of modules.
class ModuleSet {
 public:
  static ModuleSet all() { return ModuleSet(~std::uint32_t{0}); }
  /// Reads "eth,net,web3" or "*". Names that are none are given back: they only merit a warning, because
  /// tutorials name modules of their time ("shh", "db").
  static ModuleSet parse(std::string_view list, std::vector<std::string>& unknown);

  bool has(std::string_view module) const;

 private:
  explicit ModuleSet(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

/// What one caller may do.
struct Caller {
  Access access = Access::http;
  ModuleSet modules = ModuleSet::all();
  /// HTTP on an address other machines may reach: sensitive modules are refused.
  bool exposed = false;
  /// Its IP address; empty for this machine's user.
  std::string address = {};
  /// Where subscriptions tell what they hear; none where nothing can be sent unasked.
  std::shared_ptr<SubscribeScope> scope = {};
};

/// What --rpcapi is without being given.
inline constexpr std::string_view kDefaultModules = "eth,net,web3";

}  // namespace quarry::rpc
