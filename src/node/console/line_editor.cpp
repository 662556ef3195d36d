#include "node/console/line_editor.hpp"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <mutex>
#include <regex>

#include "node/log_setup.hpp"

namespace quarry {
namespace {

/// As many statements as geth's console keeps.
constexpr int kMostHistory = 1'000;
constexpr std::size_t kMostShownWords = 200;
constexpr std::chrono::milliseconds kNoTimer{-1};

/// The prompt that is being shown. Guarded by the mutex.
struct Shown {
  std::mutex mutex;
  bool prompt = false;
  int wake_fd = -1;
};
Shown& shown() {
  static Shown one;
  return one;
}

/// On the log's thread, before and after it writes a line.
void clear_prompt() {
  std::lock_guard lock{shown().mutex};
  if (shown().prompt) (void)!::write(STDOUT_FILENO, "\r\x1b[K", 4);
}
void ask_for_prompt() {
  std::lock_guard lock{shown().mutex};
  const std::uint64_t one = 1;
  if (shown().prompt) (void)!::write(shown().wake_fd, &one, sizeof one);
}

}  // namespace

struct LineEditor::Impl {
  std::filesystem::path history_file;
  int stop_fd;
  Hooks hooks;
  EditLine* edit = nullptr;
  History* history = nullptr;
  int wake_fd = -1;
  std::string prompt;
  End why = End::line;
  std::string given_up;

  static Impl& of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }
  static char* prompt_of(EditLine* edit) { return of(edit).prompt.data(); }

  /// Ends the line as if it had been entered, to be thrown away.
  static unsigned char give_up(EditLine* edit, int) {
    const LineInfo* line = el_line(edit);
    of(edit).why = End::interrupt;
    of(edit).given_up.assign(line->buffer, line->lastchar);
    return CC_NEWLINE;
  }
  static unsigned char complete(EditLine* edit, int) { return of(edit).complete_word(); }
  /// Ctrl-D: deletes as usual, and leaves on an empty line.
  static unsigned char delete_or_end(EditLine* edit, int) {
    const LineInfo* line = el_line(edit);
    if (line->lastchar == line->buffer) return CC_EOF;
    if (line->cursor == line->lastchar) return CC_ERROR;
    el_cursor(edit, 1);
    el_deletestr(edit, 1);
    return CC_REFRESH;
  }

  unsigned char complete_word();
  bool wait_for_key();
  static int get_char(EditLine* edit, wchar_t* out);
  void save_history();
};

unsigned char LineEditor::Impl::complete_word() {
  const LineInfo* info = el_line(edit);
  const std::string before{info->buffer, info->cursor};
  const auto words = hooks.complete(before);
  if (words.empty()) return CC_ERROR;
  std::string common = words.front();
  for (const std::string& word : words) {
    const auto differ = std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first;
    common.erase(differ, common.end());
  }
  std::size_t typed = 0;
  while (typed < before.size() &&
         (std::isalnum(static_cast<unsigned char>(before[before.size() - 1 - typed])) ||
          std::strchr("_$.", before[before.size() - 1 - typed]) != nullptr)) {
    ++typed;
  }
  if (common.size() > typed) {
    el_insertstr(edit, common.substr(typed).c_str());
    return CC_REFRESH;
  }
  if (words.size() < 2) return CC_ERROR;
  std::fputs("\r\n", stdout);
  for (std::size_t i = 0; i < std::min(words.size(), kMostShownWords); ++i)
    std::printf("%s  ", words[i].c_str());
  std::fputs("\r\n", stdout);
  return CC_REDISPLAY;
}

