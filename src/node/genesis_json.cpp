#include "node/genesis_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "consensus/base_fee.hpp"
#include "consensus/jbc/json.hpp"
#include "core/hex.hpp"
#include "node/clique_extra.hpp"
#include "node/genesis_keys.hpp"
#include "node/json_tree.hpp"

namespace quarry {
namespace {
using Kind = JsonValue::Kind;
/// A contract in the genesis may have as many bytes; EIP-170 allows 24 KiB, older chains more.
constexpr std::size_t kMaxCodeBytes = std::size_t{1} << 20;
/// SHA-256 of nothing: the requests hash of a block without requests (EIP-7685).
constexpr std::string_view kEmptyRequestsHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A block cannot hold more blobs than this, whatever its schedule says.
constexpr std::uint64_t kMostBlobs = std::uint64_t{1} << 20;

/// Reads one file. Every reader returns false when the first error is set.
class GenesisReader {
 public:
  Result<GenesisFile> read(const JsonValue& root) {
    if (!root.is(Kind::object))
      return fail("invalid genesis file: it holds " + std::string(name_of(root.kind)),
                  "A genesis file is one JSON object: { \"config\": …, \"difficulty\": …, … }");
    const bool fine = read_top(root) && read_config(root) && read_alloc(root) && check_extra_data(root);
    if (!fine) return tl::unexpected(error_);
    if (out_.genesis.spec.engine == EngineKind::jbc) {
      if (!shape_jbc(root)) return tl::unexpected(error_);
      return std::move(out_);
    }
    fill_fork_fields();
    return std::move(out_);
  }

 private:
  bool set_error(std::string what, std::string remedy = {}) {
    error_ = {"invalid genesis file: " + std::move(what), std::move(remedy)};
    return false;
  }
  bool bad_value(const JsonValue& value, const std::string& path, std::string_view what) {
    return set_error(fmt::format("line {}: {}: {}", value.line, path, what));
  }
  static std::string shown(const JsonValue& value) {
    if (value.is(Kind::string) || value.is(Kind::number))
      return fmt::format("\"{}\"", value.text.size() > 80 ? value.text.substr(0, 77) + "…" : value.text);
    return name_of(value.kind);
  }
  void warn(std::string text) {
    // A file of nothing but unknown keys must not fill the log.
    constexpr std::size_t kMostWarnings = 50;
    if (out_.warnings.size() < kMostWarnings) out_.warnings.push_back(std::move(text));
  }

  template <class Known>
  void warn_odd_keys(const JsonValue& object, std::string_view where, const Known& known) {
    std::unordered_set<std::string> seen;
    for (const auto& [key, value] : object.members) {
      std::string letters = key;
      for (char& c : letters) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (!seen.insert(std::move(letters)).second)
        warn(fmt::format("line {}: {}\"{}\" is given twice; the last counts", value.line, where, key));
      if (!known(key))
        warn(fmt::format("line {}: unknown key {}\"{}\" has no effect", value.line, where, key));
    }
  }

