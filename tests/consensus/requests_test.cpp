// What a block asks of the beacon chain.
#include "consensus/requests.hpp"

#include <gtest/gtest.h>

using namespace quarry;

namespace {
const Hash256 kTopic = *Hash256::from_hex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");

void put_word(Bytes& data, std::size_t at, std::size_t value) {
  data[at + 30] = static_cast<std::uint8_t>(value >> 8);
  data[at + 31] = static_cast<std::uint8_t>(value);
}

/// A log as the deposit contract writes it; the n-th field is filled with n + 1.
Log deposit_log() {
  Log log{kMainnetDepositContract, {kTopic}, Bytes(576, 0)};
  const std::size_t offsets[] = {160, 256, 320, 384, 512}, sizes[] = {48, 32, 8, 96, 8};
  for (std::size_t i = 0; i < 5; ++i) {
    put_word(log.data, 32 * i, offsets[i]);
    put_word(log.data, offsets[i], sizes[i]);
    std::fill_n(log.data.begin() + static_cast<std::ptrdiff_t>(offsets[i]) + 32, sizes[i], i + 1);
  }
  return log;
}

std::vector<Receipt> receipts_with(Log log) {
  std::vector<Receipt> receipts(2);
  receipts[1].logs = {std::move(log)};
  return receipts;
}
}  // namespace

TEST(Requests, DepositsAreTheirFieldsOneAfterTheOther) {
  const auto deposits = deposits_of(receipts_with(deposit_log()), kMainnetDepositContract);
  ASSERT_TRUE(deposits);
  Bytes expected;
  for (const auto& [size, value] : {std::pair(48, 1), {32, 2}, {8, 3}, {96, 4}, {8, 5}})
    expected.insert(expected.end(), static_cast<std::size_t>(size), static_cast<std::uint8_t>(value));
  EXPECT_EQ(*deposits, expected);
}

TEST(Requests, OtherLogsAreNoDeposits) {
  Log log = deposit_log();
  log.topics[0].bytes[0] ^= 1;
  EXPECT_TRUE(deposits_of(receipts_with(log), kMainnetDepositContract)->empty());
  log = deposit_log();
  log.topics.clear();
  EXPECT_TRUE(deposits_of(receipts_with(log), kMainnetDepositContract)->empty());
  EXPECT_TRUE(deposits_of(receipts_with(deposit_log()), Address{})->empty());
}

TEST(Requests, DepositsOfAnotherFormMakeTheBlockInvalid) {
  for (const std::size_t at : {31u, 160u, 191u, 512u}) {  // an offset, lengths
    Log log = deposit_log();
    log.data[at] ^= 1;
    const auto deposits = deposits_of(receipts_with(log), kMainnetDepositContract);
    ASSERT_FALSE(deposits);
    EXPECT_EQ(deposits.error().rule, BlockRule::deposit);
  }
  Log log = deposit_log();
  log.data.push_back(0);
  EXPECT_FALSE(deposits_of(receipts_with(log), kMainnetDepositContract));
}

/// EIP-7685: requests without data do not count.
TEST(Requests, HashIsOfTheHashes) {
  std::vector<Bytes> requests;
  add_request(requests, RequestType::deposit, {});
  EXPECT_EQ(requests_hash(requests).hex(),
            "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const Bytes data{7};
  add_request(requests, RequestType::consolidation, data);
  EXPECT_EQ(requests, (std::vector<Bytes>{{2, 7}}));
  Header header;
  header.requests_hash = requests_hash(requests);
  EXPECT_FALSE(check_requests_hash(header, requests));
  EXPECT_EQ(check_requests_hash(header, std::vector<Bytes>{})->rule, BlockRule::requests_hash);
}
