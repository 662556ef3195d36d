#include "core/log.hpp"

#include <atomic>
#include <cstdio>
#include <ctime>

namespace quarry {
namespace {
/// The column at which geth starts the fields of a line.
constexpr std::size_t kMessageWidth = 40;

void write_to_stderr(LogLevel, std::string_view line) {
  std::string whole(line);
  whole.push_back('\n');
  std::fwrite(whole.data(), 1, whole.size(), stderr);
}

std::atomic<LogSink> current_sink{write_to_stderr};
std::atomic<LogLevel> most_level{LogLevel::info};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "ERROR";
    case LogLevel::warn:
      return "WARN ";
    case LogLevel::info:
      return "INFO ";
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::trace:
      return "TRACE";
  }
  return "?    ";
}

/// What peers and callers send is shown, never obeyed: control bytes could rewrite a terminal.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out += '"';
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=') return true;
  }
  return false;
}

std::string trimmed(double value, const char* unit) {
  std::string text = fmt::format("{:.3f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + unit;
}

std::string go_duration(std::chrono::nanoseconds elapsed) {
  const double ns = static_cast<double>(elapsed.count());
  if (ns < 1e3) return fmt::format("{}ns", elapsed.count());
  if (ns < 1e6) return trimmed(ns / 1e3, "µs");
  if (ns < 1e9) return trimmed(ns / 1e6, "ms");
  const auto minutes = elapsed.count() / 60'000'000'000;
  if (minutes == 0) return trimmed(ns / 1e9, "s");
  const std::string seconds = trimmed((ns - static_cast<double>(minutes) * 6e10) / 1e9, "s");
  if (minutes < 60) return fmt::format("{}m{}", minutes, seconds);
  return fmt::format("{}h{}m{}", minutes / 60, minutes % 60, seconds);
}
}  // namespace

LogField::LogField(std::string_view name, std::string_view text)
    : key(name), value(needs_quotes(text) ? quoted(text) : std::string(text)) {}
LogField::LogField(std::string_view name, std::chrono::nanoseconds elapsed)
    : key(name), value(go_duration(elapsed)) {}

void set_log_sink(LogSink sink) {
  current_sink = sink;
}
void set_log_level(LogLevel most) {
  most_level = most;
}
bool log_enabled(LogLevel level) {
  return level <= most_level.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view message, LogFields fields) {
  if (!log_enabled(level)) return;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%m-%d|%H:%M:%S", &local);
  std::string line = fmt::format("{}[{}] {}", name_of(level), stamp, message);
  if (fields.size() > 0 && message.size() < kMessageWidth) line.append(kMessageWidth - message.size(), ' ');
  for (const LogField& field : fields)
    fmt::format_to(std::back_inserter(line), " {}={}", field.key, field.value);
  current_sink.load()(level, line);
}

}  // namespace quarry
