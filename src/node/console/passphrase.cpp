#include "node/console/passphrase.hpp"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace quarry {
namespace {

/// Passphrases and piped statements longer than this are cut from the world: a megabyte a line.
constexpr std::size_t kMostLineBytes = 1u << 20;
constexpr std::size_t kMostPasswordFileBytes = 1u << 20;

/// Turns the terminal's echo off, and on again when it goes. Ctrl-C arrives as a character meanwhile, so that
/// no signal can leave the terminal mute.
class MutedTerminal {
 public:
  MutedTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios muted = before_;
    muted.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    muted.c_cc[VMIN] = 1;
    muted.c_cc[VTIME] = 0;
    active_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &muted) == 0;
  }
  ~MutedTerminal() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  MutedTerminal(const MutedTerminal&) = delete;
  MutedTerminal& operator=(const MutedTerminal&) = delete;

 private:
  termios before_{};
  bool active_ = false;
};

/// One byte of standard input; nothing at its end.
bool read_byte(char& byte) {
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n == 1) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

void drop_last_character(std::string& text) {
  while (!text.empty() && (text.back() & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

Result<std::string> read_unseen() {
  constexpr char kCtrlC = 3, kCtrlD = 4, kBackspace = 8, kCtrlU = 21, kDelete = 127;
  const MutedTerminal muted;
  std::string text;
  for (char c = 0; read_byte(c) && text.size() < kMostLineBytes;) {
    if (c == '\n' || c == '\r') return text;
    if (c == kCtrlC) return fail("interrupted");
    if (c == kCtrlD && text.empty()) break;
    if (c == kCtrlU) {
      text.clear();
    } else if (c == kBackspace || c == kDelete) {
      drop_last_character(text);
    } else {
      text.push_back(c);
    }
  }
  return fail("the input ended before the passphrase");
}

}  // namespace

bool read_piped_line(std::string& line) {
  line.clear();
  char c = 0;
  while (read_byte(c)) {
    if (c == '\n') return true;
    if (line.size() < kMostLineBytes) line.push_back(c);
  }
  return !line.empty();
}

Result<std::string> read_passphrase(std::string_view prompt) {
  std::fwrite(prompt.data(), 1, prompt.size(), stdout);
  std::fflush(stdout);
  if (::isatty(STDIN_FILENO)) {
    auto text = read_unseen();
    std::fputc('\n', stdout);
    std::fflush(stdout);
    return text;
  }
  std::string line;
  const bool any = read_piped_line(line);
  std::fputc('\n', stdout);
  if (!any)
    return fail("the input ended before the passphrase",
                "pipe it in as a line of its own, or use --password FILE");
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

Result<std::string> read_new_passphrase() {
  auto first = read_passphrase("Passphrase: ");
  if (!first) return first;
  const auto second = read_passphrase("Repeat passphrase: ");
  if (!second) return second;
  if (*first != *second) return fail("Passphrases do not match", "nothing was changed: try again");
  return first;
}

Result<std::vector<std::string>> read_password_file(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return fail("Failed to read password file: open " + file.string() + ": " + std::strerror(errno));
  std::string text(kMostPasswordFileBytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    while (!lines.back().empty() && lines.back().back() == '\r') lines.back().pop_back();
    at = end + 1;
  }
  if (lines.empty()) lines.emplace_back();  // an empty file is an empty passphrase
  return lines;
}

}  // namespace quarry
