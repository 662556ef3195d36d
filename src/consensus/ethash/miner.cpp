#include "consensus/ethash/miner.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "consensus/ethash/priority.hpp"
#include "core/cpu.hpp"

namespace quarry::ethash {
namespace {
using Clock = std::chrono::steady_clock;
/// How often a sealer tells the meter what it did.
constexpr std::chrono::milliseconds kMeterEvery{50};
/// How long a sealer that waits for the dataset sleeps between two looks.
constexpr std::chrono::milliseconds kPause{20};
/// A first guess of what a thread does with the cache alone while the dataset's generation has its share.
constexpr double kLightHashesPerSecond = 4000;
/// Generation's own estimate is taken from here on, seconds.
constexpr double kEstimateAfter = 0.5;
/// A first guess of what is left to do when generation has only begun, seconds.
constexpr double kGenerationGuess = 15;
/// A hash takes less than this when the dataset is read from disk, seconds.
constexpr double kLoadingGuess = 1;

std::uint64_t random_nonce() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

double expected_hashes(const U256& boundary) {
  return 1.157920892373162e77 / (to_double(boundary) + 1);
}
}  // namespace

struct Miner::Job {
  Work work;
  OnFound on_found;
  std::uint64_t number;  ///< of set_work() calls
  std::atomic<bool> waits_for_dataset{false};

  Epoch epoch() const { return epoch_of(work.number); }
};

namespace {
/// Counts into the meter from time to time.
class Tally {
 public:
  explicit Tally(RateMeter& meter) : meter_(meter) {}
  ~Tally() { meter_.add(count_); }
  void add(std::size_t count) {
    count_ += count;
    const auto now = Clock::now();
    if (now - told_ < kMeterEvery) return;
    meter_.add(count_, now);
    count_ = 0;
    told_ = now;
  }

 private:
  RateMeter& meter_;
  std::uint64_t count_ = 0;
  Clock::time_point told_ = Clock::now();
};
}  // namespace

Miner::Miner(Caches& caches, Datasets& datasets)
    : caches_(caches), datasets_(datasets), next_nonce_(random_nonce()), light_rate_(kLightHashesPerSecond) {}

Miner::~Miner() {
  stop();
}

void Miner::start(unsigned threads) {
  if (threads == 0) threads = core_count();
  const std::lock_guard control(control_);
  if (running_ == threads) return;
  stop_threads();
  {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr) datasets_.want(job_->work.number);
  }
  running_ = threads;
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this](std::stop_token stop) { seal(std::move(stop)); });
}

void Miner::stop() {
  const std::lock_guard control(control_);
  stop_threads();
  clear_work();
  datasets_.cancel();
  uses_dataset_ = false;
  meter_.reset();
}

void Miner::stop_threads() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  running_ = 0;
}

void Miner::set_work(const Work& work, OnFound on_found) {
  const std::lock_guard lock(mutex_);
  auto job = std::make_shared<Job>();
  job->work = work;
  job->on_found = std::move(on_found);
  job->number = ++job_number_;
  job_ = std::move(job);
  if (running()) datasets_.want(work.number);
  changed_.notify_all();
}

void Miner::clear_work() {
  const std::lock_guard lock(mutex_);
  ++job_number_;
  job_.reset();
}

double Miner::hashrate() const {
  return running() ? meter_.per_second() : 0;
}

std::shared_ptr<Miner::Job> Miner::next_job(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return job_ != nullptr; });
  return stop.stop_requested() ? nullptr : job_;
}

void Miner::seal(std::stop_token stop) {
  give_way();
  while (auto job = next_job(stop)) search(*job, stop);
}

/// With the dataset still to come: whether the cache alone likely gives a seal before it is there. Once
/// that is known not to be so, the cores are left to the dataset.
bool Miner::light_is_quicker(Job& job) const {
  if (job.waits_for_dataset) return false;
  const DatasetProgress progress = datasets_.progress();
  double left = kGenerationGuess;
  bool known = false;
  switch (progress.stage) {
    case DatasetProgress::Stage::cancelled:
      return true;
    case DatasetProgress::Stage::loading:
      left = kLoadingGuess;
      break;
    case DatasetProgress::Stage::generating:
      known = progress.left.count() > 0 && progress.elapsed.count() > kEstimateAfter;
      if (known) left = progress.left.count();
      break;
    case DatasetProgress::Stage::idle:
    case DatasetProgress::Stage::writing:
    case DatasetProgress::Stage::ready:
      break;
  }
  const double needed = expected_hashes(job.work.boundary) / (light_rate_ * running_);
  if (needed > left && known) job.waits_for_dataset = true;
  return needed <= left;
}

void Miner::hash(const Dataset* dataset, const Cache* cache, std::span<const HashInput> inputs,
                 HashOutput* outputs) {
  if (dataset != nullptr) return hash_full(*dataset, inputs, outputs);
  const auto before = Clock::now();
  hash_light(*cache, inputs, outputs);
  const std::chrono::duration<double> took = Clock::now() - before;
  // A batch in eight counts anew: a moment's disturbance is forgotten as soon as it is over.
  light_rate_ = light_rate_ * 0.875 + 0.125 * static_cast<double>(inputs.size()) / took.count();
}

void Miner::pause(const std::stop_token& stop, std::uint64_t job_number) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, kPause, [&] { return job_number_ != job_number; });
}

void Miner::search(Job& job, const std::stop_token& stop) {
  Tally tally(meter_);
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const Cache> cache;
  std::array<HashInput, std::max(kFullBatch, kLightBatch)> inputs;
  std::array<HashOutput, inputs.size()> outputs;
  while (!stop.stop_requested() && job_number_ == job.number) {
    if (dataset == nullptr) dataset = datasets_.ready(job.epoch());
    if (dataset == nullptr && cache == nullptr) cache = caches_.peek(job.epoch());
    uses_dataset_ = dataset != nullptr;
    if (dataset == nullptr && (cache == nullptr || !light_is_quicker(job))) {
      pause(stop, job.number);
      continue;
    }
    const std::size_t count = dataset != nullptr ? kFullBatch : kLightBatch;
    const std::uint64_t first = next_nonce_.fetch_add(count);
    for (std::size_t i = 0; i < count; ++i) inputs[i] = {job.work.seal_hash, first + i};
    hash(dataset.get(), cache.get(), std::span(inputs).first(count), outputs.data());
    tally.add(count);
    for (std::size_t i = 0; i < count; ++i)
      if (U256::from_be(outputs[i].result) <= job.work.boundary)
        return deliver(job, first + i, outputs[i].mix);
  }
}

void Miner::deliver(Job& job, std::uint64_t nonce, const MixHash& mix) {
  {
    const std::lock_guard lock(mutex_);
    // Only the first find of the present work counts.
    if (job_ == nullptr || job_.get() != &job) return;
    ++job_number_;
    job_.reset();
  }
  job.on_found(job.work, Seal{mix, nonce});
}

}  // namespace quarry::ethash
