#include "node/options.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "node/commands/commands.hpp"
#include "node/options_table.hpp"

namespace quarry {
namespace {
using Tokens = std::span<const std::string>;

/// Dashes that word processors and web pages put where "-" or "--" was typed.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFancyDashes = {
    {{"\u2013", "U+2013"},
     {"\u2014", "U+2014"},
     {"\u2012", "U+2012"},
     {"\u2212", "U+2212"},
     {"\u2011", "U+2011"}}};
constexpr std::array<std::string_view, 4> kFancyQuotes = {"\u201c", "\u201d", "\u2018", "\u2019"};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({change, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

/// The known word that is nearest, when it is near enough to have been meant.
class Nearest {
 public:
  explicit Nearest(std::string_view wanted) : wanted_(wanted) {}
  void offer(std::string_view known) {
    if (known.empty()) return;
    const std::size_t distance = edit_distance(wanted_, known);
    if (distance < distance_) std::tie(distance_, best_) = std::pair{distance, known};
  }
  /// Nearer than two different names are to one another.
  bool is_slip() const { return distance_ <= 2; }
  std::string_view best() const {
    return distance_ <= std::max<std::size_t>(1, wanted_.size() / 3) ? best_ : "";
  }

 private:
  std::string_view wanted_;
  std::size_t distance_ = std::size_t(-1);
  std::string_view best_;
};

const OptionRow* find_option(std::string_view name) {
  for (const OptionRow& row : option_table())
    if (row.name == name || std::find(row.aliases.begin(), row.aliases.end(), name) != row.aliases.end())
      return &row;
  return nullptr;
}

Nearest nearest_option(std::string_view name) {
  Nearest nearest(name);
  for (const OptionRow& row : option_table()) {
    nearest.offer(row.name);
    for (std::string_view alias : row.aliases) nearest.offer(alias);
  }
  return nearest;
}

const ForeignOption* find_foreign(std::string_view name) {
  for (const ForeignOption& row : foreign_options())
    if (row.name == name) return &row;
  // "txpool.*" must not take an option of ours that was misspelt.
  if (nearest_option(name).is_slip()) return nullptr;
  for (const ForeignOption& row : foreign_options())
    if (row.name.ends_with(".*") && name.starts_with(row.name.substr(0, row.name.size() - 1))) return &row;
  return nullptr;
}

const CommandRow* find_command(std::string_view name) {
  for (const CommandRow& row : command_table())
    if (row.name == name) return &row;
  return nullptr;
}

Error unknown_option(std::string_view name) {
  const std::string_view meant = nearest_option(name).best();
  return {fmt::format("flag provided but not defined: -{}", name),
          meant.empty() ? "`quarry help` lists the options." : fmt::format("Did you mean --{}?", meant)};
}

bool is_file_here(std::string_view name) {
  std::error_code ignored;
  return !name.empty() && name.find('/') == name.npos &&
         std::filesystem::exists(std::filesystem::path(name), ignored);
}

/// Walks the tokens once. What it meets goes into `parsed_`; the first fault ends the walk.
class Parser {
 public:
  explicit Parser(Tokens tokens) : tokens_(tokens) {}

  Result<ParsedOptions> run() {
    while (next_ < tokens_.size()) {
      const std::string_view token = tokens_[next_++];
      if (auto done = read_token(token); !done) return tl::unexpected(done.error());
    }
    if (auto done = check_command(); !done) return tl::unexpected(done.error());
    if (auto done = check_together(); !done) return tl::unexpected(done.error());
    fill_defaults();
    hint_old_names();
    return std::move(parsed_);
  }

 private:
  Result<> read_token(std::string_view token) {
    if (auto sound = check_typography(token); !sound) return sound;
    if (only_words_ || token.size() < 2 || token.front() != '-') {
      read_word(token);
      return {};
    }
    if (token == "--") {
      only_words_ = true;
      return {};
    }
    token.remove_prefix(token.starts_with("--") ? 2 : 1);
    const std::size_t equals = token.find('=');
    const std::string_view name = token.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != token.npos) value = token.substr(equals + 1);
    return read_option(name, value);
  }

  static Result<> check_typography(std::string_view token) {
    for (const auto& [dash, code] : kFancyDashes) {
      if (!token.starts_with(dash)) continue;
      std::string_view name = token.substr(dash.size());
      while (name.starts_with(dash) || name.starts_with("-"))
        name.remove_prefix(name.front() == '-' ? 1 : dash.size());
      return fail(
          fmt::format("invalid command: \"{}\"", token),
          fmt::format(
              "The dash before '{}' is a typographic one ({}), as web pages have it. Type it anew: --{}",
              name, code, name));
    }
    for (std::string_view quote : kFancyQuotes)
      if (token.starts_with(quote))
        return fail(fmt::format("invalid command: \"{}\"", token),
                    "The quotation mark is a typographic one, as web pages have it; the shell does not know "
                    "it. Type \" or '.");
    return {};
  }

  void read_word(std::string_view word) {
    if (after_list_ != nullptr && is_file_here(word)) globbed_ = after_list_;
    if (!only_version_) words_.emplace_back(word);
  }

  Result<> read_option(std::string_view name, std::optional<std::string_view> value) {
    after_list_ = nullptr;
    if (name == "help" || name == "h") {
      parsed_.options.help = true;
      return {};
    }
    if (name == "version" || name == "v") {
      words_ = {"version"};
      only_version_ = true;
      return {};
    }
    if (const OptionRow* row = find_option(name)) return set_option(*row, name, value);
    if (const ForeignOption* row = find_foreign(name)) return pass_foreign(*row, name, value);
    return tl::unexpected(unknown_option(name));
  }

  Result<> set_option(const OptionRow& row, std::string_view name, std::optional<std::string_view> value) {
    if (!row.is_switch() && !value) {
      if (next_ == tokens_.size())
        return fail(fmt::format("flag needs an argument: -{}", name),
                    fmt::format("Write --{} {}", name, row.value));
      value = tokens_[next_++];
    }
    if (row.takes_list) {
      after_list_ = &row;
      if (is_file_here(*value)) globbed_ = &row;
    }
    if (row.name != name) old_names_.push_back(fmt::format("--{} (today --{})", name, row.name));
    auto done = row.set(parsed_.options, value.value_or(""));
    if (!done)
      return fail(
          fmt::format("invalid value \"{}\" for flag -{}: {}", value.value_or(""), name, done.error().what),
          done.error().remedy.empty() ? fmt::format("--{}: {}", name, row.help) : done.error().remedy);
    return {};
  }

  Result<> pass_foreign(const ForeignOption& row, std::string_view name,
                        std::optional<std::string_view> value) {
    if (row.refuse)
      return fail(fmt::format("option --{} of geth is not supported", name), std::string(row.why));
    // A value follows unless the next word is plainly another option.
    if (row.takes_value && !value && next_ < tokens_.size() && !tokens_[next_].starts_with("-")) ++next_;
    parsed_.warnings.push_back(fmt::format("Option --{} is accepted and does nothing. {}", name, row.why));
    return {};
  }

  Result<> check_command() {
    NodeOptions& options = parsed_.options;
    if (words_.empty()) return {};
    if (globbed_ != nullptr && find_command(words_.front()) == nullptr) return globbed();
    if (find_command(words_.front()) == nullptr) return unknown_command(words_.front());
    options.command = words_.front();
    options.args.assign(words_.begin() + 1, words_.end());
    if (options.command == "help" && !options.args.empty()) {
      options.help = true;
      if (find_command(options.args.front()) == nullptr) return unknown_command(options.args.front());
      options.command = options.args.front();
      options.args.clear();
    }
    if (options.help) return {};
    const CommandRow& row = *find_command(options.command);
    const std::size_t given = options.args.size();
    if (given >= row.least_args && given <= row.most_args) return {};
    if (globbed_ != nullptr) return globbed();
    return wrong_arguments(row);
  }

  Result<> globbed() const {
    return fail(
        fmt::format("invalid command: \"{}\"", words_.front()),
        fmt::format(
            "The value of --{} looks like file names of this folder: the shell expanded an unquoted *. "
            "Write --{} \"*\"",
            globbed_->name, globbed_->name));
  }

  static Result<> unknown_command(const std::string& word) {
    Nearest nearest(word);
    for (const CommandRow& row : command_table()) nearest.offer(row.name);
    std::string remedy = "`quarry help` lists the commands.";
    if (!nearest.best().empty()) remedy = fmt::format("Did you mean `quarry {}`?", nearest.best());
    if (word.ends_with(".json")) remedy = fmt::format("To start a chain from it: quarry init {}", word);
    for (const ForeignCommand& row : foreign_commands())
      if (row.name == word) remedy = row.why;
    return fail(fmt::format("invalid command: \"{}\"", word), std::move(remedy));
  }

  Result<> wrong_arguments(const CommandRow& row) const {
    const NodeOptions& options = parsed_.options;
    std::string usage = fmt::format("Usage: quarry {} {}", row.name, row.usage);
    if (options.args.size() < row.least_args)
      return fail(fmt::format("command \"{}\" needs {} argument{}, {} given", row.name, row.least_args,
                              row.least_args == 1 ? "" : "s", options.args.size()),
                  std::move(usage));
    const std::string& extra = options.args[row.most_args];
    // geth runs the first command and drops the second without a word.
    if (find_command(extra) != nullptr)
      return fail(fmt::format("two commands in one line: \"{}\" and \"{}\"", row.name, extra),
                  fmt::format("Run `quarry {} …` first, then `quarry {} …`, each with the same --datadir.",
                              extra, row.name));
    return fail(fmt::format("command \"{}\" takes no argument \"{}\"", row.name, extra), std::move(usage));
  }

  Result<> check_together() const {
    const NodeOptions& options = parsed_.options;
    if (!options.node_key_file.empty() && !options.node_key_hex.empty())
      return fail("Options \"nodekey\" and \"nodekeyhex\" are mutually exclusive", "Leave one of them out.");
    if (options.http && options.port != 0 && options.port == options.http_port)
      return fail(fmt::format("--port and --http.port are both {}", options.port),
                  "Give peers and JSON-RPC a port each.");
    return {};
  }

  void fill_defaults() {
    NodeOptions& options = parsed_.options;
    const char* home = std::getenv("HOME");
    if (home == nullptr)
      if (const passwd* user = getpwuid(getuid())) home = user->pw_dir;
    const std::filesystem::path base = home == nullptr ? "." : home;
    auto fill = [](std::filesystem::path& path, const std::filesystem::path& otherwise) {
      if (path.empty()) path = otherwise;
    };
    options.datadir_given = !options.datadir.empty();
    fill(options.datadir, base / ".quarry");
    fill(options.keystore, options.datadir / "keystore");
    fill(options.ipc_path, options.datadir / "quarry.ipc");
    // A bare name is a socket in the data dir, as geth has it.
    if (!options.ipc_path.has_parent_path()) options.ipc_path = options.datadir / options.ipc_path;
    fill(options.ethash_dag_dir, base / ".ethash");
    fill(options.ethash_cache_dir, options.datadir / "quarry" / "ethash");
  }

  void hint_old_names() {
    if (old_names_.empty()) return;
    parsed_.hints.push_back(fmt::format("Older option names are fine: {}", fmt::join(old_names_, ", ")));
  }

  Tokens tokens_;
  std::size_t next_ = 0;
  bool only_words_ = false, only_version_ = false;
  ParsedOptions parsed_;
  std::vector<std::string> words_;
  std::vector<std::string> old_names_;
  const OptionRow* after_list_ = nullptr;  ///< the list option that was read last, until another option
  const OptionRow* globbed_ = nullptr;     ///< a list option whose value looks like what a shell made of *
};

std::string spelled(const OptionRow& row) {
  std::string out = fmt::format("--{}", row.name);
  for (std::string_view alias : row.aliases)
    if (!alias.empty()) out += fmt::format(", --{}", alias);
  if (!row.is_switch()) out += fmt::format(" {}", row.value);
  return out;
}

std::string options_help() {
  std::string out;
  for (std::size_t group = 0; group < kOptionGroups; ++group) {
    out += fmt::format("\n{}:\n", title(static_cast<OptionGroup>(group)));
    for (const OptionRow& row : option_table())
      if (row.group == static_cast<OptionGroup>(group))
        out += fmt::format("  {:<46} {}\n", spelled(row), row.help);
  }
  return out;
}
}  // namespace

Result<ParsedOptions> parse_options(std::span<const std::string> arguments) {
  return Parser(arguments).run();
}

std::string help_text(std::string_view command) {
  const CommandRow* row = find_command(command);
  const bool whole_program = row == nullptr || command == "run" || command == "help";
  std::string out;
  if (whole_program) {
    out =
        "quarry: a full node for private Ethereum-style networks\n\nUsage: quarry [options] [command] "
        "[arguments]\n\n"
        "Commands:\n";
    for (const CommandRow& each : command_table())
      out += fmt::format("  {:<30} {}\n", fmt::format("{} {}", each.name, each.usage), each.help);
  } else {
    out = fmt::format("{}\n\nUsage: quarry {} {} [options]\n", row->help, row->name, row->usage);
  }
  return out +
         "\nOptions stand before or after the command, with one dash or two, as --name value or "
         "--name=value.\n" +
         options_help();
}

std::string client_version(std::string_view identity) {
  return fmt::format("Quarry/{}{}v{}/linux-amd64/g++{}.{}", identity, identity.empty() ? "" : "/",
                     QUARRY_VERSION, __GNUC__, __GNUC_MINOR__);
}

}  // namespace quarry
