#pragma once
/// \file
/// The prompt on a terminal: editing, history, completion (libedit). Belongs to one thread; one at a time
/// exists in a process. Lines of the log push a prompt that is shown down.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quarry {

class LineEditor {
 public:
  enum class End { line, interrupt, eof, stopped };
  struct Read {
    End end;
    std::string line;  ///< without its newline; what stood there when it was interrupted
  };
  struct Hooks {
    std::function<std::vector<std::string>(const std::string& line)> complete;
    /// Called while the user thinks; returns when to call it again at the latest, if at all.
    std::function<std::optional<std::chrono::milliseconds>()> idle;
  };

  /// `stop_fd`: readable when reading should stop; -1: none. An empty `history_file` keeps none.
  LineEditor(std::filesystem::path history_file, int stop_fd, Hooks hooks);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  Read read(const std::string& prompt);
  /// A line for the user; above the prompt when it comes while that is shown, as from a timer.
  void print(std::string_view line);
  /// Adds a statement to the history unless it spells a passphrase.
  void remember(const std::string& statement);
  void clear_history();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Does a statement spell a passphrase, as personal.unlockAccount("0x…", "secret") does? Then it is not kept.
bool spells_passphrase(std::string_view statement);

}  // namespace quarry
