#include "core/keccak.hpp"

#include "core/check.hpp"
#include "core/keccak_kernel.hpp"

namespace quarry {
namespace keccak_detail {

const Kernel& kernel_of(SimdLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case SimdLevel::avx2:
      return kAvx2;
    case SimdLevel::avx512:
      return kAvx512;
    case SimdLevel::portable:
      break;
  }
#endif
  (void)level;
  return kPortable;
}

namespace {
/// The state after `rate` more bytes, before the permutation.
void absorb(std::uint64_t* state, std::size_t stride, const std::uint8_t* block, std::size_t rate) {
  for (std::size_t i = 0; i < rate / 8; ++i) {
    std::uint64_t word;
    std::memcpy(&word, block + 8 * i, 8);
    state[i * stride] ^= word;
  }
}

/// The rest of an input and its padding.
void absorb_last(std::uint64_t* state, std::size_t stride, ByteView rest, std::size_t rate) {
  std::size_t word = 0;
  for (; 8 * word + 8 <= rest.size(); ++word) {
    std::uint64_t value;
    std::memcpy(&value, rest.data() + 8 * word, 8);
    state[word * stride] ^= value;
  }
  std::uint64_t value = 0;
  if (rest.size() > 8 * word) std::memcpy(&value, rest.data() + 8 * word, rest.size() - 8 * word);
  state[word * stride] ^= value ^ std::uint64_t{0x01} << 8 * (rest.size() - 8 * word);
  state[(rate / 8 - 1) * stride] ^= std::uint64_t{0x80} << 56;
}

/// The rate of Keccak-256, and of Keccak-512: what a block has.
template <class Hash>
constexpr std::size_t kRateOf = 200 - 2 * Hash::kSize;

template <class Hash>
Hash hash_one(const Kernel& kernel, ByteView input);

template <>
Hash256 hash_one(const Kernel& kernel, ByteView input) {
  constexpr std::size_t kRate = kRateOf<Hash256>;
  const std::size_t blocks = input.size() / kRate, rest = input.size() % kRate;
  std::uint8_t last[kRate] = {};
  if (rest != 0) std::memcpy(last, input.data() + blocks * kRate, rest);
  last[rest] = 0x01;
  last[kRate - 1] |= 0x80;
  Hash256 out;
  kernel.hash256(input.data(), blocks, last, out.data());
  return out;
}

template <>
Hash512 hash_one(const Kernel& kernel, ByteView input) {
  constexpr std::size_t kRate = kRateOf<Hash512>;
  std::uint64_t state[25] = {};
  for (; input.size() >= kRate; input = input.subspan(kRate)) {
    absorb(state, 1, input.data(), kRate);
    kernel.permute(state);
  }
  absorb_last(state, 1, input, kRate);
  kernel.permute(state);
  Hash512 out;
  std::memcpy(out.data(), state, Hash512::kSize);
  return out;
}

/// Each lane takes the next input when its own is done, so that lengths may differ.
template <class Hash>
class LaneQueue {
 public:
  LaneQueue(std::size_t lanes, std::span<const ByteView> inputs, std::span<Hash> outputs)
      : lanes_(lanes), inputs_(inputs), outputs_(outputs) {
    for (std::size_t lane = 0; lane < lanes_; ++lane) take_next(lane);
  }

  void run(void (*permute)(std::uint64_t*)) {
    while (busy_ > 0) {
      for (std::size_t lane = 0; lane < lanes_; ++lane)
        if (jobs_[lane].input < inputs_.size()) feed(lane);
      permute(states_);
      for (std::size_t lane = 0; lane < lanes_; ++lane)
        if (jobs_[lane].input < inputs_.size() && jobs_[lane].last) finish(lane);
    }
  }

 private:
  static constexpr std::size_t kRate = kRateOf<Hash>;
  struct Job {
    std::size_t input;
    ByteView rest;
    bool last;
  };

