#include "rpc/views.hpp"

#include <gtest/gtest.h>

#include "core/secp256k1.hpp"
#include "core/sender.hpp"

using namespace quarry;
using namespace quarry::rpc;

namespace {

/// A transaction of that type, signed by `key`.
Transaction signed_txn(TxnType type, const PrivateKey& key) {
  Transaction txn;
  txn.type = type;
  txn.chain_id = 1337;
  txn.nonce = 3;
  // One price before EIP-1559.
  txn.max_priority_fee_per_gas = type < TxnType::fee_market ? 100 : 2;
  txn.max_fee_per_gas = 100;
  txn.gas_limit = 21000;
  txn.value = 5;
  txn.access_list = {{Address{}, {SlotKey{}}}};
  txn.blob_hashes = {Hash256{}};
  txn.authorizations = {{1, Address{}, 2, 1, 3, 4}};
  if (type != TxnType::legacy) txn.to = Address{};
  if (type == TxnType::legacy) txn.v = 1337 * 2 + 35;  // bound to the chain before it is signed
  const auto signature = sign(key, signing_hash(txn));
  txn.r = U256::from_be(signature.view().first(32));
  txn.s = U256::from_be(signature.view().subspan(32, 32));
  txn.v = (type == TxnType::legacy ? txn.v : U256{}) + U256{signature.bytes[64]};
  return txn;
}

}  // namespace

TEST(Views, TransactionsOfEveryTypeNameTheirSender) {
  const auto key = random_private_key();
  const auto sender = address_of(public_key(key)).hex();
  for (const auto type :
       {TxnType::legacy, TxnType::access_list, TxnType::fee_market, TxnType::blob, TxnType::set_code}) {
    const auto view = Json::parse(transaction_view(signed_txn(type, key), {}, 0));
    EXPECT_EQ(view["from"], sender) << view.dump();
    EXPECT_EQ(view["chainId"], "0x539");
    EXPECT_EQ(view["type"], "0x" + std::to_string(static_cast<int>(type)));
    EXPECT_EQ(view.contains("accessList"), type != TxnType::legacy);
    EXPECT_EQ(view.contains("maxFeePerGas"), type >= TxnType::fee_market);
    EXPECT_EQ(view.contains("blobVersionedHashes"), type == TxnType::blob);
    EXPECT_EQ(view.contains("authorizationList"), type == TxnType::set_code);
  }
}

TEST(Views, ASignatureThatIsNoneHasNoSender) {
  Transaction txn;
  EXPECT_EQ(Json::parse(transaction_view(txn, {}, 0))["from"], nullptr);
  txn.v = 27;
  EXPECT_EQ(Json::parse(transaction_view(txn, {}, 0))["from"], nullptr);
}

TEST(Views, ReceiptsBeforeAndAfterByzantium) {
  const auto key = random_private_key();
  Block block;
  block.body.transactions = {signed_txn(TxnType::legacy, key), signed_txn(TxnType::legacy, key)};
  std::vector<Receipt> receipts(2);
  receipts[0].logs.resize(4);
  receipts[0].cumulative_gas_used = 21'000;
  auto& receipt = receipts[1];
  receipt.cumulative_gas_used = 50'000;
  receipt.logs = {{Address{}, {Hash256{}}, {1, 2}}};
  receipt.outcome = RootHash{};
  BlockPlace at;
  at.base_fee = 10;
  const ReceiptsView views(block, receipts, at);
  auto view = Json::parse(views.one(1));
  EXPECT_EQ(view, Json::parse(views.all())[1]);
  EXPECT_EQ(view["gasUsed"], "0x7148");
  EXPECT_TRUE(view.contains("root") && !view.contains("status"));
  EXPECT_EQ(view["logs"][0]["logIndex"], "0x4");
  EXPECT_EQ(view["logs"][0]["data"], "0x0102");
  EXPECT_EQ(view["logs"][0]["removed"], false);
  EXPECT_EQ(view["effectiveGasPrice"], "0x64") << "a legacy price is paid whole";
  EXPECT_TRUE(view["contractAddress"].is_string());
  EXPECT_EQ(view["to"], nullptr);
  receipt.outcome = false;
  block.body.transactions[1] = signed_txn(TxnType::fee_market, key);
  view = Json::parse(views.one(1));
  EXPECT_EQ(view["status"], "0x0");
  EXPECT_EQ(view["effectiveGasPrice"], "0xc");
  EXPECT_EQ(view["contractAddress"], nullptr);
}

TEST(Views, BigNumbersStayNumbers) {
  EXPECT_EQ(big_number(U256{1707456}).dump(), "1707456");
  EXPECT_EQ(big_number(U256{UINT64_MAX}).dump(), "18446744073709551615");
  EXPECT_TRUE(big_number(U256{1} << 80).is_number_float());
}
