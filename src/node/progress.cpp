#include "node/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "core/log.hpp"
#include "node/log_setup.hpp"

namespace quarry {
namespace {
using namespace std::chrono_literals;
constexpr auto kTerminalInterval = 100ms;
constexpr auto kLogInterval = 8s;  ///< geth's statistics interval
constexpr std::size_t kDefaultColumns = 80, kMostBarColumns = 40, kLeastBarColumns = 10;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}
double rate(const ProgressState& state) {
  const double elapsed = seconds(state.elapsed);
  return elapsed > 0 ? static_cast<double>(state.items) / elapsed : 0;
}

/// The line that is on the terminal now. A log line clears it and draws it again, on the log's thread.
std::mutex bar_mutex;
std::string bar_on_screen;

void clear_bar() {
  std::lock_guard lock(bar_mutex);
  if (!bar_on_screen.empty()) std::fputs("\r\x1b[K", stderr);
}
void draw_bar() {
  std::lock_guard lock(bar_mutex);
  if (!bar_on_screen.empty()) std::fprintf(stderr, "\r%s\x1b[K", bar_on_screen.c_str());
  std::fflush(stderr);
}

std::size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kDefaultColumns;
}
}  // namespace

std::string progress_eta(const ProgressState& state) {
  if (state.done == 0 || state.total == 0 || state.done > state.total) return "?";
  const double left = seconds(state.elapsed) * static_cast<double>(state.total - state.done) /
                      static_cast<double>(state.done);
  const auto whole = static_cast<std::uint64_t>(left + 0.5);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

std::string progress_bar(const ProgressState& state, std::size_t width) {
  const std::string tail =
      fmt::format(" {} {}, {:.0f}/s, {} left", state.items, state.unit, rate(state), progress_eta(state));
  if (state.total == 0)
    return fmt::format("{} {} {}, {:.0f}/s", state.what, state.items, state.unit, rate(state))
        .substr(0, width);
  const double share = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
  const std::string front = fmt::format("{} {:3.0f}%", state.what, share * 100);
  const std::size_t taken = front.size() + tail.size() + 3;
  if (taken + kLeastBarColumns > width) return (front + tail).substr(0, width);
  const std::size_t bar = std::min(kMostBarColumns, width - taken);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(bar));
  return fmt::format("{} [{}{}]{}", front, std::string(full, '#'), std::string(bar - full, ' '), tail);
}

Progress::Progress(std::string what, std::string unit)
    : state_{.what = std::move(what), .unit = std::move(unit)}, terminal_(isatty(STDERR_FILENO) == 1) {
  if (terminal_) set_log_terminal_hooks(clear_bar, draw_bar);
}

Progress::~Progress() {
  finish();
}

void Progress::update(std::uint64_t done, std::uint64_t total, std::uint64_t items) {
  state_.done = done;
  state_.total = total;
  state_.items = items;
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ <
      (terminal_ ? std::chrono::nanoseconds(kTerminalInterval) : std::chrono::nanoseconds(kLogInterval)))
    return;
  shown_ = now;
  state_.elapsed = now - begun_;
  show();
}

void Progress::show() {
  if (!terminal_) {
    log_info(state_.what,
             {{state_.unit, state_.items}, {"persecond", rate(state_)}, {"left", progress_eta(state_)}});
    return;
  }
  {
    std::lock_guard lock(bar_mutex);
    bar_on_screen = progress_bar(state_, columns() - 1);
  }
  draw_bar();
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (!terminal_) return;
  clear_bar();
  std::lock_guard lock(bar_mutex);
  bar_on_screen.clear();
  set_log_terminal_hooks(nullptr, nullptr);
}

}  // namespace quarry
