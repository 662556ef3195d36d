#include "rpc/jobs.hpp"

#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

/// Longer messages are parsed by a worker: on the loop 16 KiB take a tenth of a millisecond.
constexpr std::size_t kMostBytesOnLoop = 16 * 1024;
/// Commands of some seconds that wait for each other.
constexpr std::size_t kMostSlowQueued = 64;

/// Requests that wait for a block at once, and behind them: each holds a thread for up to a minute.
constexpr unsigned kWaiting = 8;
constexpr std::size_t kMostWaitingQueued = 64;

constexpr std::string_view kBusy = "too many requests wait for an answer; try again";

}  // namespace

Jobs::Jobs(net::Loop& loop, const Dispatcher& dispatcher, unsigned workers, std::size_t most_queued)
    : loop_(loop),
      dispatcher_(dispatcher),
      workers_("rpc", workers, most_queued),
      waiting_("rpc-waiting", kWaiting, kMostWaitingQueued),
      slow_("rpc-slow", 1, kMostSlowQueued) {}

void Jobs::stop() {
  dispatcher_.stop();
  workers_.stop();
  waiting_.stop();
  slow_.stop();
}

/// Only what this caller may ask at all.
std::optional<Jobs::Known> Jobs::known(std::string_view message, const Caller& caller) const {
  const auto question = chain_question(message);
  if (!question || !caller.modules.has("eth")) return std::nullopt;
  const auto head = dispatcher_.head_mark();
  if (!head) return std::nullopt;
  auto rest = answers_->find(*head, *question);
  if (rest == nullptr) return std::nullopt;
  return Known{question->id, std::move(rest)};
}

std::optional<Jobs::Kept> Jobs::worth_keeping(std::string_view message, const Caller& caller) const {
  const auto question = chain_question(message);
  if (!question || !caller.modules.has("eth")) return std::nullopt;
  const auto head = dispatcher_.head_mark();
  if (!head) return std::nullopt;
  return Kept{*head, question->key(), std::string(question->id)};
}

void Jobs::run(std::string text, const Caller& caller, Done done) {
  if (const auto at_hand = known(text, caller)) {
    std::string answer;
    begin_answer(answer, at_hand->id);
    return done(answer.append(*at_hand->rest));
  }
  work_out(std::move(text), caller, std::move(done));
}

void Jobs::work_out(std::string text, const Caller& caller, Done done) {
  const auto since = Dispatcher::Clock::now();
  auto kept = worth_keeping(text, caller);
  const bool parse_here = text.size() <= kMostBytesOnLoop;
  Message parsed;
  Where where = Where::worker;
  if (parse_here) {
    parsed = dispatcher_.parse(text);
    where = Dispatcher::where(parsed);
    if (where == Where::loop) {
      auto answer = dispatcher_.answer(parsed, caller, since);
      if (kept) answers_->put(kept->head, std::move(kept->key), kept->id, answer);
      return done(std::move(answer));
    }
  }
  const auto message = std::make_shared<Message>(std::move(parsed));
  auto shared_done = std::make_shared<Done>(std::move(done));
  auto task = [this, message, text = parse_here ? std::string() : std::move(text), caller, since, shared_done,
               kept = std::move(kept)]() mutable {
    if (!text.empty()) *message = dispatcher_.parse(text);
    auto answer = dispatcher_.answer(*message, caller, since);
    loop_.post(
        [answers = answers_, shared_done, answer = std::move(answer), kept = std::move(kept)]() mutable {
          if (kept) answers->put(kept->head, std::move(kept->key), kept->id, answer);
          (*shared_done)(std::move(answer));
        });
  };
  auto& pool = where == Where::slow ? slow_ : where == Where::waiting ? waiting_ : workers_;
  if (pool.try_submit(std::move(task))) return;
  (*shared_done)(error_answer(*message, static_cast<int>(RpcCode::limit_exceeded), kBusy));
}

}  // namespace quarry::rpc
