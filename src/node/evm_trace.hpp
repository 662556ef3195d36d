#pragma once
/// \file
/// An execution told as EIP-3155 has it: one JSON object a line for every instruction.

#include <cstdio>
#include <string>

#include "evm/tracer.hpp"

namespace quarry {

struct EvmTraceOptions {
  bool memory = false;  ///< each line with the whole memory, which makes traces huge
};

/// Writes to `to`, which outlives this. One thread.
class EvmTrace final : public evm::Tracer {
 public:
  explicit EvmTrace(std::FILE* to, EvmTraceOptions options = {}) : to_(to), options_(options) {}
  void on_step(const evm::Step& step) override;

 private:
  std::FILE* to_;
  EvmTraceOptions options_;
  std::string line_;  ///< kept for its space
};

/// What the last line of a trace says.
struct EvmTraceSummary {
  std::string state_root;  ///< hex; empty where none is known
  Bytes output;
  Gas gas_used = 0;
  bool pass = false;
  std::string fork;   ///< empty: left out
  std::string error;  ///< empty: left out
};
/// Without a newline.
std::string to_json(const EvmTraceSummary& summary);

}  // namespace quarry
