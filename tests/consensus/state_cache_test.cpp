// The cache before the chain's state: after any changes it says what is behind it.
#include "consensus/state_cache.hpp"

#include <random>

#include "chain_support.hpp"
#include "storage/state_writer.hpp"

using namespace quarry;

namespace {
struct Random {
  std::mt19937_64 bits;
  std::uint64_t below(std::uint64_t end) { return bits() % end; }
  Address address() {
    Address out;
    out.bytes[19] = static_cast<std::uint8_t>(below(12));
    return out;
  }
  SlotKey slot() {
    SlotKey out;
    out.bytes[31] = static_cast<std::uint8_t>(below(6));
    return out;
  }
  SlotValue value() {
    SlotValue out;
    out.bytes[31] = static_cast<std::uint8_t>(below(3));
    return out;
  }
};

StateDiff random_diff(Random& random) {
  StateDiff diff;
  for (std::uint64_t i = random.below(5); i-- > 0;) {
    AccountChange& change = diff.accounts[random.address()];
    if (random.below(4) == 0) continue;  // gone
    change.after = Account{.nonce = 1, .balance = Wei{random.below(1000)}};
    change.storage_cleared = random.below(5) == 0;
    for (std::uint64_t j = random.below(4); j-- > 0;) change.slots[random.slot()] = random.value();
  }
  return diff;
}
}  // namespace

TEST(StateCache, SaysWhatIsBehindIt) {
  test::TestChain chain{test::geth_genesis()};
  StateWriter writer(*chain.database);
  StateCache cache(writer.view());
  Random random{std::mt19937_64(7)};
  BlockNum number = 0;
  for (int step = 0; step < 3000; ++step) {
    if (number > 0 && random.below(10) == 0) {
      ASSERT_TRUE(writer.revert(number--));
      cache.clear();
    } else {
      const StateDiff diff = random_diff(random);
      writer.apply(++number, diff);
      cache.apply(diff);
    }
    if (random.below(20) == 0) {
      Batch batch;
      writer.flush(batch);
      ASSERT_TRUE(chain.database->commit(std::move(batch)));
    }
    for (int i = 0; i < 3; ++i) {
      const Address address = random.address();
      const SlotKey slot = random.slot();
      ASSERT_EQ(cache.account(address), writer.view().account(address)) << "step " << step;
      ASSERT_EQ(cache.slot(address, slot), writer.view().slot(address, slot)) << "step " << step;
    }
  }
}
