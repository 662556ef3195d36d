/// \file
/// `quarry genesis new`: a genesis file from options, and from answers on a terminal.

#include "consensus/genesis.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "consensus/clique/snapshot.hpp"
#include "node/clique_extra.hpp"
#include "node/commands/commands.hpp"
#include "node/genesis_json.hpp"
#include "node/options.hpp"

namespace quarry {
namespace {
using New = NodeOptions::GenesisNew;

constexpr std::uint64_t kDefaultChainId = 1999;
constexpr std::uint64_t kDefaultPeriod = 5;
constexpr std::uint64_t kDefaultDifficulty = 0x20000;
constexpr std::string_view kDefaultForks = "london";
constexpr std::string_view kDefaultEther = "1000";
constexpr int kWeiDigits = 18;

/// What was not given, asked for on the terminal; without one, its default. Questions go to standard error,
/// so that the file can go to the standard output.
class Asker {
 public:
  explicit Asker(bool on_terminal) : on_terminal_(on_terminal) {}
  bool on_terminal() const { return on_terminal_; }
  /// An empty answer, and the end of input, mean `fallback`.
  std::string ask(std::string_view question, std::string_view fallback) const {
    if (!on_terminal_) return std::string(fallback);
    fmt::print(stderr, "{}{}: ", question, fallback.empty() ? "" : fmt::format(" [{}]", fallback));
    std::fflush(stderr);
    std::string line;
    std::getline(std::cin, line);
    return line.empty() ? std::string(fallback) : line;
  }
  Result<std::uint64_t> number(std::optional<std::uint64_t> given, std::string_view question,
                               std::uint64_t fallback) const {
    if (given) return *given;
    const std::string text = ask(question, std::to_string(fallback));
    const auto value = U256::parse(text);
    if (value && value->fits_u64()) return value->low64();
    return fail(fmt::format("\"{}\" is not a whole number below 2^64", text));
  }

