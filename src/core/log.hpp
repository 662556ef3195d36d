#pragma once
/// \file
/// The log, in geth's form:
/// `INFO [11-21|04:33:59] Imported new chain segment               blocks=1 txs=0 number=12
/// hash=f7d4e3…597d1b`. All functions are thread-safe. Where lines go is the sink's matter
/// (node/log_setup.hpp): it must not block.

#include <fmt/format.h>

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/fixed_bytes.hpp"
#include "core/u256.hpp"

namespace quarry {

/// In the order of --verbosity 1 to 5.
enum class LogLevel : std::uint8_t { error = 1, warn, info, debug, trace };

/// One key=value at a line's end. Text with spaces or quotes is quoted; hashes are shortened as geth does.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view name, std::string_view text);
  LogField(std::string_view name, const std::string& text) : LogField(name, std::string_view{text}) {}
  LogField(std::string_view name, const char* text) : LogField(name, std::string_view{text}) {}
  LogField(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false") {}
  template <std::integral T>
  LogField(std::string_view name, T number) : key(name), value(std::to_string(number)) {}
  /// Rates and shares, with three decimals.
  LogField(std::string_view name, double number) : key(name), value(fmt::format("{:.3f}", number)) {}
  LogField(std::string_view name, const U256& number) : key(name), value(number.to_decimal()) {}
  template <class Tag>
  LogField(std::string_view name, const FixedBytes<Tag, 32>& hash) : key(name), value(short_hex(hash)) {}
  LogField(std::string_view name, const Address& address) : key(name), value(address.hex()) {}
  /// The first eight bytes, as geth names a peer.
  LogField(std::string_view name, const NodeId& id) : key(name), value(to_hex(id.view().first(8))) {}
  /// As Go prints it: "1.234ms", "12.5s", "3m4s".
  LogField(std::string_view name, std::chrono::nanoseconds elapsed);
};

using LogFields = std::initializer_list<LogField>;

/// Receives one finished line without its newline.
using LogSink = void (*)(LogLevel, std::string_view line);
/// The default sink writes to standard error.
void set_log_sink(LogSink sink);
/// Lines above this level are dropped before they are formatted. Default: info.
void set_log_level(LogLevel most);
bool log_enabled(LogLevel level);

void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_error(std::string_view message, LogFields fields = {}) {
  log(LogLevel::error, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) {
  log(LogLevel::warn, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) {
  log(LogLevel::info, message, fields);
}
inline void log_debug(std::string_view message, LogFields fields = {}) {
  log(LogLevel::debug, message, fields);
}
inline void log_trace(std::string_view message, LogFields fields = {}) {
  log(LogLevel::trace, message, fields);
}

}  // namespace quarry
