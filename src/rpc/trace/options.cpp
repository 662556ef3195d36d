#include "rpc/trace/options.hpp"

#include <fmt/format.h>

#include <charconv>

namespace quarry::rpc::trace {
namespace {

struct Unit {
  std::string_view name;
  double milliseconds;
};
/// The longer names first: "ms" is no "m".
constexpr Unit kUnits[] = {{"ms", 1},     {"us", 1e-3},    {"\xc2\xb5s", 1e-3}, {"ns", 1e-6},
                           {"s", 1000.0}, {"m", 60'000.0}, {"h", 3'600'000.0}};

std::string read_text(FieldReader& fields, std::string_view name) {
  const auto* value = fields.find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  fields.reject(fmt::format("{} is text", name));
  return {};
}

LogOptions read_log_options(FieldReader& fields) {
  LogOptions out;
  // geth before 1.10 had switches the other way round.
  out.memory = fields.flag("enableMemory", !fields.flag("disableMemory", true));
  out.stack = !fields.flag("disableStack");
  out.storage = !fields.flag("disableStorage");
  out.return_data = fields.flag("enableReturnData", !fields.flag("disableReturnData", true));
  out.limit = read_count(fields, "limit").value_or(0);
  return out;
}

}  // namespace

std::optional<std::uint64_t> read_count(FieldReader& fields, std::string_view name) {
  const auto* value = fields.find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (value->is_string()) return fields.quantity(name);
  fields.reject(fmt::format("{} is a number that is not negative", name));
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> read_duration(std::string_view text) {
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* found = nullptr;
    for (const auto& unit : kUnits)
      if (found == nullptr && text.starts_with(unit.name)) found = &unit;
    if (found == nullptr) return std::nullopt;
    text.remove_prefix(found->name.size());
    total += value * found->milliseconds;
  }
  const auto most = static_cast<double>(kMostTraceTime.count());
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(total, most)));
}

TraceOptions read_trace_options(Params& params, std::size_t index) {
  TraceOptions out;
  if (!params.has(index)) return out;
  FieldReader fields(params, index, "tracers.TraceConfig");
  out.tracer.name = read_text(fields, "tracer");
  if (const auto* config = fields.find("tracerConfig")) out.tracer.config = *config;
  out.tracer.logs = read_log_options(fields);
  // Whatever it is: every block's state is at hand.
  (void)read_count(fields, "reexec");
  if (const auto text = read_text(fields, "timeout"); !text.empty()) {
    const auto time = read_duration(text);
    if (time)
      out.time = *time;
    else
      fields.reject(fmt::format("time: invalid duration \"{}\": as \"5s\" or \"500ms\"", text));
  }
  if (const auto* overrides = fields.find("stateOverrides")) out.state_overrides = *overrides;
  if (const auto* overrides = fields.find("blockOverrides")) out.block_overrides = *overrides;
  out.txn_index = read_count(fields, "txIndex");
  if (params.error()) return out;
  Budget unused;
  if (const auto tracer = make_tracer(out.tracer, unused); !tracer) {
    fields.reject(tracer.error().what + "\n" + tracer.error().remedy);
  }
  return out;
}

}  // namespace quarry::rpc::trace