 private:
  const bool on_terminal_;
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : std::string(text) + " ") {
    if (c != ' ' && c != ',') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

Result<Address> address_of_text(std::string_view text) {
  if (const auto address = Address::from_hex(text)) return *address;
  return fail(fmt::format("\"{}\" is not an address", text),
              "An address is 40 hex digits, with or without 0x.");
}

Result<EngineChoice> engine_of(const New& given, const Asker& asker) {
  if (given.engine) return *given.engine;
  if (!asker.on_terminal())
    return fail("how are blocks made?",
                "Say --clique ADDR…, --ethash or --jbc; on a terminal you are asked.");
  const std::string text =
      asker.ask("How are blocks made: clique (signed), ethash (mined) or jbc (JSON files)", "clique");
  if (text == "clique") return EngineChoice::clique;
  if (text == "ethash") return EngineChoice::ethash;
  if (text == "jbc") return EngineChoice::jbc;
  return fail(fmt::format("\"{}\" is none of clique, ethash, jbc", text));
}

/// All forks up to the one named, by its name in genesis files ("london" for londonBlock) or ours.
Result<> set_forks(ForkSchedule& forks, std::string_view newest) {
  const auto is = [&](const ForkInfo& row) {
    const auto key = [](std::string_view name, std::string_view end) {
      return name.substr(0, name.size() - std::min(name.size(), end.size()));
    };
    std::string name(row.name);
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    return newest == name || newest == key(row.block_key, "Block") || newest == key(row.time_key, "Time");
  };
  if (newest == "none" || newest == "frontier") return {};
  const auto* last =
      newest == "latest" ? &info(Fork::osaka) : std::find_if(kForkTable.begin(), kForkTable.end(), is);
  if (last == kForkTable.end())
    return fail(
        fmt::format("unknown fork \"{}\"", newest),
        "Name one as genesis files do: homestead, byzantium, istanbul, berlin, london, shanghai, cancun, "
        "prague, osaka; or latest, or none.");
  for (const ForkInfo& row : kForkTable) {
    if (row.fork > last->fork) break;
    // The DAO's was a matter of Ethereum's main chain, the netsplit is for merging chains.
    if (row.fork == Fork::dao || row.fork == Fork::merge_netsplit) continue;
    forks[row.fork] = Activation{row.block_key.empty() ? Activation::By::time : Activation::By::block, 0};
  }
  return {};
}

/// "ADDR" or "ADDR=ETHER".
Result<GenesisAccount> funded(std::string_view text) {
  const auto equals = text.find('=');
  const auto address = address_of_text(text.substr(0, equals));
  if (!address) return tl::unexpected(address.error());
  const std::string_view ether = equals == std::string_view::npos ? kDefaultEther : text.substr(equals + 1);
  const auto wei = U256::parse(std::string(ether) + std::string(kWeiDigits, '0'));
  if (!wei || ether.empty() || ether.starts_with("0x"))
    return fail(fmt::format("\"{}\" is not a whole number of ether", ether), "Write --fund ADDR=1000.");
  return GenesisAccount{*address, *wei, 0, {}, {}};
}

/// What stands on the command line besides options: more signers (--clique A B C), and the file to write.
struct Words {
  std::vector<std::string> signers;
  std::string file;
};

/// An address that lacks a digit is no file's name.
bool is_meant_as_address(std::string_view word) {
  if (word.starts_with("0x") || word.starts_with("0X")) return true;
  return word.size() > 20 && word.find_first_not_of("0123456789abcdefABCDEF") == word.npos;
}

Result<Words> words_of_line(const NodeOptions& options) {
  Words out{options.genesis_new.signers, options.genesis_new.out.string()};
  for (const std::string& word : std::span(options.args).subspan(1)) {
    if (is_meant_as_address(word)) {
      out.signers.push_back(word);
    } else if (out.file.empty()) {
      out.file = word;
    } else {
      return fail(fmt::format("two files to write to: \"{}\" and \"{}\"", out.file, word),
                  "Name one, as the last word or after --out.");
    }
  }
  return out;
}

Result<std::vector<Address>> signers_of(std::vector<std::string> words, const Asker& asker) {
  if (words.empty()) words = words_of(asker.ask("Addresses of the signers", ""));
  std::vector<Address> out;
  for (const std::string& word : words) {
    const auto address = address_of_text(word);
    if (!address) return tl::unexpected(address.error());
    out.push_back(*address);
  }
  if (out.empty())
    return fail("an authority chain needs a signer",
                "Make an account with `quarry account new`, and name it.");
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<> make_clique(const NodeOptions& options, const std::vector<std::string>& words, const Asker& asker,
                     Genesis& genesis, std::vector<Address>& signers) {
  auto named = signers_of(words, asker);
  if (!named) return tl::unexpected(named.error());
  signers = std::move(*named);
  const auto period = asker.number(options.genesis_new.period,
                                   "Seconds between blocks (0: when there are transactions)", kDefaultPeriod);
  if (!period) return tl::unexpected(period.error());
  genesis.spec.engine = EngineKind::clique;
  genesis.spec.clique = {*period, options.genesis_new.epoch.value_or(CliqueParams{}.epoch),
                         options.genesis_new.eip3436};
  genesis.header.difficulty = 1;
  Bytes& extra = genesis.header.extra_data;
  extra.resize(clique::kVanityBytes);
  for (const Address& signer : signers) append(extra, signer);
  extra.resize(extra.size() + clique::kSealBytes);
  return {};
}

Result<> make_accounts(const NodeOptions& options, const Asker& asker, std::span<const Address> signers,
                       Genesis& genesis) {
  auto words = options.genesis_new.funds;
  if (words.empty() && asker.on_terminal())
    words = words_of(asker.ask("Accounts that have ether from the start, as ADDR or ADDR=ETHER",
                               signers.empty() ? "none" : "the signers"));
  if (words.empty() || words == words_of("none") || words == words_of("the signers")) {
    words.clear();
    for (const Address& signer : signers) words.push_back(signer.hex());
  }
  for (const std::string& word : words) {
    auto account = funded(word);
    if (!account) return tl::unexpected(account.error());
    genesis.alloc.push_back(std::move(*account));
  }
  return {};
}

Result<> make_ethereum(const NodeOptions& options, const Asker& asker, std::span<const Address> signers,
                       Genesis& genesis) {
  const auto chain_id = asker.number(options.genesis_new.chain_id, "Chain id", kDefaultChainId);
  if (!chain_id) return tl::unexpected(chain_id.error());
  genesis.spec.chain_id = *chain_id;
  const std::string forks =
      options.genesis_new.forks ? *options.genesis_new.forks : asker.ask("All forks up to", kDefaultForks);
  if (auto set = set_forks(genesis.spec.forks, forks); !set) return set;
  genesis.header.gas_limit = options.gas_target;  // where our blocks stay
  return make_accounts(options, asker, signers, genesis);
}

void tell(const Genesis& genesis, std::span<const Address> signers, const std::string& file) {
  const std::string name = file.empty() ? "GENESIS.json" : file;
  fmt::print(stderr, "Block 0 is {}.\n", genesis_block(genesis).hash().hex());
  if (!signers.empty()) {
    const std::size_t needed = signers.size() / 2 + 1;
    fmt::print(stderr, "{} of the {} signers must be running for blocks to be made.\n", needed,
               signers.size());
  }
  fmt::print(stderr, "On each node: quarry init {} --datadir DIR\n", name);
  if (signers.empty())
    fmt::print(stderr, "then:         quarry --datadir DIR --mine\n");
  else
    fmt::print(stderr, "each signer:  quarry --datadir DIR --unlock ADDRESS --password FILE --mine\n");
}

/// Looked at before anything is asked.
Result<> check_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!path.empty() && std::filesystem::exists(path, ignored))
    return fail(fmt::format("{} is there already", path.string()), "Give another name, or remove it.");
  return {};
}

Result<> write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << '\n';
  file.close();
  if (file.fail())
    return fail(fmt::format("cannot write {}", path.string()),
                "Name a file in a folder that you may write to.");
  return {};
}
}  // namespace

