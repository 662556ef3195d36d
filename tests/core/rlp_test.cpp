#include "core/rlp.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "fixtures.hpp"

using namespace quarry;
using nlohmann::json;
using rlp::DecodeError;

namespace {
Bytes hex(std::string_view text) {
  return *from_hex(text);
}

DecodeError error_of(std::string_view text) {
  const Bytes input = hex(text);
  // Walks everything, as a decoder of a nested record would.
  const std::function<rlp::Decoded<>(ByteView, bool)> walk = [&](ByteView bytes,
                                                                 bool whole) -> rlp::Decoded<> {
    rlp::Reader reader(bytes);
    do {
      auto item = reader.next();
      if (!item) return rlp::fail(item.error());
      if (whole && !reader.at_end()) return rlp::fail(DecodeError::trailing_bytes);
      if (item->is_list && !item->payload.empty())
        if (auto inner = walk(item->payload, false); !inner) return inner;
    } while (!reader.at_end());
    return {};
  };
  const auto result = walk(input, true);
  EXPECT_FALSE(result) << text << " should be refused";
  return result ? DecodeError::invalid_value : result.error();
}

void write_json(rlp::Writer& to, const json& value) {
  if (value.is_array()) {
    const auto mark = to.begin_list();
    for (const auto& one : value) write_json(to, one);
    to.end_list(mark);
  } else if (value.is_number_unsigned()) {
    to.write(value.get<std::uint64_t>());
  } else if (const auto text = value.get<std::string>(); text.starts_with('#')) {
    // Big numbers; those past 256 bits are written from their digits by the test below.
    to.write(*U256::parse(text.substr(1)));
  } else {
    to.write(text);
  }
}
}  // namespace

TEST(Rlp, EncodesTheYellowPaperExamples) {
  EXPECT_EQ(rlp::encode(as_bytes("dog")), hex("83646f67"));
  EXPECT_EQ(rlp::encode(as_bytes("")), hex("80"));
  EXPECT_EQ(rlp::encode(std::uint64_t{0}), hex("80"));
  EXPECT_EQ(rlp::encode(std::uint64_t{15}), hex("0f"));
  EXPECT_EQ(rlp::encode(std::uint64_t{1024}), hex("820400"));
  EXPECT_EQ(rlp::encode(U256{1} << 255),
            hex("a08000000000000000000000000000000000000000000000000000000000000000"));
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(as_bytes("cat")).write(as_bytes("dog")).end_list(mark);
  EXPECT_EQ(to.bytes(), hex("c88363617483646f67"));
}

TEST(Rlp, RefusesWhatHasAShorterForm) {
  EXPECT_EQ(error_of("8100"), DecodeError::non_canonical_size);
  EXPECT_EQ(error_of("817f"), DecodeError::non_canonical_size);
  EXPECT_EQ(error_of("b800"), DecodeError::non_canonical_size);
  EXPECT_EQ(error_of("b90000"), DecodeError::non_canonical_size);
  EXPECT_EQ(error_of("f800"), DecodeError::non_canonical_size);
  const Bytes zeros = hex("820001");
  EXPECT_EQ(rlp::Reader(zeros).u64().error(), DecodeError::leading_zero);
  const Bytes zero = hex("00");
  EXPECT_EQ(rlp::Reader(zero).u64().error(), DecodeError::leading_zero);
}

TEST(Rlp, RefusesLengthsBeyondTheInput) {
  EXPECT_EQ(error_of("83646f"), DecodeError::input_too_short);
  EXPECT_EQ(error_of("c883636174"), DecodeError::input_too_short);
  EXPECT_EQ(error_of("bfffffffffffffffff"), DecodeError::input_too_short);
  EXPECT_EQ(error_of("ffffffffffffffffff"), DecodeError::input_too_short);
  EXPECT_EQ(error_of("b8"), DecodeError::input_too_short);
  EXPECT_EQ(error_of("c0c0"), DecodeError::trailing_bytes);
}

TEST(Rlp, BoundsCounts) {
  const Bytes three = hex("010203");
  EXPECT_EQ(*rlp::count_items(three, 3), 3u);
  EXPECT_EQ(rlp::count_items(three, 2).error(), DecodeError::too_many);
}

TEST(Rlp, RandomBytesNeverReadOutside) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes input(random() % 40);
    for (auto& byte : input)
      byte = static_cast<std::uint8_t>(random() % 3 == 0 ? 0xb8 + random() % 16 : random());
    rlp::Reader reader(input);
    std::size_t total = 0;
    while (!reader.at_end()) {
      const auto item = reader.next();
      if (!item) break;
      total += item->raw.size();
      // Canonical: writing the payload again gives the very bytes that were read.
      rlp::Writer again;
      if (item->is_list)
        again.raw(rlp::list_prefix(item->payload.size())).raw(item->payload);
      else
        again.write(item->payload);
      EXPECT_EQ(again.bytes(), to_bytes(item->raw));
    }
    EXPECT_LE(total, input.size());
  }
}

TEST(Rlp, EthereumTests) {
  const auto folder = test::unpacked("ethereum-tests.tar.xz") / "RLPTests";
  QUARRY_NEEDS_FIXTURE(folder);
  std::size_t valid = 0, invalid = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    const json cases = json::parse(file);
    for (const auto& [name, one] : cases.items()) {
      const std::string out = one.at("out");
      const json& in = one.at("in");
      if (in == "INVALID") {
        if (out.size() > 2) error_of(out);
        ++invalid;
      } else if (in == "VALID") {
        const Bytes bytes = hex(out);
        EXPECT_TRUE(rlp::decode(bytes)) << name;
        ++valid;
      } else if (!in.is_string() || !in.get<std::string>().starts_with('#') ||
                 in.get<std::string>().size() < 70) {
        rlp::Writer to;
        write_json(to, in);
        EXPECT_EQ(to_hex0x(to.bytes()), out) << name;
        ++valid;
      } else {
        // Past 256 bits: no integer of ours, but a canonical string.
        const Bytes bytes = hex(out);
        EXPECT_TRUE(rlp::decode(bytes)) << name;
        rlp::Reader reader(bytes);
        EXPECT_EQ(reader.u256().error(), DecodeError::overflow) << name;
        ++valid;
      }
    }
  }
  EXPECT_GT(valid, 20u);
  EXPECT_GT(invalid, 10u);
}
