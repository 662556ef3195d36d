/// \file
/// `quarry migrate SOURCE PATH`: another program's chain into a data dir. A source is a row of the table.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "node/commands/commands.hpp"
#include "node/geth_migrate.hpp"
#include "node/jbc_migrate.hpp"
#include "node/options.hpp"

namespace quarry {
namespace {
/// `options.args` are the source's name and the path.
struct SourceRow {
  std::string_view name;
  std::string_view path;  ///< what the path names
  Result<int> (*run)(const NodeOptions& options);
};
constexpr std::array kSources = {
    SourceRow{"jbc", "a folder of 000000.json, 000001.json …, or a blockchain.json", &migrate_jbc},
    SourceRow{"geth", "a geth data dir, 1.7 to 1.13", &migrate_geth},
};
}  // namespace

Result<int> run_migrate(const NodeOptions& options) {
  const std::string& name = options.args.front();
  const auto row =
      std::find_if(kSources.begin(), kSources.end(), [&](const SourceRow& r) { return r.name == name; });
  if (row != kSources.end()) return row->run(options);
  std::vector<std::string> lines;
  for (const SourceRow& source : kSources)
    lines.push_back(
        fmt::format("quarry migrate {} PATH --datadir DIR   (PATH: {})", source.name, source.path));
  return fail(fmt::format("invalid command: \"migrate {}\"", name),
              fmt::format("{}", fmt::join(lines, "\n")));
}

}  // namespace quarry