Result<int> run_genesis(const NodeOptions& options) {
  if (options.args[0] != "new")
    return fail(fmt::format("unknown command \"genesis {}\"", options.args[0]), "Write: quarry genesis new");
  const Asker asker(isatty(STDIN_FILENO) != 0);
  const auto engine = engine_of(options.genesis_new, asker);
  if (!engine) return tl::unexpected(engine.error());
  const auto words = words_of_line(options);
  if (!words) return tl::unexpected(words.error());
  if (!words->signers.empty() && *engine != EngineChoice::clique)
    return fail(fmt::format("\"{}\" has no meaning here", words->signers.front()),
                "Addresses are those of signers: --clique.");
  if (auto free = check_file(words->file); !free) return tl::unexpected(free.error());
  Genesis genesis;
  std::vector<Address> signers;
  Result<> made;
  if (*engine == EngineChoice::jbc) {
    const auto given = options.jbc_zeros ? std::optional<std::uint64_t>(*options.jbc_zeros) : std::nullopt;
    const auto zeros = asker.number(given, "Zeros that a block's hash begins with", JbcParams{}.zeros);
    if (!zeros) return tl::unexpected(zeros.error());
    genesis.spec.engine = EngineKind::jbc;
    genesis.spec.jbc.zeros = static_cast<unsigned>(std::min<std::uint64_t>(*zeros, 64));
  } else {
    genesis.header.difficulty = options.genesis_new.difficulty.value_or(kDefaultDifficulty);
    if (*engine == EngineChoice::clique) made = make_clique(options, words->signers, asker, genesis, signers);
    if (made) made = make_ethereum(options, asker, signers, genesis);
    if (!made) return tl::unexpected(made.error());
  }
  // What is written is read as init will read it: it cannot be wrong.
  const auto read = parse_genesis(genesis_to_json(genesis));
  if (!read) return tl::unexpected(read.error());
  for (const std::string& warning : read->warnings) fmt::print(stderr, "Note: {}\n", warning);
  const std::string text = genesis_to_json(read->genesis), &out = words->file;
  if (out.empty()) {
    fmt::print("{}\n", text);
  } else if (auto written = write_file(out, text); !written) {
    return tl::unexpected(written.error());
  }
  tell(read->genesis, signers, out);
  return 0;
}

}  // namespace quarry
