// Options of the commands that are no node: migrate, export, db, evm; and of jbc chains.
#include <limits>

#include "core/u256.hpp"
#include "node/options_setters.hpp"

namespace quarry {
namespace {

Result<> set_export_format(NodeOptions& to, std::string_view value) {
  if (value != "rlp" && value != "jbc") return fail("want \"rlp\" or \"jbc\"");
  to.export_format = std::string(value);
  return {};
}

// quarry evm's options lie in a struct of their own: the same setters, over a member of NodeOptions::Evm.
template <auto Field>
Result<> set_evm_text(NodeOptions& to, std::string_view value) {
  to.evm.*Field = std::string(value);
  return {};
}
template <auto Field>
Result<> set_evm_path(NodeOptions& to, std::string_view value) {
  if (value.empty()) return fail("a path must not be empty");
  to.evm.*Field = expand_home(value);
  return {};
}
template <auto Field>
Result<> set_evm_number(NodeOptions& to, std::string_view value) {
  const auto number = U256::parse(value);
  if (!number || !number->fits_u64()) return fail("not a whole number below 2^64, decimal or hex after 0x");
  to.evm.*Field = number->low64();
  return {};
}
template <auto Field>
Result<> set_evm_switch(NodeOptions& to, std::string_view value) {
  to.evm.*Field = value != "false" && value != "0";
  return {};
}
Result<> set_evm_value(NodeOptions& to, std::string_view value) {
  if (!U256::parse(value)) return fail("not an amount of wei");
  to.evm.value = std::string(value);
  return {};
}

using O = NodeOptions;
using E = NodeOptions::Evm;
using enum OptionGroup;

constexpr OptionRow kOptions[] = {
    {"dry-run",
     {},
     files,
     "",
     "migrate, clique recover: say what would be done, write nothing",
     set_switch<&O::dry_run>},
    {"keep-valid",
     {},
     files,
     "",
     "migrate: keep the blocks before the first bad one",
     set_switch<&O::keep_valid>},
    {"format",
     {},
     files,
     "FORM",
     "export: rlp, or jbc for a folder of JSON files (default rlp)",
     set_export_format},

    {"json", {}, inspection, "", "db: print JSON; evm: as --trace", set_switch<&O::json>},
    {"from", {}, inspection, "KEY", "db list: the first key, or how it begins", set_text<&O::list_from>},
    {"to", {}, inspection, "KEY", "db list: the last key, or how it begins", set_text<&O::list_to>},
    {"limit",
     {},
     inspection,
     "N",
     "db list: rows at most; 0: all (default 25)",
     set_number<&O::list_limit, 0, kMaxU64>},
    {"deep", {}, inspection, "", "db verify: every trie node, code and flat entry", set_switch<&O::deep>},
    {"seals", {}, inspection, "", "db verify: every header's seal", set_switch<&O::check_seals>},

    {"code", {}, bytecode, "HEX", "evm: the bytecode", set_evm_text<&E::code>},
    {"codefile", {}, bytecode, "FILE", "evm: a file with the bytecode in hex", set_evm_path<&E::code_file>},
    {"input", {}, bytecode, "HEX", "evm: call data", set_evm_text<&E::input>},
    {"gas", {}, bytecode, "N", "evm: gas of the call (default 10000000000)", set_evm_number<&E::gas>},
    {"value", {}, bytecode, "WEI", "evm: what the call gives (default 0)", set_evm_value},
    {"sender", {}, bytecode, "ADDRESS", "evm: who calls", set_evm_text<&E::sender>},
    {"receiver", {}, bytecode, "ADDRESS", "evm: where the code lies", set_evm_text<&E::receiver>},
    {"create", {}, bytecode, "", "evm: the code is a contract's init code", set_evm_switch<&E::create>},
    {"fork",
     {},
     bytecode,
     "NAME",
     "evm: the rules, as ethereum/tests name them (default Osaka)",
     set_evm_text<&E::fork>},
    {"genesis", {}, bytecode, "FILE", "evm: rules and accounts of a genesis file", set_evm_path<&E::genesis>},
    {"prestate",
     {},
     bytecode,
     "FILE",
     "evm: accounts, as in a state test's \"pre\"",
     set_evm_path<&E::prestate>},
    {"trace", {}, bytecode, "", "evm: print every instruction (EIP-3155)", set_evm_switch<&E::trace>},
    {"trace.memory", {}, bytecode, "", "evm: and the memory before it", set_evm_switch<&E::trace_memory>},
    {"index", {}, bytecode, "N", "evm statetest: only the case at this place", set_evm_number<&E::index>},

    {"zeros",
     {},
     jbc,
     "N",
     "migrate jbc, genesis new: zeros a hash begins with (default: as most blocks have; 5)",
     set_number<&O::jbc_zeros, 0, 64>},
    {"jbc.peers",
     {},
     jbc,
     "URLS",
     "Peers that serve blockchain.json, asked for longer chains",
     set_list<&O::jbc_peers>},
    {"jbc.data", {}, jbc, "TEXT", "Data of mined blocks (default \"I block #N\")", set_text<&O::jbc_data>},
};

}  // namespace

std::span<const OptionRow> tool_options() {
  return kOptions;
}

}  // namespace quarry
