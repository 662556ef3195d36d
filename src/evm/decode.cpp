#include <algorithm>

#include "evm/decoded.hpp"

namespace quarry::evm {
namespace {
/// A block's gas is kept in 16 bits: no opcode costs more than the rest up to that.
constexpr std::int32_t kMostBlockGas = 33000;
/// Targets are kept in 16 bits.
constexpr std::size_t kMostInstructions = 0xffff;
/// A number of words that no stack has: the block fails.
constexpr std::uint32_t kNever = 0xffff;

constexpr auto kHandlerOf = [] {
  std::array<Handler, 256> table{};
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) table[byte] = Handler::id;
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
  return table;
}();

/// The fused forms of an opcode of two words; `block`, which is none of them, where there are none.
struct Forms {
  Handler first = Handler::block, first_wide, second, swapped;
  bool any() const { return first != Handler::block; }
};
constexpr auto kForms = [] {
  std::array<Forms, 256> table{};
#define QUARRY_FUSED(id)
#define QUARRY_FUSED_BINARY(id)                                                              \
  table[static_cast<std::uint8_t>(Op::id)] = {Handler::id##_first, Handler::id##_first_wide, \
                                              Handler::id##_second, Handler::id##_swapped};
#include "evm/fused.inc"
#undef QUARRY_FUSED
#undef QUARRY_FUSED_BINARY
  return table;
}();

/// What follows it cannot be reached from it.
bool ends_path(Op op) {
  return op == Op::stop || op == Op::jump || op == Op::return_ || op == Op::revert || op == Op::invalid ||
         op == Op::selfdestruct;
}
/// It asks how much gas is left, so what follows must not be paid for yet; or it may go elsewhere.
bool ends_block(Op op) {
  constexpr Op kEnds[] = {Op::jumpi, Op::gas,      Op::sstore,       Op::create,    Op::create2,
                          Op::call,  Op::callcode, Op::delegatecall, Op::staticcall};
  return std::find(std::begin(kEnds), std::end(kEnds), op) != std::end(kEnds);
}

class Decoder {
 public:
  Decoder(const std::uint8_t* code, std::size_t size, const OpcodeTable& table)
      : code_(code), size_(size), table_(table) {
    out_.code.reserve(size + size / 4 + 8);
    out_.widths.reserve(out_.code.capacity());
    out_.targets.resize(size);
  }

  Decoded run() {
    begin_block();
    while (pc_ < size_) {
      if (!step()) skip_unreachable();
    }
    if (open_) emit(Handler::stop, 0, 0);  // falls off the end, where zeros are
    close_block();
    if (out_.code.size() > kMostInstructions) return {};
    resolve_jumps();
    return std::move(out_);
  }

 private:
  using Entry = OpcodeTable::Entry;

  void emit(Handler handler, std::uint32_t operand, std::size_t width) {
    out_.code.push_back({handler, 0, operand});
    out_.widths.push_back(static_cast<std::uint8_t>(width));
    pc_ += width;
  }

  void begin_block() {
    close_block();
    out_.blocks.push_back({static_cast<std::uint32_t>(out_.code.size()), static_cast<std::uint32_t>(pc_)});
    emit(Handler::block, 0, 0);
    gas_ = 0;
    height_ = lowest_ = highest_ = 0;
    open_ = true;
  }
  void close_block() {
    if (!open_) return;
    open_ = false;
    auto& block = out_.code[out_.blocks.back().instruction];
    block.gas = static_cast<std::uint16_t>(gas_);
    const int needs = -lowest_, room = 1024 - highest_;
    block.operand = room < needs
                        ? kNever
                        : static_cast<std::uint32_t>(needs) | static_cast<std::uint32_t>(room - needs) << 16;
  }

  /// Adds an opcode to what the block asks for.
  void account(const Entry& entry) {
    gas_ += entry.gas;
    lowest_ = std::min(lowest_, height_ - entry.needs);
    height_ += entry.grows;
    highest_ = std::max(highest_, height_);
  }

  /// One opcode, or a few as one. False: what follows is not reached from here.
  bool step() {
    const std::uint8_t byte = code_[pc_];
    const Entry& entry = table_[byte];
    const Op op{byte};
    if (!entry.defined() || op == Op::invalid) {
      emit(Handler::carefully, static_cast<std::uint32_t>(pc_), 1);
      close_block();
      return false;
    }
    if (op == Op::jumpdest) {
      begin_block();
      out_.targets[pc_] = static_cast<std::uint16_t>(out_.blocks.back().instruction);
      account(entry);
      out_.widths.back() = 1;
      ++pc_;
      return true;
    }
    if (gas_ + entry.gas > kMostBlockGas) begin_block();
    if (byte >= 0x5f && byte <= 0x7f) return push(entry);
    return other(op, entry);
  }

  bool other(Op op, const Entry& entry) {
    const Entry& next = table_[code_[pc_ + 1]];
    const Op next_op{code_[pc_ + 1]};
    account(entry);
    if (op == Op::swap1 && next.defined() && (next_op == Op::pop || forms(next_op).any())) {
      account(next);
      emit(next_op == Op::pop ? Handler::swap1_pop : forms(next_op).swapped, 0, 2);
      return true;
    }
    if ((op == Op::iszero || op == Op::dup1) && jumps_next(pc_ + 1))
      return jump_to(op == Op::iszero ? Handler::jumpi_zero_to : Handler::jumpi_keep_to, 1);
    if (op == Op::pc || op == Op::codesize) {
      emit(Handler::push_small, static_cast<std::uint32_t>(op == Op::pc ? pc_ : size_), 1);
      return true;
    }
    const Handler handler = op == Op::jump    ? Handler::jump_any
                            : op == Op::jumpi ? Handler::jumpi_any
                                              : kHandlerOf[static_cast<std::uint8_t>(op)];
    emit(handler, 0, 1);
    return after(op);
  }

  bool after(Op op) {
    if (ends_path(op)) {
      close_block();
      return false;
    }
    if (ends_block(op)) begin_next();
    return true;
  }
  /// A JUMPDEST begins its own.
  void begin_next() {
    if (pc_ >= size_ || Op{code_[pc_]} != Op::jumpdest) begin_block();
  }

  bool push(const Entry& entry) {
    const std::size_t width = 1u + entry.immediate;
    const U256 value = load(pc_ + 1, entry.immediate);
    const bool small = value <= U256{0xffffffff};
    account(entry);
    const Op next_op{code_[pc_ + width]};
    const Entry& next = table_[code_[pc_ + width]];
    if (!next.defined() || pc_ + width >= size_) return plain_push(value, small, width);
    if (next_op == Op::jump || next_op == Op::jumpi)
      return static_jump(next_op == Op::jump ? Handler::jump_to : Handler::jumpi_to, width, value);
    if ((next_op == Op::mload || next_op == Op::mstore) && value < U256{0x80000000}) {
      account(next);
      emit(next_op == Op::mload ? Handler::mload_at : Handler::mstore_at,
           static_cast<std::uint32_t>(value.low64()), width + 1);
      return true;
    }
    if (forms(next_op).any()) {
      account(next);
      emit(small ? forms(next_op).first : forms(next_op).first_wide, operand(value, small), width + 1);
      return true;
    }
    const Op third_op{code_[pc_ + width + 1]};
    if (small && next_op == Op::swap1 && forms(third_op).any() && table_[code_[pc_ + width + 1]].defined()) {
      account(next);
      account(table_[code_[pc_ + width + 1]]);
      emit(forms(third_op).second, static_cast<std::uint32_t>(value.low64()), width + 2);
      return true;
    }
    return plain_push(value, small, width);
  }

  bool plain_push(const U256& value, bool small, std::size_t width) {
    emit(small ? Handler::push_small : Handler::push_wide, operand(value, small), width);
    return true;
  }
  std::uint32_t operand(const U256& value, bool small) {
    if (small) return static_cast<std::uint32_t>(value.low64());
    out_.constants.push_back(value);
    return static_cast<std::uint32_t>(out_.constants.size() - 1);
  }

  /// Whether a PUSH and a JUMPI are at `at`.
  bool jumps_next(std::size_t at) const {
    const std::uint8_t byte = code_[at];
    if (byte < 0x5f || byte > 0x7f || !table_[byte].defined() || at >= size_) return false;
    const std::size_t jump = at + 1 + table_[byte].immediate;
    return jump < size_ && Op{code_[jump]} == Op::jumpi;
  }
  /// For a PUSH and JUMPI after `before` bytes that are part of the instruction, and accounted for.
  bool jump_to(Handler handler, std::size_t before) {
    const Entry& entry = table_[code_[pc_ + before]];
    account(entry);
    return static_jump(handler, before + 1 + entry.immediate, load(pc_ + before + 1, entry.immediate));
  }
  /// The jump itself is the byte after `before`.
  bool static_jump(Handler handler, std::size_t before, const U256& target) {
    const Op op{code_[pc_ + before]};
    account(table_[code_[pc_ + before]]);
    jumps_.push_back(static_cast<std::uint32_t>(out_.code.size()));
    emit(handler, target < U256{size_} ? static_cast<std::uint32_t>(target.low64()) : 0, before + 1);
    return after(op);
  }

  void resolve_jumps() {
    for (const std::uint32_t at : jumps_) {
      auto& jump = out_.code[at];
      // No instruction 0 is a target: there the first block begins, and a JUMPDEST at 0 begins another.
      jump.operand = jump.operand < out_.targets.size() ? out_.targets[jump.operand] : 0;
    }
  }

  void skip_unreachable() {
    while (pc_ < size_ && Op{code_[pc_]} != Op::jumpdest) {
      const std::uint8_t byte = code_[pc_];
      pc_ += byte >= 0x60 && byte <= 0x7f ? byte - 0x5e : 1;
    }
  }

  U256 load(std::size_t at, std::size_t count) const { return U256::from_be({code_ + at, count}); }
  static const Forms& forms(Op op) { return kForms[static_cast<std::uint8_t>(op)]; }

  const std::uint8_t* code_;
  std::size_t size_;
  const OpcodeTable& table_;
  Decoded out_;
  std::vector<std::uint32_t> jumps_;
  std::size_t pc_ = 0;
  bool open_ = false;
  std::int32_t gas_ = 0;
  int height_ = 0, lowest_ = 0, highest_ = 0;  ///< of the stack, from the block's start on
};
}  // namespace

Decoded decode(const std::uint8_t* code, std::size_t size, const OpcodeTable& table) {
  if (size > kMostDecodedBytes) return {};
  return Decoder(code, size, table).run();
}

std::size_t Decoded::memory_bytes() const {
  return code.capacity() * sizeof(Instruction) + constants.capacity() * sizeof(U256) +
         targets.capacity() * 2 + blocks.capacity() * sizeof(Block) + widths.capacity();
}

std::size_t Decoded::pc_of(std::size_t instruction) const {
  const auto after =
      std::upper_bound(blocks.begin(), blocks.end(), instruction,
                       [](std::size_t at, const Block& block) { return at < block.instruction; });
  const Block& block = *std::prev(after);
  std::size_t pc = block.pc;
  for (std::size_t at = block.instruction; at < instruction; ++at) pc += widths[at];
  return pc;
}

}  // namespace quarry::evm
