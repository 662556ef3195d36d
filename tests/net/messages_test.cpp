#include <gtest/gtest.h>

#include <random>

#include "core/hex.hpp"
#include "core/trie_root.hpp"
#include "net/message_table.hpp"
#include "net/packed_messages.hpp"
#include "net/p2p.hpp"

using namespace quarry;
using namespace quarry::net;
using rlp::DecodeError;

namespace {

constexpr auto kIdentity = HeaderIdentity::keccak_rlp;

template <class T>
T filled(std::uint8_t with) {
  T out;
  out.bytes.fill(with);
  return out;
}
Header header(BlockNum number) {
  Header out;
  out.number = number;
  out.difficulty = 131072 + number;
  out.extra_data = Bytes(number % 32, 0x61);
  out.parent_hash = filled<BlockHash>(static_cast<std::uint8_t>(number));
  return out;
}
Transaction transaction(std::uint64_t nonce) {
  Transaction out;
  out.nonce = nonce;
  out.max_fee_per_gas = out.max_priority_fee_per_gas = 20;
  out.gas_limit = 21000;
  out.to = filled<Address>(7);
  out.value = 1;
  out.v = 27;
  out.r = 5;
  out.s = 6;
  return out;
}
Body body(std::size_t transactions, std::size_t ommers) {
  Body out;
  for (std::size_t i = 0; i < transactions; ++i) out.transactions.push_back(transaction(i));
  for (std::size_t i = 0; i < ommers; ++i) out.ommers.push_back(seal_header(header(i), kIdentity));
  return out;
}
Receipt receipt(Gas gas) {
  Receipt out;
  out.cumulative_gas_used = gas;
  out.logs = {{filled<Address>(1), {filled<Hash256>(2)}, Bytes{1, 2, 3}}};
  out.logs_bloom = bloom_of(out.logs);
  return out;
}
Bytes list_of_items(std::size_t count, ByteView item) {
  Bytes payload;
  for (std::size_t i = 0; i < count; ++i) append(payload, item);
  Bytes out = rlp::list_prefix(payload.size());
  append(out, payload);
  return out;
}
template <class T>
DecodeError error_of(const rlp::Decoded<T>& decoded) {
  EXPECT_FALSE(decoded);
  return decoded ? DecodeError{} : decoded.error();
}

constexpr ForkId kForkId{ForkHash{{1, 2, 3, 4}}, 1150000};

struct Sample {
  unsigned version;  ///< of eth that has this form of it
  EthCode code;
  Bytes payload;
};
/// One payload of each row of the table.
std::vector<Sample> samples() {
  const std::vector<BlockHash> blocks{filled<BlockHash>(1), filled<BlockHash>(2)};
  const std::vector<Hash256> hashes{filled<Hash256>(3)};
  const std::vector<BlockId> ids{{7, filled<BlockHash>(1)}, {8, filled<BlockHash>(2)}};
  const std::vector<Bytes> nodes{Bytes{1}, Bytes(40, 2), Bytes{}};
  const std::vector<SealedHeader> headers{seal_header(header(1), kIdentity),
                                          seal_header(header(2), kIdentity)};
  const std::vector<Body> bodies{body(0, 0), body(2, 1)};
  const std::vector<std::vector<Receipt>> receipts{{}, {receipt(21000), receipt(42000)}};
  const std::vector<Transaction> transactions{transaction(1), transaction(2)};
  const std::vector<AnnouncedTxn> announced{{filled<TxnHash>(6), AnnouncedTxn::Form{0, 110}},
                                            {filled<TxnHash>(7), AnnouncedTxn::Form{3, 131072}}};
  const Status status{63, 1999, U256{1} << 80, filled<BlockHash>(4), filled<BlockHash>(5), kForkId};
  return {
      {68, EthCode::status, encode(status)},
      {63, EthCode::new_block_hashes, encode_new_block_hashes(ids)},
      {63, EthCode::transactions, encode_transactions(transactions)},
      {63, EthCode::get_block_headers, encode(GetBlockHeaders{blocks[0], 192, 0, true})},
      {63, EthCode::block_headers, encode_block_headers(headers)},
      {63, EthCode::get_block_bodies, encode_hashes<BlockHash>(blocks)},
      {63, EthCode::block_bodies, encode_block_bodies(bodies)},
      {63, EthCode::new_block, encode_new_block(Block{headers[0], body(1, 1)}, 77)},
      {65, EthCode::new_pooled_transaction_hashes, encode_announced_hashes(announced)},
      {68, EthCode::new_pooled_transaction_hashes, encode_announced_txns(announced)},
      {65, EthCode::get_pooled_transactions, encode_hashes<BlockHash>(blocks)},
      {65, EthCode::pooled_transactions, encode_transactions(transactions)},
      {63, EthCode::get_node_data, encode_hashes<Hash256>(hashes)},
      {63, EthCode::node_data, encode_node_data(nodes)},
      {63, EthCode::get_receipts, encode_hashes<BlockHash>(blocks)},
      {63, EthCode::receipts, encode_receipts(receipts)},
  };
}
const MessageInfo& row_of(const Sample& sample) {
  return *find_message(sample.version, static_cast<std::uint64_t>(sample.code));
}
bool has(unsigned version, EthCode code) {
  return find_message(version, static_cast<std::uint64_t>(code)) != nullptr;
}

}  // namespace

