#pragma once
/// \file
/// JavaScript (ECMAScript 5, duktape) with the console's objects. Belongs to one thread.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.hpp"

namespace quarry {

/// What scripts can reach outside of the engine.
class ScriptHost {
 public:
  virtual ~ScriptHost() = default;
  /// One JSON-RPC request as text, and its answer's text.
  virtual Result<std::string> exchange(const std::string& request) = 0;
  /// A line for the user.
  virtual void print(std::string_view line) = 0;
  virtual Result<std::string> passphrase(std::string_view prompt) = 0;
  virtual Result<std::string> new_passphrase() = 0;
  /// False when the user interrupted it.
  virtual bool sleep(std::chrono::milliseconds time) = 0;
  /// The text of a script by the name the user gave it.
  virtual Result<std::string> load(const std::string& name) = 0;
  virtual void clear_history() = 0;
};

class ScriptEngine {
 public:
  /// How a script ended: what to print, and whether that is an error.
  struct Outcome {
    bool ok = false;
    std::string text;
  };

  /// `interrupted` stops the running script once it is set; whoever sets it clears it.
  ScriptEngine(ScriptHost& host, const std::atomic<bool>& interrupted);
  ~ScriptEngine();
  ScriptEngine(const ScriptEngine&) = delete;
  ScriptEngine& operator=(const ScriptEngine&) = delete;

  /// Runs statements; the text is the last one's value as geth prints it, or the error with where it was.
  /// `file` is "<anonymous>" for what was typed.
  Outcome run(const std::string& source, const std::string& file = "<anonymous>");
  /// "Welcome to …" with what the node says of itself; ends with a newline.
  std::string welcome();
  /// Whole words that could stand where `line` ends.
  std::vector<std::string> complete(const std::string& line);
  /// Runs the due functions of setTimeout and setInterval; returns when the next is due, if there is one.
  std::optional<std::chrono::milliseconds> run_timers();

 private:
  friend struct ScriptNatives;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
