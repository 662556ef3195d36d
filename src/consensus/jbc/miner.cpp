#include "consensus/jbc/miner.hpp"

#include <algorithm>

#include "consensus/ethash/priority.hpp"
#include "consensus/jbc/search.hpp"
#include "core/check.hpp"
#include "core/cpu.hpp"

namespace quarry::jbc {
namespace {
/// Nonces between two looks at whether there is other work: some milliseconds.
constexpr std::uint64_t kStride = std::uint64_t{1} << 16;

Block block_of(const Header& candidate) {
  auto block = from_header(candidate);
  QUARRY_CHECK(block.has_value());
  return std::move(*block);
}
}  // namespace

struct Miner::Job {
  Job(const Header& what, OnFound found, std::uint64_t n)
      : block(block_of(what)),
        zeros((what.difficulty.bit_length() - 1) / 4),
        search(block, zeros),
        on_found(std::move(found)),
        number(n) {}
  Block block;
  unsigned zeros;
  Search search;
  OnFound on_found;
  std::uint64_t number;
  std::atomic<std::uint64_t> next_nonce{0};
};

Miner::~Miner() {
  stop();
}

void Miner::start(unsigned threads) {
  if (threads == 0) threads = core_count();
  const std::lock_guard control(control_);
  if (running_ == threads) return;
  stop_threads();
  running_ = threads;
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { seal(stop); });
}

void Miner::stop() {
  const std::lock_guard control(control_);
  stop_threads();
  clear_work();
  meter_.reset();
}

void Miner::stop_threads() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  running_ = 0;
}

void Miner::set_work(const Header& candidate, OnFound on_found) {
  const std::lock_guard lock(mutex_);
  job_ = std::make_shared<Job>(candidate, std::move(on_found), ++job_number_);
  changed_.notify_all();
}

void Miner::clear_work() {
  const std::lock_guard lock(mutex_);
  ++job_number_;
  job_.reset();
}

double Miner::hashrate() const {
  return running_ != 0 ? meter_.per_second() : 0;
}

std::shared_ptr<Miner::Job> Miner::next_job(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return job_ != nullptr; });
  return stop.stop_requested() ? nullptr : job_;
}

void Miner::seal(const std::stop_token& stop) {
  ethash::give_way();
  while (auto job = next_job(stop)) search(*job, stop);
}

void Miner::search(Job& job, const std::stop_token& stop) {
  while (!stop.stop_requested() && job_number_ == job.number) {
    const std::uint64_t first = job.next_nonce.fetch_add(kStride);
    const auto found = job.search.run(first, kStride);
    meter_.add(found ? *found - first + 1 : kStride);
    if (found) return deliver(job, *found);
  }
}

void Miner::deliver(Job& job, std::uint64_t nonce) {
  {
    const std::lock_guard lock(mutex_);
    // Only the first find of the present work counts.
    if (job_ == nullptr || job_.get() != &job) return;
    ++job_number_;
    job_.reset();
  }
  Block found = job.block;
  found.nonce = std::to_string(nonce);
  found.hash = compute_hash(found);
  job.on_found(to_header(found, job.zeros));
}

}  // namespace quarry::jbc
