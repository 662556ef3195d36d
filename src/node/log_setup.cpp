#include "node/log_setup.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "core/log.hpp"

namespace quarry {
namespace {
constexpr std::size_t kLevelWidth = 5;             ///< "INFO " and its kin open each line
constexpr std::chrono::seconds kMostFlushWait{2};  ///< a stuck terminal must not stop a shutdown

const char* colour_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
    case spdlog::level::err:
      return "\x1b[31m";
    case spdlog::level::warn:
      return "\x1b[33m";
    case spdlog::level::info:
      return "\x1b[32m";
    case spdlog::level::debug:
      return "\x1b[36m";
    case spdlog::level::trace:
    case spdlog::level::off:
    case spdlog::level::n_levels:
      return "\x1b[34m";
  }
  return "";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::trace:
      return spdlog::level::trace;
  }
  return spdlog::level::info;
}

std::atomic<LogTerminalHook> hook_before{nullptr}, hook_after{nullptr};

/// Writes on spdlog's thread; a flush wakes who waits for it.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::uint64_t flushes() {
    std::lock_guard lock(flush_mutex_);
    return flushes_;
  }
  void wait_past(std::uint64_t seen) {
    std::unique_lock lock(flush_mutex_);
    flushed_.wait_for(lock, kMostFlushWait, [&] { return flushes_ > seen; });
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    if (!terminal_) {
      std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
      return;
    }
    const std::string_view level = text.substr(0, kLevelWidth), rest = text.substr(level.size());
    if (LogTerminalHook before = hook_before.load()) before();
    std::fprintf(stderr, "%s%.*s\x1b[0m%.*s\n", colour_of(message.level), static_cast<int>(level.size()),
                 level.data(), static_cast<int>(rest.size()), rest.data());
    if (LogTerminalHook after = hook_after.load()) after();
  }
  void flush_() override {
    std::fflush(stderr);
    std::lock_guard lock(flush_mutex_);
    ++flushes_;
    flushed_.notify_all();
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  std::mutex flush_mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

struct Writer {
  std::shared_ptr<StderrSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> thread;
  std::shared_ptr<spdlog::async_logger> logger;
};
/// Set while a LogThread lives. Readers hold a reference, so that a late line of a stopping thread finds
/// either the writer whole or none.
std::shared_ptr<Writer> writer;
std::mutex writer_mutex;

std::shared_ptr<Writer> current_writer() {
  std::lock_guard lock(writer_mutex);
  return writer;
}

void enqueue(LogLevel level, std::string_view line) {
  if (const auto to = current_writer())
    to->logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  else
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}
}  // namespace

LogThread::LogThread(int verbosity) {
  auto made = std::make_shared<Writer>();
  made->sink = std::make_shared<StderrSink>();
  // The log's thread takes no signals: they are for StopSignals, which may be made later.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  made->thread = std::make_shared<spdlog::details::thread_pool>(kMaxQueuedLogLines, 1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  made->logger = std::make_shared<spdlog::async_logger>("quarry", made->sink, made->thread,
                                                        spdlog::async_overflow_policy::overrun_oldest);
  made->logger->set_level(spdlog::level::trace);
  {
    std::lock_guard lock(writer_mutex);
    writer = std::move(made);
  }
  set_log_sink(enqueue);
  set_log_level(static_cast<LogLevel>(verbosity));
}

LogThread::~LogThread() {
  flush_log();
  std::shared_ptr<Writer> last;
  std::lock_guard lock(writer_mutex);
  last.swap(writer);
}

void flush_log() {
  const auto to = current_writer();
  if (!to) return;
  const std::uint64_t seen = to->sink->flushes();
  to->logger->flush();
  to->sink->wait_past(seen);
}

void set_log_terminal_hooks(LogTerminalHook before, LogTerminalHook after) {
  hook_before = before;
  hook_after = after;
}

}  // namespace quarry
