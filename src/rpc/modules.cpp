#include "rpc/modules.hpp"

#include <algorithm>
#include <array>

#include "core/check.hpp"

namespace quarry::rpc {
namespace {

/// The place of `name` in the table, or -1.
int index_of(std::string_view name) {
  const auto& modules = all_modules();
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (modules[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\"'");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\"'") - first + 1);
}

}  // namespace

const std::vector<ModuleInfo>& all_modules() {
  static const std::vector<ModuleInfo> table = {
      {"admin", true},
      {"anvil", false, true},
      {"clique"},
      {"debug"},
      {"erigon"},
      {"eth"},
      {"evm", false, true},
      {"hardhat", false, true},
      {"jbc"},
      {"miner", true},
      {"net"},
      {"ots"},
      {"personal", true},
      {"rpc"},
      {"testing"},
      {"trace"},
      {"txpool"},
      {"web3"},
  };
  return table;
}

bool is_sensitive(std::string_view method) {
  // Of modules whose other methods only read.
  constexpr std::array<std::string_view, 5> kMethods = {"debug_setHead", "debug_chaindbCompact",
                                                        "debug_freeOSMemory", "debug_setGCPercent",
                                                        "debug_chaindbProperty"};
  if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) return true;
  const int index = index_of(method.substr(0, method.find('_')));
  return index >= 0 && all_modules()[static_cast<std::size_t>(index)].sensitive;
}

ModuleSet ModuleSet::parse(std::string_view list, std::vector<std::string>& unknown) {
  ModuleSet out(0);
  // Which modules are there may always be asked.
  out.bits_ |= std::uint32_t{1} << index_of("rpc");
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto name = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    if (name == "*") return all();
    const int index = index_of(name);
    if (index >= 0) {
      out.bits_ |= std::uint32_t{1} << index;
    } else if (!name.empty()) {
      unknown.emplace_back(name);
    }
  }
  return out;
}

bool ModuleSet::has(std::string_view module) const {
  const int index = index_of(module);
  return index >= 0 && (bits_ >> index & 1) != 0;
}

}  // namespace quarry::rpc
