/// \file
/// `quarry methods`: what the JSON-RPC server can be asked. docs/rpc.md's list is its Markdown.

#include "rpc/methods.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "node/commands/commands.hpp"
#include "node/options.hpp"
#include "rpc/schema.hpp"

namespace quarry {
namespace {

std::string plain_list() {
  std::string out;
  for (const auto& method : rpc::all_methods())
    out += fmt::format("{:<44} {}\n", fmt::format("{}({})", method.name, method.params), method.doc);
  return out;
}

}  // namespace

Result<int> run_methods(const NodeOptions& options) {
  const std::string form = options.args.empty() ? "text" : options.args[0];
  std::string out;
  if (form == "text") {
    out = plain_list();
  } else if (form == "markdown") {
    out = rpc::methods_markdown();
  } else if (form == "openrpc") {
    out = rpc::openrpc_document(QUARRY_VERSION).dump(2) + "\n";
  } else {
    return fail(fmt::format("\"{}\" is no form of the list of methods", form),
                "say text, markdown or openrpc");
  }
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace quarry
