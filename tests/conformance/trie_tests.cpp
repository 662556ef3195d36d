// TrieTests: "in" is a list of steps (a value of null removes the key) or a set of pairs, whose order must
// not matter; "root" is the root in the end. In files named "secure" the keys are hashed first, as the
// state's are: these go through the tries that hold the state, step by step, as well. trietestnextprev asks
// for the keys before and after one.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "kinds.hpp"
#include "node/conformance/values.hpp"
#include "storage/trie_edit.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

struct Step {
  Bytes key;
  Bytes value;  ///< empty: remove
};

Bytes text_or_hex(const json& value) {
  if (value.is_null()) return {};
  const auto& text = value.get_ref<const std::string&>();
  return text.starts_with("0x") ? bytes_of(text) : to_bytes(as_bytes(text));
}

std::vector<Step> steps_of(const json& in, bool secure) {
  std::vector<Step> out;
  const auto add = [&](const json& key, const json& value) {
    Bytes bytes = text_or_hex(key);
    if (secure) bytes = to_bytes(keccak256(bytes));
    out.push_back({std::move(bytes), text_or_hex(value)});
  };
  if (in.is_array())
    for (const json& pair : in) add(pair.at(0), pair.at(1));
  else
    for (const auto& [key, value] : in.items()) add(key, value);
  return out;
}

RootHash root_at_once(const std::vector<Step>& steps) {
  std::map<Bytes, Bytes> entries;
  for (const Step& step : steps)
    if (step.value.empty())
      entries.erase(step.key);
    else
      entries[step.key] = step.value;
  const std::vector<std::pair<Bytes, Bytes>> sorted(entries.begin(), entries.end());
  return trie_root(sorted);
}

Bytes nibbles_of(ByteView key) {
  Bytes out;
  for (const std::uint8_t byte : key) {
    out.push_back(byte >> 4);
    out.push_back(byte & 15);
  }
  return out;
}

/// By the state's tries, a change at a time.
RootHash root_by_steps(const std::vector<Step>& steps) {
  trie::NodePtr root;
  trie::Paths emptied;
  const std::optional<AddressHash> none;
  std::uint32_t now = 0;
  for (const Step& step : steps) {
    const Bytes key = nibbles_of(step.key);
    const trie::Change change{key, step.value};
    root = trie::Editor(nullptr, none, emptied, ++now).update(root, {&change, 1});
    trie::hash_tries({&root, 1});
  }
  return root ? trie::root_hash(root) : kEmptyRoot;
}

std::string compare(const char* how, const RootHash& got, const RootHash& wanted) {
  if (got == wanted) return {};
  return "expected root " + wanted.hex() + ", " + how + " gave " + got.hex();
}

/// The first key past `key` and the last before it; empty where there is none.
std::string check_neighbours(const std::vector<std::string>& keys, const json& one) {
  const std::string key = one.at(0), before = one.at(1), after = one.at(2);
  const auto above = std::ranges::upper_bound(keys, key);
  const auto below = std::ranges::lower_bound(keys, key);
  const std::string next = above == keys.end() ? "" : *above;
  const std::string previous = below == keys.begin() ? "" : *std::prev(below);
  if (next == after && previous == before) return {};
  return "around \"" + key + "\" expected \"" + before + "\" and \"" + after + "\", got \"" + previous +
         "\" and \"" + next + "\"";
}
}  // namespace

void run_trie_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  if (test.json.contains("tests")) {
    std::vector<std::string> keys = test.json.at("in");
    std::ranges::sort(keys);
    std::string wrong;
    for (const json& one : test.json.at("tests"))
      if (wrong.empty()) wrong = check_neighbours(keys, one);
    return results.judge(Kind::trie, "-", test.name, wrong);
  }
  std::string stem = test.stem();
  std::ranges::transform(stem, stem.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool secure = stem.find("secure") != std::string::npos;
  const auto wanted = fixed_of<RootHash>(test.json.at("root"));
  std::vector<Step> steps = steps_of(test.json.at("in"), secure);
  std::string wrong = compare("the trie built at once", root_at_once(steps), wanted);
  if (secure && wrong.empty()) wrong = compare("the trie built by steps", root_by_steps(steps), wanted);
  if (secure && wrong.empty() && test.json.at("in").is_object()) {
    std::ranges::reverse(steps);
    wrong = compare("the trie built backwards", root_by_steps(steps), wanted);
  }
  results.judge(Kind::trie, "-", test.name, wrong);
}

}  // namespace quarry::conformance