  // Values. An absent or null member leaves `out` as it is.
  bool number(const JsonValue& value, const std::string& path, U256& out) {
    if (!value.is(Kind::string) && !value.is(Kind::number))
      return bad_value(value, path, fmt::format("{} where a number belongs", name_of(value.kind)));
    if (value.text.empty()) return out = U256{}, true;
    const auto parsed = U256::parse(value.text.starts_with("0X") ? "0x" + value.text.substr(2) : value.text);
    if (!parsed || value.text == "0x" || value.text == "0X")
      return bad_value(
          value, path,
          fmt::format("{} is not a number of at most 256 bits (hex after 0x, or decimal)", shown(value)));
    out = *parsed;
    return true;
  }
  bool number(const JsonValue& value, const std::string& path, std::uint64_t& out) {
    U256 wide;
    if (!number(value, path, wide)) return false;
    if (!wide.fits_u64()) return bad_value(value, path, fmt::format("{} does not fit 64 bits", shown(value)));
    out = wide.low64();
    return true;
  }
  bool bytes(const JsonValue& value, const std::string& path, Bytes& out, std::size_t most) {
    if (!value.is(Kind::string))
      return bad_value(value, path, fmt::format("{} where hex bytes belong", name_of(value.kind)));
    if (value.text.empty()) return out.clear(), true;
    if (!value.text.starts_with("0x"))
      return bad_value(value, path, fmt::format("{}: hex string without 0x prefix", shown(value)));
    if (value.text.size() % 2 != 0)
      return bad_value(value, path, fmt::format("{}: hex string of odd length", shown(value)));
    if (value.text.size() / 2 - 1 > most)
      return bad_value(value, path, fmt::format("{} bytes, most is {}", value.text.size() / 2 - 1, most));
    auto read = from_hex(value.text);
    if (!read) return bad_value(value, path, fmt::format("{}: not hex digits", shown(value)));
    out = std::move(*read);
    return true;
  }
  template <class Tag, std::size_t N>
  bool fixed(const JsonValue& value, const std::string& path, FixedBytes<Tag, N>& out) {
    Bytes read;
    if (!bytes(value, path, read, kMaxExtraDataBytes)) return false;
    const auto exact = FixedBytes<Tag, N>::from(read);
    if (!exact) return bad_value(value, path, fmt::format("{} bytes where {} belong", read.size(), N));
    out = *exact;
    return true;
  }
  static const JsonValue* present(const JsonValue& object, std::string_view key) {
    const JsonValue* value = object.find(key);
    return value == nullptr || value->is(Kind::null) ? nullptr : value;
  }
  template <class T>
  bool maybe_number(const JsonValue& object, const char* key, T& out) {
    const JsonValue* value = present(object, key);
    return value == nullptr || number(*value, key, out);
  }
  template <class T>
  bool maybe_number(const JsonValue& object, const char* key, std::optional<T>& out) {
    const JsonValue* value = present(object, key);
    return value == nullptr || number(*value, key, out.emplace());
  }
  template <class T>
  bool maybe_fixed(const JsonValue& object, const char* key, T& out) {
    const JsonValue* value = present(object, key);
    return value == nullptr || fixed(*value, key, out);
  }

  bool need(const JsonValue& root, const char* key, std::string_view example) {
    if (present(root, key) != nullptr) return true;
    return set_error(fmt::format("missing required field '{}' for Genesis", key),
                     fmt::format("Add \"{}\": {} to the file's outermost braces.", key, example));
  }

  bool read_top(const JsonValue& root) {
    Header& header = out_.genesis.header;
    warn_odd_keys(root, "", [](std::string_view key) { return one_of(kTopKeys, key); });
    // The JSON-file chain has neither gas nor accounts, and its difficulty follows from the zeros.
    if (!asks_for_jbc(root) && (!need(root, "gasLimit", "\"0x2fefd8\"") ||
                                !need(root, "difficulty", "\"0x20000\"") || !need(root, "alloc", "{}")))
      return false;
    std::uint64_t nonce = 0;
    const JsonValue* extra = present(root, "extraData");
    const bool fine =
        maybe_number(root, "nonce", nonce) && maybe_number(root, "timestamp", header.timestamp) &&
        (extra == nullptr || bytes(*extra, "extraData", header.extra_data, kMaxExtraDataBytes)) &&
        maybe_number(root, "gasLimit", header.gas_limit) &&
        maybe_number(root, "difficulty", header.difficulty) &&
        maybe_fixed(root, "mixHash", header.mix_hash) && maybe_fixed(root, "coinbase", header.beneficiary) &&
        maybe_number(root, "number", header.number) && maybe_number(root, "gasUsed", header.gas_used) &&
        maybe_fixed(root, "parentHash", header.parent_hash) &&
        maybe_number(root, "baseFeePerGas", header.base_fee_per_gas) &&
        maybe_number(root, "excessBlobGas", header.excess_blob_gas) &&
        maybe_number(root, "blobGasUsed", header.blob_gas_used);
    for (unsigned i = 0; i < 8; ++i) header.nonce.bytes[i] = static_cast<std::uint8_t>(nonce >> (56 - 8 * i));
    if (fine && header.number != 0)
      return bad_value(*present(root, "number"), "number", "a genesis block has number 0");
    return fine;
  }

