#include "rpc/trace/tracers.hpp"

#include <fmt/format.h>

#include "rpc/trace/flat_calls.hpp"

namespace quarry::rpc::trace {
namespace {

/// A switch in tracerConfig; false when missing. Others than true and false count as missing, as numbers and
/// text do in no tracer's options.
bool flag(const Json& config, const char* name) {
  const auto found = config.is_object() ? config.find(name) : config.end();
  return config.is_object() && found != config.end() && found->is_boolean() && found->get<bool>();
}

using Make = Result<std::unique_ptr<TxnTracer>> (*)(const Json& config, Budget& budget);

Result<std::unique_ptr<TxnTracer>> make_calls(const Json& config, Budget& budget) {
  return make_call_tracer({flag(config, "onlyTopCall"), flag(config, "withLog")}, budget);
}
Result<std::unique_ptr<TxnTracer>> make_flat(const Json& config, Budget& budget) {
  return make_flat_call_tracer(
      {flag(config, "convertParityErrors"), flag(config, "includePrecompiles"), false}, budget);
}
Result<std::unique_ptr<TxnTracer>> make_prestate(const Json& config, Budget& budget) {
  return make_prestate_tracer(
      {flag(config, "diffMode"), !flag(config, "disableCode"), !flag(config, "disableStorage")}, budget);
}
Result<std::unique_ptr<TxnTracer>> make_four_byte(const Json&, Budget& budget) {
  return make_four_byte_tracer(budget);
}
Result<std::unique_ptr<TxnTracer>> make_noop(const Json&, Budget&) {
  return make_noop_tracer();
}

/// Several tracers at once; the answer has each one's under its name.
class MuxTracer final : public TxnTracer {
 public:
  void add(std::string name, std::unique_ptr<TxnTracer> tracer) {
    tracers_.emplace_back(std::move(name), std::move(tracer));
  }
  void begin(const Scene& scene) override {
    for (auto& [name, tracer] : tracers_) tracer->begin(scene);
  }
  void end(const evm::TxnOutcome& outcome) override {
    for (auto& [name, tracer] : tracers_) tracer->end(outcome);
  }
  void on_step(const evm::Step& step) override {
    for (auto& [name, tracer] : tracers_) tracer->on_step(step);
  }
  void on_enter(const evm::Message& message) override {
    for (auto& [name, tracer] : tracers_) tracer->on_enter(message);
  }
  void on_exit(const evm::Message& message, const evm::CallResult& result) override {
    for (auto& [name, tracer] : tracers_) tracer->on_exit(message, result);
  }
  void on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) override {
    for (auto& [name, tracer] : tracers_) tracer->on_selfdestruct(from, beneficiary, balance);
  }
  void write(JsonText& out) const override {
    out.begin_object();
    for (const auto& [name, tracer] : tracers_) tracer->write(out.key(name));
    out.end_object();
  }

 private:
  std::vector<std::pair<std::string, std::unique_ptr<TxnTracer>>> tracers_;
};

Result<std::unique_ptr<TxnTracer>> make_mux(const Json& config, Budget& budget);

struct NamedTracer {
  std::string_view name;
  Make make;
};
constexpr NamedTracer kTracers[] = {
    {"4byteTracer", make_four_byte}, {"callTracer", make_calls}, {"flatCallTracer", make_flat},
    {"muxTracer", make_mux},         {"noopTracer", make_noop},  {"prestateTracer", make_prestate},
};

Error unknown(const std::string& name) {
  std::string all;
  for (const auto& tracer : kTracers) all.append(all.empty() ? "" : ", ").append(tracer.name);
  const bool is_code = name.find_first_of("{}();") != std::string::npos;
  return {is_code ? "tracers written in JavaScript are not run here"
                  : fmt::format("no tracer is called {}", name),
          fmt::format("There are: {}; without a tracer there are structLogs.", all)};
}

Result<std::unique_ptr<TxnTracer>> make_named(const std::string& name, const Json& config, Budget& budget) {
  for (const auto& tracer : kTracers)
    if (tracer.name == name) return tracer.make(config, budget);
  return tl::unexpected(unknown(name));
}

Result<std::unique_ptr<TxnTracer>> make_mux(const Json& config, Budget& budget) {
  auto out = std::make_unique<MuxTracer>();
  if (!config.is_object()) return fail("muxTracer's tracerConfig is an object of tracers by name");
  for (const auto& [name, inner] : config.items()) {
    // One in another would go on as deep as the message does.
    if (name == "muxTracer") return fail("muxTracer holds other tracers, not itself");
    auto tracer = make_named(name, inner, budget);
    if (!tracer) return tracer;
    out->add(name, std::move(*tracer));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<TxnTracer>> make_tracer(const TracerChoice& choice, Budget& budget) {
  if (choice.name.empty()) return make_struct_logger(choice.logs, budget);
  return make_named(choice.name, choice.config, budget);
}

}  // namespace quarry::rpc::trace
