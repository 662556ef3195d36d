#include "net/frame.hpp"

#include <gtest/gtest.h>
#include <snappy.h>

#include "net/p2p.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {

/// Two codecs that a handshake has joined.
struct Pair {
  FrameCodec a, b;
  static Pair make() {
    const PrivateKey key_a = random_private_key(), key_b = random_private_key();
    Bytes auth, ack, none;
    auto initiator = Handshake::initiate(key_a, public_key(key_b), auth);
    auto responder = Handshake::respond(key_b);
    EXPECT_TRUE(*responder.advance(auth, ack));
    EXPECT_TRUE(*initiator.advance(ack, none));
    return {FrameCodec(initiator.secrets()), FrameCodec(responder.secrets())};
  }
  void set_max(std::size_t bytes) {
    a.set_max_message(bytes);
    b.set_max_message(bytes);
  }
};

Bytes pattern(std::size_t size) {
  Bytes out(size);
  std::uint32_t x = 1;
  for (auto& byte : out) byte = static_cast<std::uint8_t>((x = x * 1664525 + 1013904223) >> 24);
  return out;
}

/// Reads one message from `wire` and takes it off; the test fails when there is none.
Message read_one(FrameCodec& from, Bytes& wire) {
  std::size_t used = 0;
  auto message = from.read(wire, used);
  EXPECT_TRUE(message) << to_string(message.error());
  EXPECT_TRUE(message && *message);
  wire.erase(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(used));
  return message && *message ? **message : Message{};
}

std::optional<FrameError> error_of(FrameCodec& from, ByteView wire) {
  std::size_t used = 0;
  const auto message = from.read(wire, used);
  if (message) return std::nullopt;
  return message.error();
}

}  // namespace

TEST(Frame, CarriesMessagesOfEverySizeBothWays) {
  for (const bool snappy : {false, true}) {
    auto pair = Pair::make();
    pair.set_max(kMaxMessageBytes);
    pair.a.set_snappy(snappy);
    pair.b.set_snappy(snappy);
    Bytes to_b, to_a;
    const std::size_t sizes[] = {0, 1, 14, 15, 16, 17, 31, 32, 255, 1000, 65536, 1 << 20};
    for (const auto size : sizes) {
      pair.a.write(16 + size, pattern(size), to_b);
      pair.b.write(size % 16, pattern(size), to_a);
    }
    for (const auto size : sizes) {
      const auto at_b = read_one(pair.b, to_b), at_a = read_one(pair.a, to_a);
      EXPECT_EQ(at_b.code, 16 + size);
      EXPECT_EQ(at_b.payload, pattern(size));
      EXPECT_EQ(at_a.code, size % 16);
      EXPECT_EQ(at_a.payload, pattern(size));
    }
    EXPECT_TRUE(to_b.empty());
    EXPECT_TRUE(to_a.empty());
  }
}

TEST(Frame, TakesBytesOneByOne) {
  auto pair = Pair::make();
  Bytes wire, input;
  pair.a.write(3, pattern(100), wire);
  pair.a.write(4, pattern(1), wire);
  std::vector<Message> got;
  for (const auto byte : wire) {
    input.push_back(byte);
    std::size_t used = 0;
    auto message = pair.b.read(input, used);
    ASSERT_TRUE(message);
    input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(used));
    if (*message) got.push_back(std::move(**message));
  }
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].payload, pattern(100));
  EXPECT_EQ(got[1].code, 4U);
  EXPECT_TRUE(input.empty());
}

TEST(Frame, FindsEveryFlippedBit) {
  Bytes wire;
  {
    auto pair = Pair::make();
    pair.a.write(3, pattern(40), wire);
  }
  for (std::size_t i = 0; i < wire.size(); ++i) {
    auto pair = Pair::make();
    Bytes bad;
    pair.a.write(3, pattern(40), bad);
    bad[i] ^= 0x80;
    EXPECT_EQ(error_of(pair.b, bad), i < 32 ? FrameError::bad_header_mac : FrameError::bad_body_mac) << i;
  }
}

TEST(Frame, RefusesAFrameSentTwice) {
  auto pair = Pair::make();
  Bytes wire;
  pair.a.write(3, pattern(10), wire);
  Bytes again = wire;
  read_one(pair.b, wire);
  EXPECT_EQ(error_of(pair.b, again), FrameError::bad_header_mac);
}

TEST(Frame, RefusesAnOversizedFrameByItsHeaderAlone) {
  auto pair = Pair::make();
  pair.b.set_max_message(1000);
  Bytes wire;
  pair.a.write(3, pattern(2000), wire);
  EXPECT_EQ(error_of(pair.b, ByteView{wire}.first(32)), FrameError::frame_too_large);
}

TEST(Frame, BoundsWhatAMessageUncompressesTo) {
  for (const std::size_t over : {0, 1}) {
    auto pair = Pair::make();
    pair.set_max(5000);
    pair.a.set_snappy(true);
    pair.b.set_snappy(true);
    Bytes wire;
    pair.a.write(20, Bytes(5000 + over, 0), wire);
    EXPECT_EQ(error_of(pair.b, wire),
              over == 0 ? std::nullopt : std::optional(FrameError::message_too_large));
  }
}

TEST(Frame, RefusesASnappyBombWithoutAllocatingIt) {
  // The payload claims 2^24 - 1, 2^24, 2^31 and 2^32 - 1 bytes and has next to nothing.
  const Bytes bombs[] = {*from_hex("ffffff07aaaa"), *from_hex("80808008aaaa"), *from_hex("8080808008aa"),
                         *from_hex("ffffffff0faa")};
  const FrameError wanted[] = {FrameError::malformed_snappy, FrameError::message_too_large,
                               FrameError::message_too_large, FrameError::message_too_large};
  for (std::size_t i = 0; i < std::size(bombs); ++i) {
    auto pair = Pair::make();
    pair.set_max(kMaxMessageBytes);
    pair.b.set_snappy(true);  // a is not told: what it writes goes out as it is
    Bytes wire;
    pair.a.write(16, bombs[i], wire);
    EXPECT_EQ(error_of(pair.b, wire), wanted[i]) << i;
  }
}

TEST(Frame, TakesAnUncompressedGoodbye) {
  auto pair = Pair::make();
  pair.b.set_snappy(true);
  for (const Bytes& goodbye : {encode_disconnect(DisconnectReason::too_many_peers), Bytes{0x08}, Bytes{}}) {
    Bytes wire;
    pair.a.write(1, goodbye, wire);
    const auto message = read_one(pair.b, wire);
    EXPECT_EQ(message.code, 1U);
    EXPECT_EQ(message.payload, goodbye);
  }
  Bytes wire;
  pair.a.write(2, Bytes{0xc0}, wire);
  EXPECT_EQ(error_of(pair.b, wire), FrameError::malformed_snappy);
}

TEST(Frame, UnpacksTheMostThatSnappyCanPack) {
  auto pair = Pair::make();
  pair.set_max(kMaxMessageBytes);
  pair.a.set_snappy(true);
  pair.b.set_snappy(true);
  Bytes wire;
  const Bytes zeros(kMaxMessageBytes, 0);
  pair.a.write(16, zeros, wire);
  EXPECT_LT(wire.size(), zeros.size() / 15);
  EXPECT_TRUE(read_one(pair.b, wire).payload == zeros);
}