  static bool asks_for_jbc(const JsonValue& root) {
    const JsonValue* config = present(root, "config");
    return config != nullptr && config->is(Kind::object) && present(*config, "jbc") != nullptr;
  }

  static bool is_config_key(std::string_view key) {
    if (one_of(kConfigKeys, key)) return true;
    return std::any_of(kForkTable.begin(), kForkTable.end(), [&](const ForkInfo& row) {
      return same_key(key, row.block_key) || (!row.time_key.empty() && same_key(key, row.time_key));
    });
  }

  bool read_config(const JsonValue& root) {
    const JsonValue* config = present(root, "config");
    if (config == nullptr) {
      error_ = {"genesis has no chain configuration",
                "Add \"config\": {\"chainId\": 1999, \"homesteadBlock\": 0, \"eip150Block\": 0, "
                "\"eip155Block\": 0, "
                "\"eip158Block\": 0, \"byzantiumBlock\": 0} to the genesis file."};
      return false;
    }
    if (!config->is(Kind::object))
      return bad_value(*config, "config", fmt::format("{} where an object belongs", name_of(config->kind)));
    warn_odd_keys(*config, "config.", [&](std::string_view key) {
      return is_config_key(key) || one_of(kConfigKeysWithoutEffect, key);
    });
    ChainSpec& spec = out_.genesis.spec;
    if (present(*config, "chainId") == nullptr && !asks_for_jbc(root))
      warn("config has no \"chainId\": it is 0, and wallets may refuse to sign");
    if (!maybe_config_flag(*config, "daoForkSupport", spec.dao_fork_support) ||
        !maybe_config_flag(*config, "zeroBaseFee", spec.zero_base_fee))
      return false;
    if (!maybe_config_number(*config, "chainId", spec.chain_id)) return false;
    if (present(*config, "terminalTotalDifficulty") != nullptr &&
        !maybe_config_number(*config, "terminalTotalDifficulty", spec.terminal_total_difficulty.emplace()))
      return false;
    const JsonValue* deposits = present(*config, "depositContractAddress");
    if (deposits != nullptr && !fixed(*deposits, "config.depositContractAddress", spec.deposit_contract))
      return false;
    return read_forks(*config) && read_blob_schedule(*config) && read_engine(*config) && check_merge(*config);
  }

  /// Keys are forks, as in their times' keys: "cancun", "bpo1".
  bool read_blob_schedule(const JsonValue& config) {
    const JsonValue* schedule = present(config, "blobSchedule");
    if (schedule == nullptr) return true;
    if (!schedule->is(Kind::object))
      return bad_value(*schedule, "config.blobSchedule",
                       fmt::format("{} where an object belongs", name_of(schedule->kind)));
    for (const auto& [key, value] : schedule->members) {
      const auto row =
          std::find_if(kForkTable.begin(), kForkTable.end(), [time_key = key + "Time"](const auto& each) {
            return each.fork >= Fork::cancun && same_key(time_key, each.time_key);
          });
      const std::string path = "config.blobSchedule." + key.substr(0, 80);
      if (row == kForkTable.end())
        warn(fmt::format("line {}: unknown fork {} has no effect", value.line, path));
      else if (!read_blob_params(value, path, out_.genesis.spec.blob_schedule[row->fork]))
        return false;
    }
    return true;
  }

  bool read_blob_params(const JsonValue& value, const std::string& path, BlobParams& out) {
    if (!value.is(Kind::object))
      return bad_value(value, path, fmt::format("{} where an object belongs", name_of(value.kind)));
    if (!maybe_config_number(value, "target", out.target, path + ".") ||
        !maybe_config_number(value, "max", out.max, path + ".") ||
        !maybe_config_number(value, "baseFeeUpdateFraction", out.update_fraction, path + "."))
      return false;
    if (out.max > kMostBlobs) return bad_value(value, path + ".max", fmt::format("{} at most", kMostBlobs));
    if (out.target > out.max)
      return bad_value(value, path, fmt::format("target {} is above max {}", out.target, out.max));
    if (out.update_fraction == 0) return bad_value(value, path + ".baseFeeUpdateFraction", "must not be 0");
    return true;
  }

