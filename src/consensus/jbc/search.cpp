#include "consensus/jbc/search.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace quarry::jbc {
namespace {
using namespace sha256_parts;

std::size_t digits_of(std::uint64_t number) {
  std::size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

/// The end of the message in one or two blocks, with the nonce's digits in their place.
class Tail {
 public:
  Tail(const Bytes& before, std::uint64_t total, std::size_t digits, std::uint64_t first)
      : at_(before.size()), digits_(digits) {
    Bytes text = before;
    text.resize(at_ + digits);
    pad(text, total + digits);
    std::copy(text.begin(), text.end(), bytes_.begin());
    blocks_ = text.size() / kBlockBytes;
    for (std::size_t i = digits; i-- > 0; first /= 10)
      bytes_[at_ + i] = static_cast<std::uint8_t>('0' + first % 10);
  }
  /// The nonce grows by two; it does not pass its last number of these digits.
  void add_two() {
    std::size_t i = at_ + digits_ - 1;
    if (bytes_[i] < '8') {
      bytes_[i] += 2;
      return;
    }
    bytes_[i] -= 8;
    while (i-- > at_) {
      if (bytes_[i] != '9') {
        ++bytes_[i];
        return;
      }
      bytes_[i] = '0';
    }
  }
  std::size_t blocks() const { return blocks_; }
  const std::uint8_t* block(std::size_t i) const { return bytes_.data() + i * kBlockBytes; }

 private:
  alignas(16) std::array<std::uint8_t, 3 * kBlockBytes> bytes_{};
  std::size_t at_, digits_, blocks_ = 0;
};

/// The digest's first bits as the first word has them, tested before the rest is looked at.
std::uint32_t first_word_mask(unsigned zeros) {
  if (zeros == 0) return 0;
  return zeros >= 8 ? ~0u : ~(~0u >> (4 * zeros));
}
}  // namespace

Search::Search(const Block& block, unsigned zeros, const Kernel& kernel) : kernel_(kernel), zeros_(zeros) {
  Block without = block;
  without.nonce.clear();
  const std::string text = text_form(without);
  total_ = text.size();
  const std::size_t whole = text.size() / kBlockBytes;
  const ByteView bytes = as_bytes(text);
  kernel_.compress(midstate_, bytes.data(), whole);
  tail_ = to_bytes(bytes.subspan(whole * kBlockBytes));
}

std::optional<std::uint64_t> Search::run(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t end = count > most - first ? most : first + count;
  while (first < end) {
    const std::size_t digits = digits_of(first);
    std::uint64_t limit = 10;  // the first number with more digits
    for (std::size_t i = 1; i < digits && limit <= most / 10; ++i) limit *= 10;
    const std::uint64_t stop = digits_of(limit) == digits + 1 ? std::min(end, limit) : end;
    if (const auto found = run_width(first, stop, digits)) return found;
    first = stop;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Search::run_width(std::uint64_t first, std::uint64_t end,
                                               std::size_t digits) const {
  const std::uint32_t mask = first_word_mask(zeros_);
  // Two at a time; where only one is left, the second is the next one of the same width or the same again.
  const bool alone = end - first == 1;
  Tail a(tail_, total_, digits, first), b(tail_, total_, digits, alone ? first : first + 1);
  for (std::uint64_t nonce = first; nonce < end; nonce += 2) {
    State state_a = midstate_, state_b = midstate_;
    for (std::size_t i = 0; i < a.blocks(); ++i)
      kernel_.compress_pair(state_a, state_b, a.block(i), b.block(i));
    if ((state_a[0] & mask) == 0 && leading_zeros(digest(state_a)) >= zeros_) return nonce;
    if ((state_b[0] & mask) == 0 && nonce + 1 < end && leading_zeros(digest(state_b)) >= zeros_)
      return nonce + 1;
    a.add_two();
    b.add_two();
  }
  return std::nullopt;
}

}  // namespace quarry::jbc
