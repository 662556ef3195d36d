#include "consensus/ethash/datasets.hpp"

#include <algorithm>
#include <random>

#include "consensus/ethash/files.hpp"
#include "consensus/ethash/priority.hpp"
#include "core/cpu.hpp"

namespace quarry::ethash {
namespace {
using Stage = DatasetProgress::Stage;

/// A file's size and start say little of its contents: compares some rows, spread at random, with what
/// the cache gives.
bool looks_right(const Cache& cache, const Dataset& dataset) {
  constexpr std::size_t kSamples = 240;
  std::array<std::uint32_t, kSamples> indices;
  std::array<std::uint8_t, kSamples * kRowBytes> expected;
  std::minstd_rand random(std::random_device{}());
  for (auto& index : indices) index = static_cast<std::uint32_t>(random() % cache.dataset_rows());
  indices.front() = 0;
  indices.back() = cache.dataset_rows() - 1;
  compute_rows(cache, indices, expected.data());
  for (std::size_t i = 0; i < kSamples; ++i)
    if (!equal(ByteView(expected).subspan(kRowBytes * i, kRowBytes),
               dataset.bytes().subspan(kRowBytes * indices[i], kRowBytes)))
      return false;
  return true;
}
}  // namespace

Datasets::Datasets(Caches& caches, Options options) : caches_(caches), options_(std::move(options)) {
  if (options_.threads == 0) options_.threads = core_count();
}

Datasets::~Datasets() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    cancelled_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const Dataset> Datasets::find(Epoch epoch) const {
  for (const auto& dataset : ready_)
    if (dataset->epoch() == epoch) return dataset;
  return nullptr;
}

void Datasets::want(BlockNum number) {
  const std::lock_guard lock(mutex_);
  current_ = epoch_of(number);
  std::erase_if(ready_, [&](const auto& dataset) {
    return dataset->epoch() != current_ && dataset->epoch() != current_ + 1;
  });
  for (const Epoch epoch : {current_, epoch_of(number + kPrepareAhead)}) {
    const bool under_way = making_ == epoch && !cancelled_;
    const bool queued = std::find(wanted_.begin(), wanted_.end(), epoch) != wanted_.end();
    if (epoch <= kLastEpoch && !find(epoch) && !under_way && !queued) wanted_.push_back(epoch);
  }
  if (!wanted_.empty() && !thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

std::shared_ptr<const Dataset> Datasets::ready(Epoch epoch) const {
  const std::lock_guard lock(mutex_);
  return find(epoch);
}

std::shared_ptr<const Dataset> Datasets::wait(Epoch epoch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const bool expected =
        making_ == epoch || std::find(wanted_.begin(), wanted_.end(), epoch) != wanted_.end();
    return find(epoch) != nullptr || !expected || closing_;
  });
  return find(epoch);
}

void Datasets::cancel() {
  const std::lock_guard lock(mutex_);
  wanted_.clear();
  if (making_) cancelled_ = true;
  changed_.notify_all();
}

DatasetProgress Datasets::progress() const {
  const std::lock_guard lock(mutex_);
  DatasetProgress out = progress_;
  if (builder_ != nullptr && builder_->epoch() == out.epoch) out.fraction = builder_->fraction_done();
  if (out.stage == Stage::idle || out.stage == Stage::ready || out.stage == Stage::cancelled) return out;
  out.elapsed = Clock::now() - began_;
  if (out.stage == Stage::generating) {
    const double done = out.fraction - fraction_before_;
    if (done > 0) out.left = (Clock::now() - generation_began_) * ((1 - out.fraction) / done);
  }
  return out;
}

void Datasets::run() {
  give_way();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closing_ || !wanted_.empty(); });
    if (closing_) return;
    making_ = wanted_.front();
    wanted_.pop_front();
    cancelled_ = false;
    lock.unlock();
    make(*making_);
    lock.lock();
    making_.reset();
    changed_.notify_all();
  }
}

void Datasets::make(Epoch epoch) {
  {
    const std::lock_guard lock(mutex_);
    progress_ = {};
    progress_.epoch = epoch;
    began_ = Clock::now();
  }
  enter(Stage::loading);
  auto cache = caches_.get(epoch);
  auto dataset = load(*cache);
  const bool from_file = dataset != nullptr;
  if (!from_file) dataset = generate(std::move(cache));
  if (dataset == nullptr) return enter(Stage::cancelled);
  publish(dataset);
  if (!from_file && !options_.folder.empty()) {
    enter(Stage::writing);
    write(*dataset);
  }
  enter(Stage::ready);
}

std::shared_ptr<const Dataset> Datasets::load(const Cache& cache) {
  if (options_.folder.empty() || cancelled_) return nullptr;
  const auto path = path_of(cache.epoch());
  auto table = read_table(path, cache.dataset_bytes(), cancelled_);
  constexpr const char* kRemedy = "The dataset is generated anew and the file replaced.";
  if (!table) {
    warn({table.error().what, kRemedy});
    return nullptr;
  }
  if (!*table) return nullptr;
  auto dataset = std::make_shared<const Dataset>(cache.epoch(), std::move(**table));
  if (looks_right(cache, *dataset)) return dataset;
  warn({path.string() + " has rows that are not this epoch's", kRemedy});
  return nullptr;
}

/// The builder of a cancelled run is taken up again when it is the same epoch's.
bool Datasets::begin_builder(std::shared_ptr<const Cache> cache) {
  const std::lock_guard lock(mutex_);
  if (builder_ == nullptr || builder_->epoch() != cache->epoch()) {
    builder_.reset();
    builder_ = DatasetBuilder::create(std::move(cache));
  }
  if (builder_ == nullptr) return false;
  fraction_before_ = builder_->fraction_done();
  return true;
}

std::shared_ptr<const Dataset> Datasets::generate(std::shared_ptr<const Cache> cache) {
  const std::uint64_t bytes = cache->dataset_bytes();
  if (cancelled_) return nullptr;
  if (!begin_builder(std::move(cache))) {
    warn({"Not enough memory for the ethash dataset of " + std::to_string(bytes >> 20) + " MiB, there are " +
              std::to_string(available_memory() >> 20) + " MiB",
          "Mining goes on with the cache alone, slowly. Free memory, then stop and start the miner."});
    return nullptr;
  }
  enter(Stage::generating);
  const auto tick = [this] {
    if (options_.on_progress) options_.on_progress(progress());
  };
  // Only this thread replaces the builder, so it may be used here without the lock.
  if (!builder_->run(options_.threads, cancelled_, kProgressEvery, tick)) return nullptr;
  auto dataset = builder_->take();
  const std::lock_guard lock(mutex_);
  builder_.reset();
  progress_.fraction = 1;
  return dataset;
}

void Datasets::write(const Dataset& dataset) {
  remove_leftovers(options_.folder);
  const auto written = write_table(path_of(dataset.epoch()), dataset.bytes(), closing_);
  if (!written) warn(written.error());
}

void Datasets::enter(Stage stage) {
  {
    const std::lock_guard lock(mutex_);
    progress_.stage = stage;
    progress_.elapsed = Clock::now() - began_;
    if (stage == Stage::generating) generation_began_ = Clock::now();
  }
  if (options_.on_progress) options_.on_progress(progress());
}

void Datasets::publish(std::shared_ptr<const Dataset> dataset) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(std::move(dataset));
  changed_.notify_all();
}

void Datasets::warn(const Error& error) const {
  if (options_.on_warning) options_.on_warning(error);
}

std::filesystem::path Datasets::path_of(Epoch epoch) const {
  return options_.folder / dataset_file_name(epoch);
}

}  // namespace quarry::ethash