  /// After the merge a header's fields come one fork after the other, each with those before it.
  bool check_merge(const JsonValue& config) {
    const ChainSpec& spec = out_.genesis.spec;
    if (!spec.terminal_total_difficulty) return true;
    const JsonValue& at = *present(config, "terminalTotalDifficulty");
    if (spec.engine == EngineKind::jbc)
      return bad_value(at, "config.terminalTotalDifficulty", "a jbc chain has no merge");
    constexpr std::array kOrder = {Fork::london, Fork::shanghai, Fork::cancun, Fork::prague, Fork::osaka};
    for (std::size_t i = 1; i < kOrder.size(); ++i) {
      const auto &before = spec.forks[kOrder[i - 1]], &after = spec.forks[kOrder[i]];
      const bool late = before && after && before->by == after->by && before->at > after->at;
      if (after && (!before || late))
        return bad_value(at, "config",
                         fmt::format("{} is set, {} is not set before it; after the merge each "
                                     "fork needs the one before",
                                     info(kOrder[i]).name, info(kOrder[i - 1]).name));
    }
    return true;
  }

  bool maybe_config_flag(const JsonValue& config, std::string_view key, bool& out) {
    const JsonValue* value = present(config, key);
    if (value == nullptr) return true;
    if (!value->is(Kind::boolean))
      return bad_value(*value, fmt::format("config.{}", key), "neither true nor false");
    out = value->flag;
    return true;
  }

  template <class T>
  bool maybe_config_number(const JsonValue& object, std::string_view key, T& out,
                           std::string_view where = "config.") {
    const JsonValue* value = present(object, key);
    return value == nullptr || number(*value, fmt::format("{}{}", where, key), out);
  }

  bool read_forks(const JsonValue& config) {
    for (const ForkInfo& row : kForkTable) {
      const JsonValue* block = present(config, row.block_key);
      const JsonValue* time = row.time_key.empty() ? nullptr : present(config, row.time_key);
      if (block != nullptr && time != nullptr)
        return bad_value(*time, fmt::format("config.{}", row.time_key),
                         fmt::format("{} is given as well; keep one", row.block_key));
      if (block == nullptr && time == nullptr) continue;
      Activation activation{block != nullptr ? Activation::By::block : Activation::By::time, 0};
      const std::string path = fmt::format("config.{}", block != nullptr ? row.block_key : row.time_key);
      if (!number(block != nullptr ? *block : *time, path, activation.at)) return false;
      out_.genesis.spec.forks[row.fork] = activation;
    }
    return true;
  }

  bool read_engine(const JsonValue& config) {
    ChainSpec& spec = out_.genesis.spec;
    const std::array<std::pair<const char*, EngineKind>, 3> engines = {
        {{"clique", EngineKind::clique}, {"jbc", EngineKind::jbc}, {"ethash", EngineKind::ethash}}};
    unsigned given = 0;
    for (const auto& [key, kind] : engines) {
      const JsonValue* block = present(config, key);
      if (block == nullptr) continue;
      if (!block->is(Kind::object))
        return bad_value(*block, fmt::format("config.{}", key), "an object belongs here, {} at least");
      if (given++ == 0) spec.engine = kind;
      if (kind == EngineKind::clique && !read_clique(*block)) return false;
      std::uint64_t zeros = spec.jbc.zeros;
      if (kind == EngineKind::jbc && !maybe_config_number(*block, "zeros", zeros, "config.jbc."))
        return false;
      if (zeros > 64) return bad_value(*block, "config.jbc.zeros", "a hash has 64 hex digits");
      spec.jbc.zeros = static_cast<unsigned>(zeros);
    }
    if (given > 1) warn("config names more than one engine; clique goes before jbc and ethash");
    return true;
  }