TEST(Messages, StatusSurvivesTheWire) {
  Status status{63, 1999, U256{1} << 80, filled<BlockHash>(4), filled<BlockHash>(5), std::nullopt};
  EXPECT_EQ(*decode_status(encode(status)), status);
  status.fork_id = kForkId;
  EXPECT_EQ(*decode_status(encode(status)), status);
  // The fork id is a list of its own at the end: [hash, next].
  EXPECT_TRUE(to_hex(encode(status)).ends_with("c9840102030483118c30"));
}

TEST(Messages, GetBlockHeadersHasFourForms) {
  for (const bool reverse : {false, true}) {
    for (const std::variant<BlockHash, BlockNum>& from :
         {std::variant<BlockHash, BlockNum>{filled<BlockHash>(9)},
          {BlockNum{0}},
          {BlockNum{12}},
          {~BlockNum{0}}}) {
      const GetBlockHeaders request{from, 192, 191, reverse};
      EXPECT_EQ(*decode_get_block_headers(encode(request)), request);
    }
  }
  // By number 12: 0x0c; devp2p has [[block, amount, skip, reverse]] with the block a number or a hash.
  EXPECT_EQ(to_hex(encode(GetBlockHeaders{BlockNum{12}, 3, 1, true})), "c40c030101");
  // The worked example of docs/wire_format.md.
  EXPECT_EQ(to_hex(encode(GetBlockHeaders{BlockNum{1}, 3, 0, false})), "c401038080");
  EXPECT_EQ(error_of(decode_get_block_headers(*from_hex("c40c030102"))), DecodeError::invalid_value);
  EXPECT_EQ(error_of(decode_get_block_headers(*from_hex("c582000c0301"))), DecodeError::leading_zero);
  EXPECT_EQ(error_of(decode_get_block_headers(*from_hex("c3c0030101"))), DecodeError::trailing_bytes);
  EXPECT_EQ(error_of(decode_get_block_headers(*from_hex("c30c0301"))), DecodeError::input_too_short);
  EXPECT_EQ(error_of(decode_get_block_headers(*from_hex("c50c03010101"))), DecodeError::trailing_bytes);
  EXPECT_EQ(error_of(decode_get_block_headers(*from_hex("cd89010101010101010101030101"))),
            DecodeError::overflow);
}

