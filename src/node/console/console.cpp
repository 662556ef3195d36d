#include "node/console/console.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "node/console/js_source.hpp"
#include "node/console/line_editor.hpp"
#include "node/console/passphrase.hpp"
#include "node/console/script_engine.hpp"
#include "node/options.hpp"
#include "node/rpc_client.hpp"

namespace quarry {
namespace {

constexpr std::size_t kMostScriptBytes = 64u << 20;
constexpr std::chrono::milliseconds kSleepStep{50};

/// Set by Ctrl-C while a script runs.
std::atomic<bool> script_interrupted{false};

/// Turns SIGINT into that flag for as long as it lives. A second Ctrl-C, when the script does not heed the
/// first, goes to whoever handled the signal before.
class InterruptScope {
 public:
  InterruptScope() {
    script_interrupted = false;
    struct sigaction action {};
    action.sa_handler = [](int) {
      if (script_interrupted.exchange(true)) ::kill(::getpid(), SIGTERM);
    };
    ::sigaction(SIGINT, &action, &before_);
  }
  ~InterruptScope() { ::sigaction(SIGINT, &before_, nullptr); }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  struct sigaction before_ {};
};

bool is_readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&waiting, 1, 0) > 0;
}

bool is_exit(std::string line) {
  line.erase(
      std::remove_if(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t' || c == ';'; }),
      line.end());
  return line == "exit" || line == "exit()" || line == "quit";
}

/// One console: the engine, its host, and where statements come from.
class Console final : public ScriptHost {
 public:
  Console(RpcClient& client, const ConsoleOptions& options)
      : client_(client), options_(options), engine_(*this, script_interrupted) {}

  int run() {
    for (const auto& file : options_.preload) {
      if (!run_file(file)) return 1;
    }
    if (!options_.prompt) return 0;
    if (options_.exec) return evaluate(*options_.exec) ? 0 : 1;
    return ::isatty(STDIN_FILENO) ? run_prompt() : run_piped();
  }

  // ScriptHost
  Result<std::string> exchange(const std::string& request) override { return client_.exchange(request); }
  void print(std::string_view line) override {
    if (editor_) return editor_->print(line);
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
  }
  Result<std::string> passphrase(std::string_view prompt) override { return read_passphrase(prompt); }
  Result<std::string> new_passphrase() override { return read_new_passphrase(); }
  bool sleep(std::chrono::milliseconds time) override {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!script_interrupted && !is_readable(options_.stop_fd)) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return true;
      const int ms = static_cast<int>(std::min(left, kSleepStep).count());
      ::poll(nullptr, 0, ms);
    }
    return false;
  }
  Result<std::string> load(const std::string& name) override {
    const std::filesystem::path path = options_.js_path / name;  // an absolute name stays as it is
    std::ifstream in{path, std::ios::binary};
    if (!in) return fail("open " + path.string() + ": " + std::strerror(errno));
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (text.size() > kMostScriptBytes) return fail(path.string() + " is longer than 64 MiB");
    return text;
  }
  void clear_history() override {
    if (editor_) editor_->clear_history();
  }

 private:
  bool run_file(const std::filesystem::path& file) {
    const auto source = load(file.string());
    if (!source) {
      std::fprintf(stderr, "Fatal: Failed to execute %s: %s\n", file.c_str(), source.error().what.c_str());
      return false;
    }
    const InterruptScope scope;
    const auto outcome = engine_.run(*source, file.string());
    if (!outcome.ok)
      std::fprintf(stderr, "Fatal: Failed to execute %s: %s\n", file.c_str(), outcome.text.c_str());
    return outcome.ok;
  }

  /// Runs and prints; false after an error.
  bool evaluate(const std::string& source) {
    const InterruptScope scope;
    const auto outcome = engine_.run(source);
    print(outcome.text);
    return outcome.ok;
  }

  /// Statements from a pipe, shown with their answers so that a transcript reads like a session.
  int run_piped() {
    std::fputs(engine_.welcome().c_str(), stdout);
    std::fputc('\n', stdout);
    bool all_ok = true;
    std::string statement;
    for (std::string line; !is_readable(options_.stop_fd) && read_piped_line(line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      std::printf("%s%s\n", statement.empty() ? "> " : "... ",
                  spells_passphrase(line) ? "personal.…" : line.c_str());
      if (statement.empty() && is_exit(line)) return all_ok ? 0 : 1;
      statement += (statement.empty() ? "" : "\n") + line;
      if (statement.find_first_not_of(" \t\n") == std::string::npos) statement.clear();
      if (statement.empty() || js_is_open(statement)) continue;
      all_ok = evaluate(statement) && all_ok;
      if (script_interrupted) return 1;
      statement.clear();
    }
    if (!statement.empty()) all_ok = evaluate(statement) && all_ok;
    return all_ok ? 0 : 1;
  }

  int run_prompt() {
    const LineEditor::Hooks hooks{[this](const std::string& line) { return engine_.complete(line); },
                                  [this] { return engine_.run_timers(); }};
    LineEditor editor{options_.history_file, options_.stop_fd, hooks};
    editor_ = &editor;
    std::fputs(engine_.welcome().c_str(), stdout);
    std::fputc('\n', stdout);
    std::string statement;
    bool warned = false;  // the last thing was Ctrl-C on an empty prompt
    for (bool more = true; more;) {
      auto read = editor.read(statement.empty() ? "> " : "... ");
      more = take(read, statement, warned);
    }
    editor_ = nullptr;
    return 0;
  }

  /// One line, or what came in its place. False: leave.
  bool take(const LineEditor::Read& read, std::string& statement, bool& warned) {
    if (read.end == LineEditor::End::stopped) return false;
    if (read.end == LineEditor::End::eof) {
      std::fputc('\n', stdout);
      return false;
    }
    if (read.end == LineEditor::End::interrupt) {
      std::fputc('\n', stdout);
      const bool was_empty = read.line.empty() && statement.empty();
      if (warned && was_empty) return false;
      warned = was_empty;
      statement.clear();
      if (was_empty) print("(To exit, press ^C again or type exit)");
      return true;
    }
    warned = false;
    if (statement.empty() && is_exit(read.line)) return false;
    statement += (statement.empty() ? "" : "\n") + read.line;
    if (statement.find_first_not_of(" \t\n") == std::string::npos) statement.clear();
    if (statement.empty() || js_is_open(statement)) return true;
    editor_->remember(statement);
    evaluate(statement);
    statement.clear();
    return true;
  }

  RpcClient& client_;
  const ConsoleOptions& options_;
  LineEditor* editor_ = nullptr;
  ScriptEngine engine_;
};

}  // namespace

ConsoleOptions console_options(const NodeOptions& options) {
  ConsoleOptions out;
  out.exec = options.exec;
  out.preload = options.preload;
  out.prompt = options.command != "js";
  out.js_path = options.js_path;
  out.history_file = options.datadir / "history";
  return out;
}

const std::atomic<bool>& console_interrupted() {
  return script_interrupted;
}

int run_console(RpcClient& client, const ConsoleOptions& options) {
  return Console{client, options}.run();
}

}  // namespace quarry