/// False when the console should leave. Meanwhile timers run, and lines of the log push the prompt down.
bool LineEditor::Impl::wait_for_key() {
  for (;;) {
    const auto next = hooks.idle();
    pollfd waiting[3] = {{STDIN_FILENO, POLLIN, 0}, {wake_fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
    const int ms = static_cast<int>(std::min<std::int64_t>(next.value_or(kNoTimer).count(), 60'000));
    if (::poll(waiting, stop_fd >= 0 ? 3 : 2, ms) < 0 && errno != EINTR) return false;
    if (waiting[2].revents != 0 && stop_fd >= 0) {
      why = End::stopped;
      return false;
    }
    if (waiting[1].revents != 0) {
      std::uint64_t count;
      (void)!::read(wake_fd, &count, sizeof count);
      el_set(edit, EL_REFRESH);
    }
    if (waiting[0].revents != 0) return true;
  }
}

int LineEditor::Impl::get_char(EditLine* edit, wchar_t* out) {
  Impl& self = of(edit);
  std::mbstate_t state{};
  for (int bytes = 0; bytes < 8; ++bytes) {
    if (!self.wait_for_key()) return 0;
    char c;
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n <= 0) return static_cast<int>(n);
    const std::size_t used = std::mbrtowc(out, &c, 1, &state);
    if (used == static_cast<std::size_t>(-1)) {  // not UTF-8: show what cannot be read
      *out = L'?';
      return 1;
    }
    if (used != static_cast<std::size_t>(-2)) return 1;
  }
  return -1;
}

LineEditor::LineEditor(std::filesystem::path history_file, int stop_fd, Hooks hooks)
    : impl_(std::make_unique<Impl>()) {
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  Impl& self = *impl_;
  self.history_file = std::move(history_file);
  self.stop_fd = stop_fd;
  self.hooks = std::move(hooks);
  self.wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  self.edit = el_init("quarry", stdin, stdout, stderr);
  self.history = history_init();
  HistEvent event;
  history(self.history, &event, H_SETSIZE, kMostHistory);
  history(self.history, &event, H_SETUNIQUE, 1);
  if (!self.history_file.empty()) history(self.history, &event, H_LOAD, self.history_file.c_str());

  el_set(self.edit, EL_CLIENTDATA, &self);
  el_set(self.edit, EL_PROMPT, &Impl::prompt_of);
  el_set(self.edit, EL_EDITOR, "emacs");
  el_set(self.edit, EL_HIST, ::history, self.history);
  el_set(self.edit, EL_GETCFN, &Impl::get_char);
  el_set(self.edit, EL_ADDFN, "quarry-give-up", "Throw the line away", &Impl::give_up);
  el_set(self.edit, EL_ADDFN, "quarry-complete", "Complete the word", &Impl::complete);
  el_set(self.edit, EL_ADDFN, "quarry-delete", "Delete or leave", &Impl::delete_or_end);
  // Keys, not signals, while the prompt is shown: nothing else of the process hears of them.
  el_set(self.edit, EL_SETTY, "-d", "-isig", nullptr);
  el_set(self.edit, EL_BIND, "^C", "quarry-give-up", nullptr);
  el_set(self.edit, EL_BIND, "^I", "quarry-complete", nullptr);
  el_set(self.edit, EL_BIND, "^D", "quarry-delete", nullptr);
  el_set(self.edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  std::lock_guard lock{shown().mutex};
  shown().wake_fd = self.wake_fd;
  set_log_terminal_hooks(&clear_prompt, &ask_for_prompt);
}

LineEditor::~LineEditor() {
  set_log_terminal_hooks(nullptr, nullptr);
  {
    std::lock_guard lock{shown().mutex};
    shown().wake_fd = -1;
    shown().prompt = false;
  }
  impl_->save_history();
  history_end(impl_->history);
  el_end(impl_->edit);
  ::close(impl_->wake_fd);
}

LineEditor::Read LineEditor::read(const std::string& prompt) {
  Impl& self = *impl_;
  self.prompt = prompt;
  self.why = End::line;
  const auto show = [](bool on) {
    std::lock_guard lock{shown().mutex};
    shown().prompt = on;
  };
  int count = 0;
  show(true);
  const char* text = el_gets(self.edit, &count);
  show(false);
  if (self.why == End::interrupt) return {End::interrupt, self.given_up};
  if (self.why == End::stopped) return {End::stopped, {}};
  if (!text || count <= 0) return {End::eof, {}};
  std::string line{text, static_cast<std::size_t>(count)};
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return {End::line, std::move(line)};
}

void LineEditor::print(std::string_view line) {
  clear_prompt();
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
  ask_for_prompt();
}

void LineEditor::remember(const std::string& statement) {
  if (statement.find_first_not_of(" \t\n") == std::string::npos || spells_passphrase(statement)) return;
  std::string one_line = statement;
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  HistEvent event;
  history(impl_->history, &event, H_ENTER, one_line.c_str());
}

void LineEditor::clear_history() {
  HistEvent event;
  history(impl_->history, &event, H_CLEAR);
  impl_->save_history();
}

void LineEditor::Impl::save_history() {
  if (history_file.empty()) return;
  // Made before it is written, so that it is never readable by others.
  const int fd = ::open(history_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  ::fchmod(fd, 0600);
  ::close(fd);
  HistEvent event;
  ::history(history, &event, H_SAVE, history_file.c_str());
}

bool spells_passphrase(std::string_view statement) {
  // As geth: what is called on `personal` with anything between its parentheses, but for what has no secrets.
  static const std::regex kSecret{R"(personal\s*\.\s*(?!lockAccount\b|ecRecover\b)\w+\s*\(\s*[^)\s])"};
  return std::regex_search(statement.begin(), statement.end(), kSecret);
}

}  // namespace quarry