  void take_next(std::size_t lane) {
    jobs_[lane] = {next_, next_ < inputs_.size() ? inputs_[next_] : ByteView{}, false};
    if (next_ < inputs_.size()) {
      ++next_;
      ++busy_;
    }
  }
  void feed(std::size_t lane) {
    Job& job = jobs_[lane];
    job.last = job.rest.size() < kRate;
    if (job.last) return absorb_last(states_ + lane, lanes_, job.rest, kRate);
    absorb(states_ + lane, lanes_, job.rest.data(), kRate);
    job.rest = job.rest.subspan(kRate);
  }
  void finish(std::size_t lane) {
    Hash& out = outputs_[jobs_[lane].input];
    for (std::size_t i = 0; i < Hash::kSize / 8; ++i)
      std::memcpy(out.data() + 8 * i, &states_[i * lanes_ + lane], 8);
    for (std::size_t i = 0; i < 25; ++i) states_[i * lanes_ + lane] = 0;
    --busy_;
    take_next(lane);
  }

  std::size_t lanes_;
  std::span<const ByteView> inputs_;
  std::span<Hash> outputs_;
  std::size_t next_ = 0;
  std::size_t busy_ = 0;
  Job jobs_[kMostLanes];
  alignas(64) std::uint64_t states_[25 * kMostLanes] = {};
};

template <class Hash>
void hash_batch(const Kernel& kernel, std::span<const ByteView> inputs, std::span<Hash> outputs) {
  QUARRY_CHECK(inputs.size() == outputs.size());
  if (kernel.permute4 == nullptr || inputs.size() < 2) {
    for (std::size_t i = 0; i < inputs.size(); ++i) outputs[i] = hash_one<Hash>(kernel, inputs[i]);
  } else if (kernel.permute8 == nullptr || inputs.size() <= 4) {
    LaneQueue<Hash>(4, inputs, outputs).run(kernel.permute4);
  } else {
    LaneQueue<Hash>(8, inputs, outputs).run(kernel.permute8);
  }
}

const Kernel& kernel() {
  static const Kernel& chosen = kernel_of(simd_level());
  return chosen;
}
}  // namespace

Hash256 hash256(const Kernel& kernel, ByteView input) {
  return hash_one<Hash256>(kernel, input);
}
Hash512 hash512(const Kernel& kernel, ByteView input) {
  return hash_one<Hash512>(kernel, input);
}
void hash256_batch(const Kernel& kernel, std::span<const ByteView> inputs, std::span<Hash256> outputs) {
  hash_batch(kernel, inputs, outputs);
}
void hash512_batch(const Kernel& kernel, std::span<const ByteView> inputs, std::span<Hash512> outputs) {
  hash_batch(kernel, inputs, outputs);
}
}  // namespace keccak_detail

using keccak_detail::kernel;

Hash256 keccak256(ByteView input) {
  return keccak_detail::hash256(kernel(), input);
}
Hash512 keccak512(ByteView input) {
  return keccak_detail::hash512(kernel(), input);
}

void keccak256_batch(std::span<const ByteView> inputs, std::span<Hash256> outputs) {
  keccak_detail::hash256_batch(kernel(), inputs, outputs);
}
void keccak512_batch(std::span<const ByteView> inputs, std::span<Hash512> outputs) {
  keccak_detail::hash512_batch(kernel(), inputs, outputs);
}
void keccak512_rows(const std::uint8_t* inputs, std::uint8_t* outputs, std::size_t count) {
  kernel().rows(inputs, outputs, count);
}

Keccak256& Keccak256::update(ByteView input) {
  while (!input.empty()) {
    const std::size_t take = std::min(input.size(), block_.size() - filled_);
    std::copy_n(input.begin(), take, block_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += take;
    input = input.subspan(take);
    if (filled_ == block_.size()) {
      keccak_detail::absorb(state_.data(), 1, block_.data(), block_.size());
      kernel().permute(state_.data());
      filled_ = 0;
    }
  }
  return *this;
}

Hash256 Keccak256::digest() const {
  auto state = state_;
  keccak_detail::absorb_last(state.data(), 1, ByteView(block_).first(filled_), block_.size());
  kernel().permute(state.data());
  Hash256 out;
  std::memcpy(out.data(), state.data(), out.size());
  return out;
}
}  // namespace quarry
