// Fixed byte strings are equal when every byte is, whatever their size: they are compared by words.
#include "core/fixed_bytes.hpp"

#include <gtest/gtest.h>

#include <utility>

using namespace quarry;

namespace {

template <std::size_t N>
void expect_every_bit_to_count() {
  using Subject = FixedBytes<struct SubjectTag, N>;
  Subject a;
  for (std::size_t i = 0; i < N; ++i) a.bytes[i] = static_cast<std::uint8_t>(i * 37 + 1);
  EXPECT_EQ(a, Subject(a));
  for (std::size_t bit = 0; bit < N * 8; ++bit) {
    Subject b = a;
    b.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_NE(a, b) << N << " bytes, bit " << bit;
  }
}

}  // namespace

TEST(FixedBytes, EveryBitCounts) {
  [&]<std::size_t... N>(std::index_sequence<N...>) {
    (expect_every_bit_to_count<N + 1>(), ...);
  }
  (std::make_index_sequence<33>{});
  static_assert(Hash256{} == Hash256{});
}
