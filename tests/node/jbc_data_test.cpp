/// The queue of what our blocks say.
#include "node/jbc_data.hpp"

#include <gtest/gtest.h>

#include "core/jbc.hpp"

using namespace quarry;

namespace {
HeadEvent block_saying(const std::string& data, bool sealed_here) {
  const jbc::Block block{.index = 1, .timestamp = "1", .prev_hash = "", .data = data, .nonce = "0"};
  HeadEvent event;
  event.sealed_here = sealed_here;
  event.added.push_back(std::make_shared<const Block>(
      Block{seal_header(jbc::to_header(block, 0), HeaderIdentity::jbc_sha256), {}}));
  return event;
}
}  // namespace

TEST(JbcDataQueue, OurBlocksTakeWhatTheySay) {
  JbcDataQueue queue("otherwise");
  EXPECT_EQ(queue.next(), "otherwise");
  EXPECT_EQ(queue.submit("one"), 1u);
  EXPECT_EQ(queue.submit("two"), 2u);
  queue.on_head(block_saying("one", false));  // somebody else's
  queue.on_head(block_saying("two", true));   // made before "one" was submitted
  EXPECT_EQ(queue.pending(), (std::vector<std::string>{"one", "two"}));
  queue.on_head(block_saying("one", true));
  EXPECT_EQ(queue.next(), "two");
  queue.on_head(block_saying("two", true));
  queue.on_head(block_saying("otherwise", true));
  EXPECT_TRUE(queue.pending().empty());
}

TEST(JbcDataQueue, HasBounds) {
  JbcDataQueue queue("");
  EXPECT_FALSE(queue.submit(""));
  EXPECT_FALSE(queue.submit("\xff"));
  EXPECT_FALSE(queue.submit(std::string(JbcDataQueue::kMostTextBytes + 1, 'x')));
  for (std::size_t i = 0; i < JbcDataQueue::kMostBytes / JbcDataQueue::kMostTextBytes; ++i)
    EXPECT_TRUE(queue.submit(std::string(JbcDataQueue::kMostTextBytes, 'x')));
  EXPECT_FALSE(queue.submit("x"));
  JbcDataQueue many("");
  for (std::size_t i = 0; i < JbcDataQueue::kMostTexts; ++i) EXPECT_TRUE(many.submit("x"));
  EXPECT_FALSE(many.submit("x"));
}
