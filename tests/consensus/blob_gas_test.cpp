// The price of blobs and how it moves.
#include "consensus/blob_gas.hpp"

#include <gtest/gtest.h>

using namespace quarry;

namespace {
constexpr BlobParams kCancun{3, 6, 3'338'477};
constexpr BlobParams kOsaka{6, 9, 5'007'716};

Rules rules_with(std::initializer_list<Fork> forks) {
  Rules rules;
  for (const Fork fork : forks) rules.set(fork);
  return rules;
}

Header blobs(Gas excess, std::uint64_t used, U256 base_fee = 1) {
  Header header;
  header.excess_blob_gas = excess;
  header.blob_gas_used = used * kGasPerBlob;
  header.base_fee_per_gas = base_fee;
  return header;
}
}  // namespace

/// e to the power of excess / fraction, rounded down as EIP-4844's integers do.
TEST(BlobGas, PriceGrowsExponentially) {
  EXPECT_EQ(blob_base_fee(0, kCancun), U256{1});
  EXPECT_EQ(blob_base_fee(2'314'057, kCancun), U256{1});
  EXPECT_EQ(blob_base_fee(2'314'058, kCancun), U256{2});
  EXPECT_EQ(blob_base_fee(10 << 20, kCancun), U256{23});
  EXPECT_EQ(blob_base_fee(148'099'578, kCancun), *U256::parse("18446739238971471609"));
  EXPECT_EQ(blob_base_fee(148'099'579, kCancun), *U256::parse("18446744762204311910"));
  EXPECT_EQ(blob_base_fee(~Gas{0}, kCancun), U256::max());
}

TEST(BlobGas, ExcessIsWhatPassesTheTarget) {
  const Rules rules = rules_with({Fork::cancun});
  EXPECT_EQ(next_excess_blob_gas(Header{}, kCancun, rules), 0u);
  EXPECT_EQ(next_excess_blob_gas(blobs(0, 3), kCancun, rules), 0u);
  EXPECT_EQ(next_excess_blob_gas(blobs(0, 4), kCancun, rules), kGasPerBlob);
  EXPECT_EQ(next_excess_blob_gas(blobs(kGasPerBlob, 3), kCancun, rules), kGasPerBlob);
  EXPECT_EQ(next_excess_blob_gas(blobs(kGasPerBlob, 1), kCancun, rules), 0u);
}

/// EIP-7918: where execution gas costs more than 16 times the blob gas, the excess does not fall with the
/// use.
TEST(BlobGas, ReserveHoldsThePrice) {
  const Rules prague = rules_with({Fork::cancun, Fork::prague});
  const Rules osaka = rules_with({Fork::cancun, Fork::prague, Fork::osaka});
  const Gas excess = 10 * kGasPerBlob;
  EXPECT_EQ(next_excess_blob_gas(blobs(excess, 3, 17), kOsaka, prague), 7 * kGasPerBlob);
  EXPECT_EQ(next_excess_blob_gas(blobs(excess, 3, 16), kOsaka, osaka), 7 * kGasPerBlob);
  EXPECT_EQ(next_excess_blob_gas(blobs(excess, 3, 17), kOsaka, osaka), 11 * kGasPerBlob);
}

/// A schedule whose blocks aim at all that they take: under the reserve the excess stands still.
TEST(BlobGas, ReserveHoldsWhereTargetAndMostAreOne) {
  const Rules osaka = rules_with({Fork::cancun, Fork::prague, Fork::osaka});
  const BlobParams params{6, 6, 5'007'716};
  const Gas excess = 10 * kGasPerBlob;
  EXPECT_EQ(next_excess_blob_gas(blobs(excess, 3, 17), params, osaka), excess);
  EXPECT_EQ(next_excess_blob_gas(blobs(excess, 3, 16), params, osaka), 7 * kGasPerBlob);
}

TEST(BlobGas, ATransactionOfOsakaHasSixBlobsAtMost) {
  const Rules prague = rules_with({Fork::cancun, Fork::prague});
  const Rules osaka = rules_with({Fork::cancun, Fork::prague, Fork::osaka});
  EXPECT_EQ(most_blobs_a_txn(kOsaka, prague), 9u);
  EXPECT_EQ(most_blobs_a_txn(kOsaka, osaka), 6u);
  EXPECT_EQ(most_blobs_a_txn({2, 4, 5'007'716}, osaka), 4u);
}

TEST(BlobGas, ScheduleIsTheGenesisFilesOrThePublicOne) {
  ChainSpec spec;
  EXPECT_FALSE(blob_params(spec, rules_with({Fork::london})));
  EXPECT_EQ(blob_params(spec, rules_with({Fork::cancun})), kCancun);
  EXPECT_EQ(blob_params(spec, rules_with({Fork::cancun, Fork::prague, Fork::osaka})), kOsaka);
  spec.blob_schedule[Fork::bpo1] = {12, 16, 1000};
  const auto bpo1 = rules_with({Fork::cancun, Fork::prague, Fork::osaka, Fork::bpo1});
  EXPECT_EQ(blob_params(spec, bpo1), (BlobParams{12, 16, 1000}));
  EXPECT_EQ(blob_params(spec, rules_with({Fork::cancun, Fork::prague})), kOsaka);
}