  bool read_clique(const JsonValue& block) {
    CliqueParams& params = out_.genesis.spec.clique;
    if (!maybe_config_number(block, "period", params.period, "config.clique.") ||
        !maybe_config_number(block, "epoch", params.epoch, "config.clique."))
      return false;
    if (params.epoch == 0) params.epoch = CliqueParams{}.epoch;  // as geth
    const JsonValue* ordered = present(block, "eip3436");
    if (ordered != nullptr && !ordered->is(Kind::boolean))
      return bad_value(*ordered, "config.clique.eip3436", "neither true nor false");
    params.eip3436 = ordered != nullptr && ordered->flag;
    return true;
  }

  bool read_alloc(const JsonValue& root) {
    if (present(root, "alloc") == nullptr) return true;  // read_top() let it pass
    const JsonValue& alloc = *present(root, "alloc");
    if (!alloc.is(Kind::object))
      return bad_value(alloc, "alloc", fmt::format("{} where an object belongs", name_of(alloc.kind)));
    std::unordered_map<Address, std::uint32_t> seen;
    for (const auto& [key, value] : alloc.members) {
      const auto address = Address::from_hex(key);
      if (!address)
        return bad_value(value, fmt::format("alloc.\"{}\"", key.substr(0, 80)),
                         "not an address (40 hex digits, with or without 0x)");
      if (const auto [first, fresh] = seen.emplace(*address, value.line); !fresh)
        return bad_value(value, fmt::format("alloc.{}", address->hex()),
                         fmt::format("the address is given on line {} already", first->second));
      if (!read_account(*address, value)) return false;
    }
    return true;
  }

  bool read_account(const Address& address, const JsonValue& value) {
    const std::string path = fmt::format("alloc.{}", address.hex());
    if (!value.is(Kind::object))
      return bad_value(value, path, fmt::format("{} where an object belongs", name_of(value.kind)));
    warn_odd_keys(value, path + ".", [](std::string_view key) { return one_of(kAccountKeys, key); });
    GenesisAccount account{.address = address};
    const JsonValue* balance = present(value, "balance");
    if (balance == nullptr)
      return set_error(
          fmt::format("missing required field 'balance' for GenesisAccount (line {}, {})", value.line, path),
          "Give it a \"balance\", \"0\" if it has none.");
    if (!number(*balance, path + ".balance", account.balance)) return false;
    const JsonValue *nonce = present(value, "nonce"), *code = present(value, "code"),
                    *storage = present(value, "storage");
    if (nonce != nullptr && !number(*nonce, path + ".nonce", account.nonce)) return false;
    if (code != nullptr && !bytes(*code, path + ".code", account.code, kMaxCodeBytes)) return false;
    if (storage != nullptr && !read_storage(*storage, path + ".storage", account)) return false;
    if (present(value, "secretKey") != nullptr)
      warn(fmt::format("line {}: {}.secretKey is not used", value.line, path));
    out_.genesis.alloc.push_back(std::move(account));
    return true;
  }

  bool read_storage(const JsonValue& storage, const std::string& path, GenesisAccount& account) {
    if (!storage.is(Kind::object))
      return bad_value(storage, path, fmt::format("{} where an object belongs", name_of(storage.kind)));
    std::unordered_set<SlotKey> seen;
    for (const auto& [key, value] : storage.members) {
      std::pair<SlotKey, SlotValue> slot;
      JsonValue key_text{.kind = Kind::string, .text = key, .line = value.line};
      if (!word(key_text, path + " key", slot.first) ||
          !word(value, fmt::format("{}.{}", path, key.substr(0, 80)), slot.second))
        return false;
      if (!seen.insert(slot.first).second)
        return bad_value(value, path, fmt::format("slot {} is given twice", slot.first.hex()));
      account.storage.push_back(slot);
    }
    return true;
  }

