// 4byteTracer: which functions were called, and with how much data; and noopTracer, which sees nothing.

#include <fmt/format.h>

#include <map>

#include "evm/precompiles.hpp"
#include "rpc/trace/tracers.hpp"

namespace quarry::rpc::trace {
namespace {

constexpr std::size_t kSelector = 4;

class FourByteTracer final : public TxnTracer {
 public:
  explicit FourByteTracer(Budget& budget) : budget_(budget) {}
  void begin(const Scene& scene) override { rules_ = scene.env.rules; }
  void on_enter(const evm::Message& message) override {
    const bool creates = message.kind == evm::CallKind::create || message.kind == evm::CallKind::create2;
    if (creates || message.input.size() < kSelector) return;
    if (evm::find_precompile(message.code_address, rules_) != nullptr) return;
    ++counts_[fmt::format("{}-{}", to_hex0x(message.input.first(kSelector)),
                          message.input.size() - kSelector)];
    budget_.spend(kSelector);
  }
  void write(JsonText& out) const override {
    out.begin_object();
    for (const auto& [name, count] : counts_) out.key(name).number(count);
    out.end_object();
  }

 private:
  Budget& budget_;
  Rules rules_;
  std::map<std::string, std::uint64_t> counts_;
};

class NoopTracer final : public TxnTracer {
 public:
  void write(JsonText& out) const override { out.begin_object().end_object(); }
};

}  // namespace

std::unique_ptr<TxnTracer> make_four_byte_tracer(Budget& budget) {
  return std::make_unique<FourByteTracer>(budget);
}
std::unique_ptr<TxnTracer> make_noop_tracer() {
  return std::make_unique<NoopTracer>();
}

}  // namespace quarry::rpc::trace
