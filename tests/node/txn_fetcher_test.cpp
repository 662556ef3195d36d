// Announced transactions: who is asked for what, when, and what happens when nobody answers.
#include "node/txn_fetcher.hpp"

#include <gtest/gtest.h>

using namespace quarry;
using namespace std::chrono_literals;

namespace {

TxnHash hash(std::uint64_t number) {
  TxnHash out;
  for (std::size_t i = 0; i < 8; ++i) out.bytes[12 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return out;
}
std::vector<net::AnnouncedTxn> of(std::uint64_t first, std::uint64_t count,
                                  std::optional<TxnFetcher::Form> form = {}) {
  std::vector<net::AnnouncedTxn> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back({hash(first + i), form});
  return out;
}
constexpr TxnFetcher::Time kStart = 1000s;
constexpr TxnFetcher::Time kLater = kStart + TxnFetcher::kArrivalWait;

}  // namespace

TEST(TxnFetcher, AsksOncePerTransactionAfterAWait) {
  TxnFetcher fetcher;
  fetcher.add_peer(1, true);
  fetcher.add_peer(2, true);
  fetcher.announced(1, of(1, 3), kStart);
  fetcher.announced(2, of(2, 3), kStart);
  EXPECT_TRUE(fetcher.due(kStart).empty());
  fetcher.arrived(hash(1));  // somebody sent it whole
  const auto requests = fetcher.due(kLater);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].peer, 1U);
  EXPECT_EQ(requests[0].hashes, (std::vector{hash(2), hash(3)}));
  EXPECT_EQ(requests[1].peer, 2U);
  EXPECT_EQ(requests[1].hashes, std::vector{hash(4)});
  EXPECT_NE(requests[0].id, requests[1].id);
  EXPECT_TRUE(fetcher.due(kLater + 1s).empty());
  const auto asked = fetcher.answered(1, requests[0].id);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->size(), 2U);
  for (const auto& [one, form] : *asked) fetcher.arrived(one);
  ASSERT_TRUE(fetcher.answered(2, requests[1].id));
  fetcher.arrived(hash(4));
  EXPECT_TRUE(fetcher.idle());
}

TEST(TxnFetcher, AsksAnotherWhenTheFirstDoesNotDeliver) {
  TxnFetcher fetcher;
  for (const net::PeerId peer : {1U, 2U, 3U}) {
    fetcher.add_peer(peer, true);
    fetcher.announced(peer, of(7, 2), kStart);
  }
  const auto first = fetcher.due(kLater);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].peer, 1U);
  EXPECT_TRUE(fetcher.due(kLater + TxnFetcher::kAnswerWait - 1ms).empty());
  const auto second = fetcher.due(kLater + TxnFetcher::kAnswerWait);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].peer, 2U);
  EXPECT_EQ(second[0].hashes.size(), 2U);
  // The second has one of the two only: the third is asked for the other.
  ASSERT_TRUE(fetcher.answered(2, second[0].id));
  fetcher.arrived(hash(7));
  const auto third = fetcher.due(kLater + TxnFetcher::kAnswerWait);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_EQ(third[0].peer, 3U);
  EXPECT_EQ(third[0].hashes, std::vector{hash(8)});
  // It leaves: nobody is left to ask.
  fetcher.remove_peer(3);
  EXPECT_TRUE(fetcher.idle());
  // The silent one is asked nothing more until its answer comes.
  fetcher.announced(1, of(9, 1), kLater);
  EXPECT_TRUE(fetcher.due(kLater + 60s).empty());
  const auto late = fetcher.answered(1, first[0].id);
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->contains(hash(8)));
  EXPECT_EQ(fetcher.due(kLater + 60s).size(), 1U);
}

TEST(TxnFetcher, TakesOnlyAnswersToWhatItAsked) {
  TxnFetcher fetcher;
  fetcher.add_peer(1, true);
  fetcher.add_peer(2, false);
  EXPECT_FALSE(fetcher.answered(1, 1));
  fetcher.announced(1, of(1, 1), kStart);
  fetcher.announced(2, of(2, 1), kStart);
  const auto requests = fetcher.due(kLater);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_FALSE(fetcher.answered(1, requests[0].id + 1));
  EXPECT_TRUE(fetcher.answered(1, requests[0].id));
  EXPECT_FALSE(fetcher.answered(1, requests[0].id));
  // eth/65 has no numbers: the next answer is the answer.
  EXPECT_TRUE(fetcher.answered(2, 0));
  EXPECT_FALSE(fetcher.answered(2, 0));
  EXPECT_FALSE(fetcher.answered(3, 0));
}

TEST(TxnFetcher, BoundsWhatOnePeerMayAnnounceAndIsAskedFor) {
  TxnFetcher fetcher;
  fetcher.add_peer(1, true);
  fetcher.announced(1, of(0, TxnFetcher::kMostAnnounced + 100), kStart);
  EXPECT_EQ(fetcher.waiting(), TxnFetcher::kMostAnnounced);
  auto requests = fetcher.due(kLater);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].hashes.size(), TxnFetcher::kMostAsked);
  fetcher.remove_peer(1);
  EXPECT_TRUE(fetcher.idle());

  // By size, where it is announced; one goes however large it is said to be.
  fetcher.add_peer(2, true);
  fetcher.announced(2, of(0, 10, TxnFetcher::Form{2, 50'000}), kStart);
  requests = fetcher.due(kLater);
  EXPECT_EQ(requests.at(0).hashes.size(), 2U);
  fetcher.add_peer(3, true);
  fetcher.announced(3, of(100, 2, TxnFetcher::Form{2, ~std::uint64_t{0}}), kStart);
  requests = fetcher.due(kLater);
  EXPECT_EQ(requests.at(0).hashes.size(), 1U);
  // One that comes and goes for ever takes no more room than others.
  for (std::uint64_t i = 0; i < 5 * TxnFetcher::kMostAnnounced; ++i) {
    fetcher.announced(3, of(1'000'000 + i, 1), kStart);
    fetcher.arrived(hash(1'000'000 + i));
  }
  EXPECT_EQ(fetcher.waiting(), 12U);
}