TEST(Messages, RecordsSurviveTheWire) {
  const std::vector<SealedHeader> headers{seal_header(header(1), kIdentity),
                                          seal_header(header(9), kIdentity)};
  const auto headers_again = decode_headers(encode_block_headers(headers), kIdentity);
  ASSERT_TRUE(headers_again);
  EXPECT_EQ(*headers_again, headers);

  const std::vector<Body> bodies{body(0, 0), body(3, 2)};
  const auto bodies_again = decode_bodies(encode_block_bodies(bodies), kIdentity);
  ASSERT_TRUE(bodies_again);
  ASSERT_EQ(bodies_again->size(), 2U);
  EXPECT_EQ((*bodies_again)[1].transactions, bodies[1].transactions);
  EXPECT_EQ((*bodies_again)[1].ommers, bodies[1].ommers);

  const std::vector<std::vector<Receipt>> receipts{{receipt(1)}, {}, {receipt(2), receipt(3)}};
  EXPECT_EQ(*decode_receipts(encode_receipts(receipts)), receipts);

  const Block block{headers[0], body(2, 1)};
  const auto news = decode_new_block(encode_new_block(block, U256{1} << 200), kIdentity);
  ASSERT_TRUE(news);
  EXPECT_EQ(news->block.header, block.header);
  EXPECT_EQ(news->block.body.transactions, block.body.transactions);
  EXPECT_EQ(news->total_difficulty, U256{1} << 200);

  const std::vector<BlockId> ids{{~BlockNum{0}, filled<BlockHash>(1)}};
  EXPECT_EQ(*decode_new_block_hashes(encode_new_block_hashes(ids)), ids);
  const std::vector<Bytes> nodes{Bytes(532, 3), Bytes{0x7f}};
  EXPECT_EQ(*decode_node_data(encode_node_data(nodes)), nodes);
  const std::vector<Transaction> transactions{transaction(1)};
  EXPECT_EQ(*decode_transactions(encode_transactions(transactions)), transactions);
}

TEST(Messages, StoredItemsPassThroughUnread) {
  const std::vector<Body> bodies{body(1, 0), body(0, 1)};
  const std::vector<Bytes> stored{encode_body(bodies[0]), encode_body(bodies[1])};
  EXPECT_EQ(encode_raw_list(stored), encode_block_bodies(bodies));
  EXPECT_EQ(encode_raw_list({}), Bytes{0xc0});
}

TEST(Messages, TheTableListsEachOnceAndChecksIt) {
  const auto all = samples();
  ASSERT_EQ(eth_messages().size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& row = row_of(all[i]);
    EXPECT_EQ(&row, &eth_messages()[i]);
    EXPECT_EQ(row.code, all[i].code);
    EXPECT_LE(all[i].payload.size(), row.max_bytes) << row.name;
    EXPECT_TRUE(row.check(all[i].payload, kIdentity)) << row.name;
    EXPECT_EQ(row.kind == MessageKind::request, row.answer != row.code) << row.name;
    // Requests and answers are numbered from eth/66 on, nothing else ever.
    const bool numbered = row.kind == MessageKind::request || row.kind == MessageKind::answer;
    EXPECT_EQ(row.request_id_since, numbered ? 66U : ~0U) << row.name;
    const auto& first = info(row.code);
    EXPECT_EQ(first.name, row.name);
    EXPECT_EQ(first.kind, row.kind);
    EXPECT_EQ(first.answer, row.answer);
  }
}

TEST(Messages, EachVersionHasItsMessages) {
  for (unsigned version = 62; version <= 68; ++version) {
    EXPECT_TRUE(has(version, EthCode::status) && has(version, EthCode::new_block)) << version;
    EXPECT_EQ(has(version, EthCode::get_receipts), version >= 63) << version;
    EXPECT_EQ(has(version, EthCode::get_node_data), version >= 63 && version <= 66) << version;
    EXPECT_EQ(has(version, EthCode::node_data), version >= 63 && version <= 66) << version;
    EXPECT_EQ(has(version, EthCode::new_pooled_transaction_hashes), version >= 65) << version;
    EXPECT_EQ(has(version, EthCode::get_pooled_transactions), version >= 65) << version;
    EXPECT_EQ(find_message(version, 0x0b), nullptr) << version;
    EXPECT_EQ(find_message(version, 0x11), nullptr) << version;
  }
  const auto names = [](bool needs_node_data) {
    std::vector<Capability> out;
    for (const auto& own : own_capabilities(needs_node_data)) out.push_back(own.capability);
    return list_of(out);
  };
  EXPECT_EQ(names(false), "eth/62, eth/63, eth/64, eth/65, eth/66, eth/67, eth/68");
  // A state can only be asked for up to eth/66.
  EXPECT_EQ(names(true), "eth/62, eth/63, eth/64, eth/65, eth/66");
}

