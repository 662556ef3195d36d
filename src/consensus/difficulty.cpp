#include "consensus/difficulty.hpp"

#include <algorithm>
#include <array>

namespace quarry {
namespace {
/// A step is 1/2048 of the parent's difficulty (Yellow Paper, equation 45).
constexpr unsigned kStepShift = 11;
/// At most so many steps down at once (EIP-2).
constexpr std::int64_t kMostStepsDown = 99;
/// The bomb doubles once in so many blocks.
constexpr BlockNum kBombPeriod = 100'000;

/// How the time since the parent becomes steps up or down.
enum class Formula : std::uint8_t {
  frontier,   ///< one up when under 13 s, else one down
  homestead,  ///< EIP-2: 1 - seconds / 10
  byzantium,  ///< EIP-100: (1 or, when the parent has ommers, 2) - seconds / 9
};

struct Era {
  Fork since;
  Formula formula;
  BlockNum bomb_delay;  ///< blocks
};
/// Latest first: the first row whose fork is in force counts.
constexpr std::array kEras = {
    Era{Fork::gray_glacier, Formula::byzantium, 11'400'000},   // EIP-5133
    Era{Fork::arrow_glacier, Formula::byzantium, 10'700'000},  // EIP-4345
    Era{Fork::london, Formula::byzantium, 9'700'000},          // EIP-3554
    Era{Fork::muir_glacier, Formula::byzantium, 9'000'000},    // EIP-2384
    Era{Fork::constantinople, Formula::byzantium, 5'000'000},  // EIP-1234
    Era{Fork::byzantium, Formula::byzantium, 3'000'000},       // EIP-649
    Era{Fork::homestead, Formula::homestead, 0},               // EIP-2
};
constexpr Era kFrontier{Fork::homestead, Formula::frontier, 0};

const Era& era_of(const Rules& rules) {
  const auto* found =
      std::find_if(kEras.begin(), kEras.end(), [&](const Era& era) { return rules.has(era.since); });
  return found == kEras.end() ? kFrontier : *found;
}

std::int64_t steps(Formula formula, const Header& parent, Timestamp timestamp) {
  const Timestamp seconds = timestamp > parent.timestamp ? timestamp - parent.timestamp : 0;
  const auto after = [&](std::int64_t most, Timestamp unit) {
    const auto down = static_cast<std::int64_t>(std::min<Timestamp>(seconds / unit, 1000));
    return std::max(most - down, -kMostStepsDown);
  };
  switch (formula) {
    case Formula::frontier:
      return seconds < 13 ? 1 : -1;
    case Formula::homestead:
      return after(1, 10);
    case Formula::byzantium:
      return after(parent.ommers_hash == kEmptyOmmersHash ? 1 : 2, 9);
  }
  return 0;
}

/// The bomb's part; `parent_number` as EIP-649 counts, so that a delay of 0 means none.
U256 bomb(BlockNum parent_number, BlockNum delay) {
  BlockNum number = parent_number + 1;
  if (delay != 0) number = parent_number >= delay - 1 ? parent_number - (delay - 1) : 0;
  const BlockNum period = number / kBombPeriod;
  if (period <= 1) return {};
  return period - 2 < 256 ? U256{1} << static_cast<unsigned>(period - 2) : U256::max();
}
}  // namespace

U256 ethash_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules) {
  const Era& era = era_of(rules);
  const std::int64_t count = steps(era.formula, parent, timestamp);
  const U256 change =
      (parent.difficulty >> kStepShift) * U256{static_cast<std::uint64_t>(count < 0 ? -count : count)};
  U256 difficulty =
      count < 0 ? parent.difficulty - change : checked_add(parent.difficulty, change).value_or(U256::max());
  // The bomb is laid over a difficulty that is at least the minimum. Only a genesis can be below it, and its
  // child comes long before the bomb; ethereum/tests has such parents nevertheless, and adds the bomb first.
  const U256 minimum{kMinimumDifficulty};
  difficulty = std::max(difficulty, std::min(parent.difficulty, minimum));
  const U256 sum = checked_add(difficulty, bomb(parent.number, era.bomb_delay)).value_or(U256::max());
  return std::max(sum, minimum);
}

}  // namespace quarry
