#pragma once
/// \file
/// What every instruction of a transaction did, call within call: OpenEthereum's vmTrace.

#include <memory>
#include <vector>

#include "rpc/trace/tracers.hpp"

namespace quarry::rpc::trace {

class VmRecorder final : public TxnTracer {
 public:
  explicit VmRecorder(Budget& budget) : budget_(budget) {}

  void begin(const Scene& scene) override { journal_ = &scene.journal; }
  void on_step(const evm::Step& step) override;
  void on_enter(const evm::Message& message) override;
  void on_exit(const evm::Message& message, const evm::CallResult& result) override;
  void write(JsonText& out) const override;

 private:
  struct Frame;
  /// Where an instruction writes memory.
  struct Range {
    U256 offset, size;
  };
  struct Operation {
    std::size_t pc = 0;
    std::uint8_t opcode = 0;
    Gas cost = 0;
    std::optional<Range> writes;
    std::optional<std::pair<U256, U256>> store;  ///< what SSTORE puts where
    // Once it has run; none: it failed.
    std::optional<Gas> gas_left;
    std::vector<U256> pushed;
    Bytes memory;                ///< of `writes`
    std::unique_ptr<Frame> sub;  ///< what it called, if that has code
  };
  struct Frame {
    Bytes code;
    std::vector<Operation> operations;
    bool waits = false;  ///< the last one is not known to have run
  };
  void finish(Frame& frame, const evm::Step& next);
  static std::optional<Range> memory_written(const evm::Step& step);
  static void write_frame(JsonText& out, const Frame& frame);
  static void write_operation(JsonText& out, const Operation& operation);

  Budget& budget_;
  evm::Journal* journal_ = nullptr;
  std::unique_ptr<Frame> root_;
  std::vector<Frame*> open_;
};

}  // namespace quarry::rpc::trace