TEST(Messages, RefuseEveryTruncationAndTrailingBytes) {
  for (const auto& sample : samples()) {
    const auto& row = row_of(sample);
    for (std::size_t length = 0; length < sample.payload.size(); ++length)
      EXPECT_FALSE(row.check(ByteView{sample.payload}.first(length), kIdentity)) << row.name << " " << length;
    Bytes longer = sample.payload;
    longer.push_back(0);
    EXPECT_FALSE(row.check(longer, kIdentity)) << row.name;
  }
}

TEST(Messages, AnnouncementsHaveAsManyTypesAsSizesAsHashes) {
  const std::vector<AnnouncedTxn> two{{filled<TxnHash>(6), AnnouncedTxn::Form{0, 110}},
                                      {filled<TxnHash>(7), AnnouncedTxn::Form{2, 300}}};
  EXPECT_EQ(*decode_announced_txns(encode_announced_txns(two)), two);
  auto without = two;
  for (auto& txn : without) txn.form.reset();
  EXPECT_EQ(*decode_announced_hashes(encode_announced_hashes(two)), without);
  EXPECT_TRUE(decode_announced_txns(*from_hex("c380c0c0"))->empty());
  const std::string hash = "a0" + std::string(64, '6');
  // EIP-5793's form, [types, [size], [hash]], by hand; then one list too short or too long.
  EXPECT_TRUE(decode_announced_txns(*from_hex("e502c16ee1" + hash)));
  EXPECT_EQ(error_of(decode_announced_txns(*from_hex("e402c0e1" + hash))), DecodeError::input_too_short);
  EXPECT_EQ(error_of(decode_announced_txns(*from_hex("c402c16ec0"))), DecodeError::input_too_short);
  EXPECT_EQ(error_of(decode_announced_txns(*from_hex("e580c16ee1" + hash))), DecodeError::trailing_bytes);
}

TEST(Messages, RequestIdsAreWrappedAround) {
  const Bytes request = encode(GetBlockHeaders{BlockNum{1}, 3, 0, false});
  // EIP-2481: [request-id, what it was before].
  EXPECT_EQ(to_hex(with_request_id(1111, request)), "c8820457c401038080");
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    const Bytes wrapped = with_request_id(id, request);
    EXPECT_LE(wrapped.size(), request.size() + kMostIdBytes);
    const auto split = split_request_id(wrapped);
    ASSERT_TRUE(split);
    EXPECT_EQ(split->id, id);
    EXPECT_TRUE(equal(split->payload, request));
  }
  EXPECT_EQ(error_of(split_request_id(request)), DecodeError::trailing_bytes);
  EXPECT_EQ(error_of(split_request_id(Bytes{0xc1, 0x05})), DecodeError::input_too_short);
  EXPECT_EQ(error_of(split_request_id(*from_hex("cb89010203040506070809c0"))), DecodeError::overflow);
  EXPECT_FALSE(split_request_id({}));
}

TEST(Messages, BoundEveryList) {
  const Bytes hash = rlp::encode(filled<Hash256>(1));
  EXPECT_TRUE(decode_hashes<BlockHash>(list_of_items(kMaxHashesRead, hash)));
  EXPECT_EQ(error_of(decode_hashes<BlockHash>(list_of_items(kMaxHashesRead + 1, hash))),
            DecodeError::too_many);
  EXPECT_TRUE(decode_announced_hashes(list_of_items(kMaxHashesRead, hash)));
  EXPECT_EQ(error_of(decode_announced_hashes(list_of_items(kMaxHashesRead + 1, hash))),
            DecodeError::too_many);
  const std::vector<AnnouncedTxn> full(kMaxHashesRead, {filled<TxnHash>(1), AnnouncedTxn::Form{2, 131072}});
  const Bytes announced = encode_announced_txns(full);
  EXPECT_TRUE(decode_announced_txns(announced));
  EXPECT_LE(announced.size(), find_message(68, 0x08)->max_bytes);
  EXPECT_EQ(error_of(decode_announced_txns(
                encode_announced_txns(std::vector<AnnouncedTxn>(kMaxHashesRead + 1, full[0])))),
            DecodeError::too_many);
  const Bytes header_rlp = encode_header(header(1));
  EXPECT_TRUE(decode_headers(list_of_items(kMaxItemsRead, header_rlp), kIdentity));
  EXPECT_EQ(error_of(decode_headers(list_of_items(kMaxItemsRead + 1, header_rlp), kIdentity)),
            DecodeError::too_many);
  const Bytes body_rlp = encode_body(body(0, 0));
  EXPECT_EQ(error_of(decode_bodies(list_of_items(kMaxItemsRead + 1, body_rlp), kIdentity)),
            DecodeError::too_many);
  const Bytes empty_list{0xc0}, empty_string{0x80};
  EXPECT_EQ(error_of(decode_receipts(list_of_items(kMaxItemsRead + 1, empty_list))), DecodeError::too_many);
  EXPECT_EQ(error_of(decode_node_data(list_of_items(kMaxItemsRead + 1, empty_string))),
            DecodeError::too_many);
  rlp::Writer id;
  const auto mark = id.begin_list();
  id.write(filled<BlockHash>(1)).write(std::uint64_t{5}).end_list(mark);
  EXPECT_EQ(error_of(decode_new_block_hashes(list_of_items(kMaxItemsRead + 1, id.bytes()))),
            DecodeError::too_many);
}

