#include "consensus/clique/miner.hpp"

#include <fmt/format.h>

namespace quarry::clique {
namespace {
/// Out of turn a signer waits so long at most for each signer that may be before it (EIP-225, WIGGLE_TIME).
constexpr std::chrono::milliseconds kWiggle{500};
/// An account that is locked may be unlocked at any time.
constexpr std::chrono::milliseconds kRetryPause{1000};
/// So often it is asked whether signing is still held back.
constexpr std::chrono::milliseconds kHoldPause{100};
}  // namespace

Miner::Miner(CliqueEngine& engine, const HeaderSource& headers, SignHash sign, HoldBack hold_back)
    : engine_(engine), headers_(headers), sign_(std::move(sign)), hold_back_(std::move(hold_back)) {}

Miner::~Miner() {
  stop();
}

void Miner::start(unsigned) {
  const std::lock_guard control(control_);
  if (std::exchange(running_, true)) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Miner::stop() {
  const std::lock_guard control(control_);
  running_ = false;
  thread_ = {};
  clear_work();
}

void Miner::set_author(const Address& author) {
  const std::lock_guard lock(mutex_);
  author_ = author;
}

void Miner::clear_work() {
  const std::lock_guard lock(mutex_);
  job_.reset();
}

void Miner::set_work(const Header& candidate, OnFound on_found) {
  const auto at = engine_.snapshot({candidate.number - 1, candidate.parent_hash}, headers_);
  const std::lock_guard lock(mutex_);
  job_.reset();
  if (!at) return note(candidate.parent_hash, at.error().detail, LogLevel::warn);
  const Address signer = author_;
  if (obstacle(candidate, signer, **at)) return;
  job_ = Job{candidate, signer, std::move(on_found), due_at(candidate, signer, **at)};
  changed_.notify_all();
}

/// Why the candidate is not to be sealed; it is in the log already.
std::optional<std::string> Miner::obstacle(const Header& candidate, const Address& signer,
                                           const Snapshot& at) {
  const auto refuse = [&](LogLevel level, std::string text) {
    note(candidate.parent_hash, text, level);
    return text;
  };
  if (sealed_ == candidate.parent_hash) return "sealed already";
  if (!at.is_signer(signer))
    return refuse(LogLevel::warn, fmt::format("unauthorized signer: {} is none of the {} signers",
                                              signer.hex(), at.signers.size()));
  if (const auto block = at.signed_recently(candidate.number, signer))
    return refuse(LogLevel::info, fmt::format("signed recently, must wait for others: block {}", *block));
  if (engine_.params().period == 0 && candidate.transactions_root == kEmptyRoot)
    return refuse(LogLevel::info, "sealing paused, waiting for transactions");
  return {};
}

Miner::Clock::time_point Miner::due_at(const Header& candidate, const Address& signer, const Snapshot& at) {
  // A candidate that is renewed does not put the time off.
  if (turn_ && turn_->parent == candidate.parent_hash && turn_->signer == signer) return turn_->due;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto wait = std::max(std::chrono::seconds(candidate.timestamp) - now, decltype(now)::zero());
  if (!at.in_turn(candidate.number, signer)) {
    const auto most = kWiggle * static_cast<int>(at.window());
    wait += std::chrono::milliseconds(std::uniform_int_distribution<long>(0, most.count() - 1)(random_));
  }
  turn_ = Turn{candidate.parent_hash, signer, Clock::now() + wait};
  return turn_->due;
}

/// Says it once for each parent.
void Miner::note(const BlockHash& parent, std::string text, LogLevel level) {
  if (noted_parent_ == parent && noted_ == text) return;
  // That it is no signer is said once, until something else is to say.
  if (level == LogLevel::warn && noted_ == text) return;
  log(level, "Block not sealed", {{"parent", parent}, {"why", text}});
  noted_parent_ = parent;
  noted_ = std::move(text);
}

std::optional<Header> Miner::signed_by(const Job& job) {
  Header sealed = job.candidate;
  const auto signature = sign_(job.signer, signed_hash(sealed));
  if (!signature) {
    const std::lock_guard lock(mutex_);
    note(sealed.parent_hash, signature.error().what, LogLevel::warn);
    return std::nullopt;
  }
  std::copy(signature->begin(), signature->end(), sealed.extra_data.end() - kSealBytes);
  return sealed;
}

void Miner::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!job_) {
      changed_.wait(lock, stop, [&] { return job_.has_value(); });
      continue;
    }
    if (const auto due = job_->due; Clock::now() < due) {
      changed_.wait_until(lock, stop, due, [&] { return !job_ || job_->due != due; });
      continue;
    }
    if (auto why = hold_back_ ? hold_back_() : std::nullopt) {
      note(job_->candidate.parent_hash, *std::move(why), LogLevel::info);
      job_->due = Clock::now() + kHoldPause;
      continue;
    }
    const Job job = *std::exchange(job_, std::nullopt);
    lock.unlock();
    const auto sealed = signed_by(job);
    lock.lock();
    if (!sealed) {
      if (!job_) job_ = job, job_->due = Clock::now() + kRetryPause;
      continue;
    }
    sealed_ = job.candidate.parent_hash;
    job_.reset();
    lock.unlock();
    job.on_found(*sealed);
    lock.lock();
  }
}

}  // namespace quarry::clique
