#pragma once
/// \file
/// Bytecode as the quick interpreter runs it: instructions of eight bytes in blocks whose gas and stack are
/// checked at their start, with what is often together made one instruction, and jumps resolved.

#include <vector>

#include "core/u256.hpp"
#include "evm/opcodes.hpp"

namespace quarry::evm {

/// The opcodes first, in the order of their bytes, then what is fused.
enum class Handler : std::uint16_t {
#define QUARRY_OPCODE(byte, id, name, in, out, gas, since, immediate) id,
#include "evm/opcode_list.inc"
#undef QUARRY_OPCODE
#define QUARRY_FUSED(id) id,
#define QUARRY_FUSED_BINARY(id) id##_first, id##_first_wide, id##_second, id##_swapped,
#include "evm/fused.inc"
#undef QUARRY_FUSED
#undef QUARRY_FUSED_BINARY
};

struct Decoded {
  struct Instruction {
    Handler handler;
    std::uint16_t gas;  ///< of a block
    std::uint32_t
        operand;  ///< what was pushed, where to jump; of a block: words needed, and more allowed << 16
  };
  /// Where a block begins.
  struct Block {
    std::uint32_t instruction;
    std::uint32_t pc;
  };

  std::vector<Instruction> code;
  std::vector<U256> constants;         ///< what is pushed and does not fit `operand`
  std::vector<std::uint16_t> targets;  ///< for each byte of code the instruction to jump to; 0: no target
  std::vector<Block> blocks;           ///< in order
  std::vector<std::uint8_t>
      widths;  ///< bytes of code that an instruction covers, for saying where one failed

  std::size_t memory_bytes() const;
  /// Where in the bytecode it is.
  std::size_t pc_of(std::size_t instruction) const;
};

/// Code above this, which only a creation before EIP-3860 has, is not worth decoding, as it runs once.
inline constexpr std::size_t kMostDecodedBytes = 60000;

/// `code` has padding behind it as Code has, which `size` does not count. Empty for code above the bound.
Decoded decode(const std::uint8_t* code, std::size_t size, const OpcodeTable& table);

}  // namespace quarry::evm