TEST(P2p, ReadsTheHelloOfEip8) {
  const auto hello = decode_hello(*from_hex(
      "f87137916b6e6574682f76302e39312f706c616e39cdc5836574683dc6846d6f726b1682270fb840fda1cff674c90c9a"
      "197539fe3dfb53086ace64f83ed7c6eabec741f7f381cc803e52ab2cd55d5569bce4347107a310dfd5f88a010cd2ffd1"
      "005ca406f1842877c883666f6f836261720304"));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->version, 55U);
  EXPECT_EQ(hello->client, "kneth/v0.91/plan9");
  EXPECT_EQ(list_of(hello->capabilities), "eth/61, mork/22");
  EXPECT_EQ(hello->listen_port, 9999U);
  EXPECT_EQ(to_hex(hello->id).substr(0, 16), "fda1cff674c90c9a");
}

TEST(P2p, HelloSurvivesTheWireWithinItsBounds) {
  Hello hello{.client = "Quarry/v1", .capabilities = {{"eth", 62}, {"eth", 63}}, .listen_port = 30303};
  hello.id = filled<NodeId>(3);
  EXPECT_EQ(*decode_hello(encode_hello(hello)), hello);
  hello.capabilities.assign(kMaxCapabilities + 1, {"eth", 63});
  EXPECT_EQ(error_of(decode_hello(encode_hello(hello))), DecodeError::too_many);
  hello.capabilities.clear();
  hello.client = std::string(kMaxClientName + 1, 'x');
  EXPECT_EQ(error_of(decode_hello(encode_hello(hello))), DecodeError::overflow);
}

TEST(P2p, EveryDisconnectReasonHasANumberAndAName) {
  unsigned known = 0;
  for (std::uint64_t number = 0; number <= 0x20; ++number) {
    const auto reason = disconnect_reason(number);
    if (!reason) continue;
    ++known;
    EXPECT_EQ(*decode_disconnect(encode_disconnect(*reason)), number);
    EXPECT_STRNE(to_string(*reason), "unknown disconnect reason");
  }
  EXPECT_EQ(known, 13U);
  EXPECT_EQ(*decode_disconnect({}), 0U);
  EXPECT_EQ(*decode_disconnect(Bytes{0xc0}), 0U);
  EXPECT_EQ(*decode_disconnect(Bytes{0x04}), 4U);
  EXPECT_FALSE(decode_disconnect(Bytes{0xc2, 0x04}));
}

TEST(P2p, SharesTheHighestVersionOfEachName) {
  const std::vector<OwnCapability> ours{
      {{"eth", 62}, 8}, {{"eth", 63}, 17}, {{"abc", 1}, 5}, {{"zzz", 1}, 2}};
  const auto shared =
      share(ours, {{"zzz", 1}, {"eth", 62}, {"eth", 64}, {"eth", 63}, {"abc", 1}, {"Eth", 63}});
  ASSERT_EQ(shared.size(), 3U);
  EXPECT_EQ(shared[0].capability.to_string(), "abc/1");
  EXPECT_EQ(shared[0].offset, 16U);
  EXPECT_EQ(shared[1].capability.to_string(), "eth/63");
  EXPECT_EQ(shared[1].offset, 21U);
  EXPECT_EQ(shared[2].offset, 38U);
  EXPECT_EQ(share(ours, {{"eth", 62}}).at(0).capability.version, 62U);
  EXPECT_TRUE(share(ours, {{"eth", 68}, {"les", 2}}).empty());
}