  /// Up to 32 bytes of hex, filled with zeros from the left, as geth takes storage.
  template <class Tag>
  bool word(const JsonValue& value, const std::string& path, FixedBytes<Tag, 32>& out) {
    if (!value.is(Kind::string))
      return bad_value(value, path, fmt::format("{} where hex bytes belong", name_of(value.kind)));
    std::string digits = value.text.starts_with("0x") ? value.text.substr(2) : value.text;
    if (digits.size() > 64)
      return bad_value(value, path, fmt::format("{}: more than 32 bytes", shown(value)));
    digits.insert(0, 64 - digits.size(), '0');
    const auto read = FixedBytes<Tag, 32>::from_hex(digits);
    if (!read) return bad_value(value, path, fmt::format("{}: not hex digits", shown(value)));
    out = *read;
    return true;
  }

  bool check_extra_data(const JsonValue& root) {
    const std::size_t size = out_.genesis.header.extra_data.size();
    const JsonValue* extra = present(root, "extraData");
    if (out_.genesis.spec.engine == EngineKind::ethash && size > 32)
      warn(fmt::format("extraData has {} bytes; other clients accept at most 32", size));
    if (out_.genesis.spec.engine != EngineKind::clique) return true;
    const CliqueExtra judged = check_clique_extra(out_.genesis.header.extra_data);
    for (const std::string& odd : judged.warnings) warn(odd);
    return !judged.fault || bad_value(extra == nullptr ? root : *extra, "extraData", *judged.fault);
  }

  /// Block 0 of the JSON-file chain: what has no meaning there is left out.
  bool shape_jbc(const JsonValue& root) {
    Genesis& genesis = out_.genesis;
    if (!genesis.alloc.empty()) warn("alloc has no effect: a jbc chain has no accounts");
    if (std::exchange(genesis.spec.forks, {}) != ForkSchedule{}) warn("forks have no effect on a jbc chain");
    genesis.alloc.clear();
    genesis.header = jbc::genesis_header(genesis.header, genesis.spec.jbc.zeros);
    const auto block = jbc::from_header(genesis.header);
    if (!block || !jbc::check_form(*block)) return true;
    const JsonValue* extra = present(root, "extraData");
    return bad_value(extra == nullptr ? root : *extra, "extraData",
                     "it must be the data of a jbc block, text in UTF-8: " + jbc::check_form(*block)->detail);
  }

  /// Later forks that hold from block 0 on give the genesis header their fields; those after London only on a
  /// chain that merges.
  void fill_fork_fields() {
    Header& header = out_.genesis.header;
    const Rules rules = out_.genesis.spec.forks.rules(0, header.timestamp);
    if (!rules.has(Fork::london)) {
      if (header.base_fee_per_gas) warn("baseFeePerGas has no effect: London is not set at block 0");
      header.base_fee_per_gas.reset();
    } else if (!header.base_fee_per_gas) {
      header.base_fee_per_gas = initial_base_fee(out_.genesis.spec);
    }
    const bool merges = out_.genesis.spec.terminal_total_difficulty.has_value();
    if (merges && rules.has(Fork::shanghai)) header.withdrawals_root = kEmptyRoot;
    if (merges && rules.has(Fork::cancun)) {
      header.blob_gas_used = header.blob_gas_used.value_or(0);
      header.excess_blob_gas = header.excess_blob_gas.value_or(0);
      header.parent_beacon_block_root = Hash256{};
    } else {
      header.blob_gas_used.reset();
      header.excess_blob_gas.reset();
    }
    if (merges && rules.has(Fork::prague)) header.requests_hash = Hash256::from_hex(kEmptyRequestsHash);
  }

  GenesisFile out_;
  Error error_;
};

}  // namespace

Result<GenesisFile> parse_genesis(std::string_view text) {
  if (text.size() > kMaxGenesisBytes)
    return fail(fmt::format("invalid genesis file: {} bytes, most is {}", text.size(), kMaxGenesisBytes));
  auto tree = parse_json_tree(text);
  if (!tree)
    return fail("invalid genesis file: " + tree.error().what,
                "Look for a missing comma, quote or brace there.");
  return GenesisReader().read(*tree);
}

}  // namespace quarry
