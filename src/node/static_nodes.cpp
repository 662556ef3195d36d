#include "node/static_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "core/log.hpp"
#include "node/json_tree.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct Cleaned {
  std::string text;
  bool trailing_comma = false;
  bool comment = false;
};

/// The end of the comment that begins at `at`, or `at` when none does.
std::size_t skip_comment(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (!text.substr(at).starts_with("/*")) return at;
  const std::size_t end = text.find("*/", at + 2);
  return end == text.npos ? text.size() : end + 2;
}

/// Turns comments and commas before a closing bracket into blanks, so that lines keep their numbers.
Cleaned clean(std::string_view text) {
  Cleaned out{.text = std::string(text)};
  bool in_string = false;
  std::size_t comma = text.npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
      continue;
    }
    if (const std::size_t end = skip_comment(text, i); end != i) {
      for (std::size_t k = i; k < end; ++k)
        if (text[k] != '\n') out.text[k] = ' ';
      out.comment = true;
      i = end - 1;
      continue;
    }
    if ((c == ']' || c == '}') && comma != text.npos) {
      out.text[comma] = ' ';
      out.trailing_comma = true;
    }
    if (c == ',')
      comma = i;
    else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
      comma = text.npos;
    in_string = c == '"';
  }
  return out;
}

void add_node(const JsonValue& value, std::string_view name, NodeList& to) {
  const auto refuse = [&](std::string_view why) {
    to.warnings.push_back(fmt::format("{} line {}: {}", name, value.line, why));
    ++to.invalid;
  };
  if (!value.is(JsonValue::Kind::string))
    return refuse(fmt::format("{} where an enode URL in quotes belongs", name_of(value.kind)));
  if (value.text.empty()) return refuse("an empty string");
  const auto node = net::parse_enode(value.text);
  if (!node) return refuse(fmt::format("invalid enode: {}", node.error().what));
  if (node->has_unspecified_host())
    to.warnings.push_back(
        fmt::format("{} line {}: the host is {}, which is no address to dial; loopback is tried. Put the "
                    "node's own address there",
                    name, value.line, node->host.empty() ? "missing" : "[::] or 0.0.0.0"));
  const bool again =
      std::any_of(to.nodes.begin(), to.nodes.end(), [&](const auto& known) { return known.id == node->id; });
  if (again)
    return to.warnings.push_back(fmt::format("{} line {}: the node is listed already", name, value.line));
  to.nodes.push_back(*node);
}

/// A file that is there and can be read, or nothing.
std::optional<std::string> read_bounded(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxNodeListBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}
}  // namespace

NodeList parse_node_list(std::string_view text, std::string_view name) {
  NodeList list;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.size() > kMaxNodeListBytes) {
    list.warnings.push_back(fmt::format("{}: longer than {} bytes, not read", name, kMaxNodeListBytes));
    return list;
  }
  const Cleaned cleaned = clean(text);
  if (cleaned.trailing_comma)
    list.warnings.push_back(fmt::format("{}: a comma before the closing bracket, taken as none", name));
  if (cleaned.comment) list.warnings.push_back(fmt::format("{}: comments are no JSON; skipped", name));
  const auto tree = parse_json_tree(cleaned.text);
  if (!tree) {
    list.warnings.push_back(
        fmt::format("{} {}; it should be [\"enode://…\", \"enode://…\"]", name, tree.error().what));
    return list;
  }
  if (!tree->is(JsonValue::Kind::array)) {
    list.warnings.push_back(
        fmt::format("{}: {} where a list belongs: [\"enode://…\"]", name, name_of(tree->kind)));
    return list;
  }
  for (const auto& [unused, value] : tree->members) add_node(value, name, list);
  return list;
}

std::vector<net::Enode> load_node_lists(const fs::path& datadir, NodeListKind kind) {
  const bool is_static = kind == NodeListKind::static_nodes;
  // One tutorial calls the file static-node.js.
  static constexpr std::array<std::string_view, 2> kStaticNames = {"static-nodes.json", "static-node.js"};
  static constexpr std::array<std::string_view, 1> kTrustedNames = {"trusted-nodes.json"};
  const std::span<const std::string_view> names =
      is_static ? std::span<const std::string_view>(kStaticNames) : kTrustedNames;
  std::vector<net::Enode> all;
  for (const fs::path& folder : {datadir, datadir / "geth", datadir / "quarry"}) {
    for (std::string_view name : names) {
      const fs::path path = folder / name;
      const auto text = read_bounded(path);
      if (!text) continue;
      const NodeList list = parse_node_list(*text, name);
      for (const std::string& warning : list.warnings) log_warn(warning, {{"file", path.string()}});
      if (name == "static-node.js")
        log_warn("The usual name is static-nodes.json", {{"file", path.string()}});
      log_info(is_static ? "Loaded static nodes" : "Loaded trusted nodes",
               {{"loaded", list.nodes.size()}, {"invalid", list.invalid}, {"file", path.string()}});
      for (const net::Enode& node : list.nodes)
        if (std::none_of(all.begin(), all.end(), [&](const auto& known) { return known.id == node.id; }))
          all.push_back(node);
    }
  }
  return all;
}

}  // namespace quarry