namespace {
Transaction typed(TxnType type) {
  Transaction out = transaction(3);
  out.type = type;
  out.chain_id = 1999;
  out.v = 1;
  out.access_list = {{filled<Address>(4), {filled<SlotKey>(5)}}};
  if (type == TxnType::blob) out.blob_hashes = {filled<Hash256>(6)};
  return out;
}

/// Of every type, with outcomes of both kinds and logs.
std::vector<std::vector<Receipt>> many_receipts() {
  std::vector<std::vector<Receipt>> out(3);
  for (std::uint8_t i = 0; i < 40; ++i) {
    Receipt one = receipt(21'000u * (i + 1u));
    one.type = static_cast<TxnType>(i % 5);
    if (i % 3 == 0) one.outcome = i % 2 == 0;
    if (i % 7 == 0) one.outcome = filled<RootHash>(i);
    one.logs.resize(i % 4, one.logs.front());
    one.logs_bloom = bloom_of(one.logs);
    out[i % 2].push_back(std::move(one));
  }
  return out;
}

std::vector<Body> many_bodies() {
  std::vector<Body> out{body(0, 0), body(30, 2), body(1, 0)};
  for (const auto type : {TxnType::access_list, TxnType::fee_market, TxnType::blob})
    out[1].transactions.push_back(typed(type));
  out[2].withdrawals.emplace({Withdrawal{1, 2, filled<Address>(3), 4}});
  return out;
}
}  // namespace

TEST(Messages, WhatIsNotDecodedHasTheSameRootsAndBytes) {
  const auto bodies = many_bodies();
  const auto packed = unpack_bodies(encode_block_bodies(bodies), kIdentity);
  ASSERT_TRUE(packed);
  ASSERT_EQ(packed->size(), bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const PackedBody& one = (*packed)[i];
    EXPECT_EQ(one.rlp, encode_body(bodies[i]));
    EXPECT_EQ(one.transactions_root, transactions_root(bodies[i].transactions));
    EXPECT_EQ(one.ommers_hash, ommers_hash(bodies[i].ommers));
    EXPECT_EQ(one.withdrawals_root.has_value(), bodies[i].withdrawals.has_value());
    if (one.withdrawals_root) {
      EXPECT_EQ(*one.withdrawals_root, withdrawals_root(*bodies[i].withdrawals));
    }
    std::vector<TxnHash> hashes;
    for (const Transaction& txn : bodies[i].transactions) hashes.push_back(hash_of(txn));
    EXPECT_EQ(one.txn_hashes, hashes);
  }
  const auto receipts = many_receipts();
  const Bytes message = encode_receipts(receipts);
  const auto bare = unpack_receipts(message);
  ASSERT_TRUE(bare);
  std::vector<Bytes> again;
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    EXPECT_EQ((*bare)[i].root, receipts[i].empty() ? kEmptyRoot : receipts_root(receipts[i]));
    again.push_back(with_blooms((*bare)[i].bare).value());
  }
  EXPECT_EQ(encode_raw_list(again), message);
}

/// Whatever a peer sends, it is refused by both ways of reading it or by none.
TEST(Messages, WhatIsNotDecodedIsCheckedAsIfItWere) {
  std::mt19937 random(11);
  const Bytes bodies = encode_block_bodies(many_bodies()), receipts = encode_receipts(many_receipts());
  int refused = 0, taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes message = round % 2 == 0 ? bodies : receipts;
    for (unsigned i = 0; i <= random() % 2; ++i)
      message[random() % message.size()] = static_cast<std::uint8_t>(random() % 4 == 0 ? 0x80 : random());
    const bool good =
        round % 2 == 0 ? decode_bodies(message, kIdentity).has_value() : decode_receipts(message).has_value();
    const bool good_packed =
        round % 2 == 0 ? unpack_bodies(message, kIdentity).has_value() : unpack_receipts(message).has_value();
    ASSERT_EQ(good, good_packed) << to_hex(message);
    ++(good ? taken : refused);
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(taken, 1000);
}
