#include <gtest/gtest.h>

#include "consensus/clock_check.hpp"

namespace quarry::sync {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kTrueTime = 1'700'000'000;

SealedHeader block(const BlockHash& parent, BlockNum number, std::int64_t time) {
  Header header;
  header.parent_hash = parent;
  header.number = number;
  header.timestamp = static_cast<Timestamp>(time);
  return seal_header(header, HeaderIdentity::keccak_rlp);
}

/// Blocks every `gap` seconds, each stamped when its parent was found, seen by a clock that is `error` off.
ClockCheck watch(seconds error, int gap, int blocks) {
  ClockCheck check;
  BlockHash parent;
  std::int64_t found = kTrueTime, begun = kTrueTime - gap;
  for (int i = 1; i <= blocks; ++i) {
    const auto header = block(parent, static_cast<BlockNum>(i), begun);
    check.on_block(static_cast<PeerKey>(1 + i % 3), header, {seconds{i}, seconds{found} + error});
    parent = header.hash();
    begun = found;
    found += gap;
  }
  return check;
}

TEST(SyncClockCheckTest, SlowBlocksAreNoReasonToDoubtTheClock) {
  for (const int gap : {1, 8, 60, 600}) {
    auto check = watch(seconds{0}, gap, 10);
    EXPECT_FALSE(check.verdict({})) << gap;
    EXPECT_EQ(check.offset(), milliseconds{0}) << gap;
  }
}

TEST(SyncClockCheckTest, TellsByHowMuchTheClockIsOff) {
  for (const int off : {348, -348, 11, -11}) {
    auto check = watch(seconds{off}, 8, 10);
    const auto warning = check.verdict({});
    ASSERT_TRUE(warning) << off;
    EXPECT_EQ(warning->what, "System clock seems off by " + std::string(off > 0 ? "+" : "") +
                                 std::to_string(off) +
                                 " s against 3 peers, which can prevent network connectivity");
    EXPECT_FALSE(warning->remedy.empty());
  }
  EXPECT_FALSE(watch(seconds{9}, 8, 10).verdict({}));
  EXPECT_FALSE(watch(seconds{-9}, 8, 10).verdict({}));
}

TEST(SyncClockCheckTest, OneBlockFromTheFutureIsEnough) {
  ClockCheck check;
  check.on_header(1, block({}, 5, kTrueTime), {seconds{0}, seconds{kTrueTime - 60}});
  const auto warning = check.verdict({});
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->what.find("-60 s against 1 peer,"), std::string::npos) << warning->what;
}

TEST(SyncClockCheckTest, OldBlocksTellNothing) {
  ClockCheck check;
  check.on_header(1, block({}, 5, kTrueTime - 1'000'000), {seconds{0}, seconds{kTrueTime}});
  EXPECT_FALSE(check.offset());
}

TEST(SyncClockCheckTest, WarnsOnceAnHour) {
  auto check = watch(seconds{60}, 8, 10);
  EXPECT_TRUE(check.verdict({seconds{100}, {}}));
  EXPECT_FALSE(check.verdict({seconds{3'699}, {}}));
  EXPECT_TRUE(check.verdict({seconds{3'700}, {}}));
}

TEST(SyncClockCheckTest, AbsurdTimestampsAreSurvived) {
  ClockCheck check;
  Header header;
  header.timestamp = ~Timestamp{0};
  check.on_header(1, seal_header(header, HeaderIdentity::keccak_rlp), {seconds{0}, seconds{kTrueTime}});
  EXPECT_TRUE(check.verdict({}));
}

}  // namespace
}  // namespace quarry::sync
