#pragma once
/// \file
/// static-nodes.json and trusted-nodes.json: JSON lists of enode URLs that people write by hand, so what can
/// be read is read and the rest is told line by line.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "net/enode.hpp"

namespace quarry {

/// A list of peers longer than this is not one a person wrote.
inline constexpr std::size_t kMaxNodeListBytes = std::size_t{1} << 20;

struct NodeList {
  std::vector<net::Enode> nodes;
  /// One a line that could not be used, or was used with a doubt: "static-nodes.json line 3: …".
  std::vector<std::string> warnings;
  std::size_t invalid = 0;
};

/// Comments, trailing commas and a byte order mark are taken, with a warning. `name` is for the warnings.
NodeList parse_node_list(std::string_view text, std::string_view name);

enum class NodeListKind : std::uint8_t { static_nodes, trusted_nodes };

/// Reads the lists of the data dir, of its geth/ and its quarry/ folder, each node once. Logs what was loaded
/// from where and each warning.
std::vector<net::Enode> load_node_lists(const std::filesystem::path& datadir, NodeListKind kind);

}  // namespace quarry
