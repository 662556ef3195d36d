#include "node/evm_trace.hpp"

#include <fmt/format.h>

#include <iterator>

#include "core/hex.hpp"
#include "evm/opcodes.hpp"

namespace quarry {

void EvmTrace::on_step(const evm::Step& step) {
  line_.clear();
  const auto out = std::back_inserter(line_);
  // The first frame's depth is 1 in EIP-3155.
  fmt::format_to(out, R"({{"pc":{},"op":{},"gas":"{:#x}","gasCost":"{:#x}","memSize":{},"stack":[)", step.pc,
                 step.opcode, step.gas_left, step.gas_cost, step.memory.size());
  for (std::size_t i = 0; i < step.stack.size(); ++i)
    fmt::format_to(out, R"({}"{}")", i == 0 ? "" : ",", step.stack[i].to_quantity());
  fmt::format_to(out, R"(],"depth":{},"returnData":"{}","refund":"{:#x}")", step.depth + 1,
                 to_hex0x(step.return_data), step.refund);
  if (const auto* opcode = evm::find_opcode(step.opcode))
    fmt::format_to(out, R"(,"opName":"{}")", opcode->name);
  if (options_.memory) fmt::format_to(out, R"(,"memory":"{}")", to_hex0x(step.memory));
  if (step.status != evm::Status::success)
    fmt::format_to(out, R"(,"error":"{}")", evm::to_string(step.status));
  line_ += "}\n";
  std::fwrite(line_.data(), 1, line_.size(), to_);
}

std::string to_json(const EvmTraceSummary& summary) {
  std::string line = "{";
  if (!summary.state_root.empty()) line += fmt::format(R"("stateRoot":"{}",)", summary.state_root);
  line += fmt::format(R"("output":"{}","gasUsed":"{:#x}","pass":{})", to_hex0x(summary.output),
                      summary.gas_used, summary.pass);
  if (!summary.error.empty()) line += fmt::format(R"(,"error":"{}")", summary.error);
  if (!summary.fork.empty()) line += fmt::format(R"(,"fork":"{}")", summary.fork);
  return line + "}";
}

}  // namespace quarry
