#include "core/keccak.hpp"

#include <bit>

namespace quarry {
namespace {
constexpr std::uint64_t kRound[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
constexpr int kRotation[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                               27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
constexpr int kLane[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                           15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

void permute(std::uint64_t* a) {
  for (std::uint64_t constant : kRound) {
    std::uint64_t c[5];
    for (int x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; ++x) {
      const std::uint64_t d = c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) a[y + x] ^= d;
    }
    std::uint64_t carried = a[1];
    for (int i = 0; i < 24; ++i) {
      const std::uint64_t next = a[kLane[i]];
      a[kLane[i]] = std::rotl(carried, kRotation[i]);
      carried = next;
    }
    for (int y = 0; y < 25; y += 5) {
      std::uint64_t row[5];
      for (int x = 0; x < 5; ++x) row[x] = a[y + x];
      for (int x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constant;
  }
}

void absorb(std::uint64_t* state, const std::uint8_t* block, std::size_t rate) {
  for (std::size_t i = 0; i < rate / 8; ++i) {
    std::uint64_t lane;
    std::memcpy(&lane, block + 8 * i, 8);
    state[i] ^= lane;
  }
  permute(state);
}

template <class Hash>
Hash hash(ByteView input) {
  constexpr std::size_t kRate = 200 - 2 * Hash::kSize;
  std::uint64_t state[25] = {};
  for (; input.size() >= kRate; input = input.subspan(kRate)) absorb(state, input.data(), kRate);
  std::uint8_t last[kRate] = {};
  std::copy(input.begin(), input.end(), last);
  last[input.size()] = 0x01;
  last[kRate - 1] |= 0x80;
  absorb(state, last, kRate);
  Hash out;
  std::memcpy(out.data(), state, Hash::kSize);
  return out;
}
}  // namespace

Hash256 keccak256(ByteView input) {
  return hash<Hash256>(input);
}
Hash512 keccak512(ByteView input) {
  return hash<Hash512>(input);
}

void keccak256_batch(std::span<const ByteView> inputs, std::span<Hash256> outputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) outputs[i] = keccak256(inputs[i]);
}

Keccak256& Keccak256::update(ByteView input) {
  while (!input.empty()) {
    const std::size_t take = std::min(input.size(), block_.size() - filled_);
    std::copy_n(input.begin(), take, block_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += take;
    input = input.subspan(take);
    if (filled_ == block_.size()) {
      absorb(state_.data(), block_.data(), block_.size());
      filled_ = 0;
    }
  }
  return *this;
}

Hash256 Keccak256::digest() const {
  auto state = state_;
  auto last = block_;
  std::fill(last.begin() + static_cast<std::ptrdiff_t>(filled_), last.end(), std::uint8_t{0});
  last[filled_] = 0x01;
  last.back() |= 0x80;
  absorb(state.data(), last.data(), last.size());
  Hash256 out;
  std::memcpy(out.data(), state.data(), out.size());
  return out;
}
}  // namespace quarry
