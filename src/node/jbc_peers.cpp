#include "node/jbc_peers.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <charconv>
#include <future>

#include "consensus/jbc/json_list.hpp"
#include "consensus/jbc/rules.hpp"
#include "core/log.hpp"
#include "node/http_fetch.hpp"
#include "node/jbc_zeros.hpp"
#include "node/options.hpp"
#include "node/stored_genesis.hpp"
#include "storage/chain_store.hpp"

namespace quarry {
namespace {
/// Blocks that go to the chain at once.
constexpr std::size_t kBatchBlocks = 512;
/// A Quarry peer is first asked for so many blocks before our head: forks are seldom longer.
constexpr BlockNum kOverlap = 8;

std::string with_slash(std::string url) {
  if (!url.starts_with("http://")) url = "http://" + url;
  if (!url.ends_with('/')) url += '/';
  return url;
}
std::optional<std::uint64_t> number_header(const HttpAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  std::uint64_t out = 0;
  if (found == answer.headers.end()) return std::nullopt;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} ? std::optional(out) : std::nullopt;
}

/// Takes a peer's list as it comes, checks each block against the one before it, and hands new ones on.
class ChainTaker {
 public:
  using Insert = std::function<ImportResult(std::span<const Block>)>;

  ChainTaker(const Database& database, unsigned zeros, BlockNum first, Insert insert)
      : store_(database), zeros_(zeros), first_(first), insert_(std::move(insert)) {}

  /// False: no more is wanted.
  bool feed(std::string_view bytes) {
    if (auto fed = list_.feed(bytes); !fed) return refuse(fed.error().rule + ": " + fed.error().detail);
    std::string text;
    while (list_.next(text))
      if (!take(text)) return false;
    return true;
  }
  /// What was wrong, empty when nothing was.
  std::string finish() {
    if (wrong_.empty() && !unknown_parent_ && list_.at_end()) flush();
    if (wrong_.empty() && !unknown_parent_ && !list_.at_end()) return "not JSON: the list is cut off";
    return wrong_;
  }
  /// The peer's part of the chain begins after the fork: it must be asked for more.
  bool unknown_parent() const { return unknown_parent_; }
  std::uint64_t inserted() const { return inserted_; }

 private:
  bool refuse(std::string why) {
    if (wrong_.empty()) wrong_ = std::move(why);
    return false;
  }
  bool take(const std::string& text) {
    auto block = jbc::parse_json(text);
    if (!block)
      return refuse(
          fmt::format("block {}: {}: {}", first_ + taken_, block.error().rule, block.error().detail));
    if (last_) {
      if (const auto error = jbc::check_block(*last_, *block, zeros_))
        return refuse(fmt::format("block {}: {}: {}", block->index, error->rule, error->detail));
    } else if (!check_first(*block)) {
      return false;
    }
    ++taken_;
    last_ = std::move(*block);
    Block whole{seal_header(jbc::to_header(*last_, zeros_), HeaderIdentity::jbc_sha256), {}};
    // While the peer's chain is ours there is nothing to do.
    if (batch_.empty() && store_.canonical_hash(last_->index) == whole.header.hash()) return true;
    batch_.push_back(std::move(whole));
    return batch_.size() < kBatchBlocks || flush();
  }
  /// The first one has nothing before it in the list.
  bool check_first(const jbc::Block& block) {
    if (block.index != first_)
      return refuse(fmt::format("block {}: index: the list begins with {}", first_, block.index));
    if (first_ == 0) {
      if (is_jbc_genesis(store_, block)) return true;
      return refuse(fmt::format("its block 0 has the hash \"{}\", ours is another chain", block.hash));
    }
    const auto before = store_.header(jbc::name_of(block.prev_hash));
    unknown_parent_ = !before;
    if (!before) return false;
    const auto error = jbc::check_block(*jbc::from_header(*before), block, zeros_);
    return !error || refuse(fmt::format("block {}: {}: {}", block.index, error->rule, error->detail));
  }
  bool flush() {
    if (batch_.empty()) return true;
    const ImportResult result = insert_(batch_);
    inserted_ += result.inserted;
    if (result.disk) return refuse(result.disk->what);
    if (result.bad)
      return refuse(fmt::format("block {}: {}", result.bad->id.number, result.bad->error.detail));
    batch_.clear();
    return true;
  }

  ChainStore store_;
  const unsigned zeros_;
  const BlockNum first_;
  Insert insert_;
  jbc::ListReader list_;
  std::optional<jbc::Block> last_;
  std::vector<Block> batch_;
  std::uint64_t taken_ = 0, inserted_ = 0;
  bool unknown_parent_ = false;
  std::string wrong_;
};
}  // namespace

struct JbcPeers::Peer {
  std::string url;
  bool down = false;
  /// Of a peer that does not say how many blocks it has: the length in bytes when we looked last.
  std::optional<std::uint64_t> last_length;
  std::string last_fault;
};

JbcPeers::JbcPeers(Parts parts, std::vector<std::string> urls) : parts_(parts) {
  for (std::string& url : urls)
    peers_.push_back(std::make_unique<Peer>(Peer{.url = with_slash(std::move(url))}));
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "jbc-peers");
    run();
  });
}
JbcPeers::~JbcPeers() {
  stop();
}

void JbcPeers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void JbcPeers::poll_soon() {
  const std::lock_guard lock(mutex_);
  poll_wanted_ = true;
  wake_.notify_all();
}

void JbcPeers::on_head(const HeadEvent& event) {
  if (!event.sealed_here || event.added.empty()) return;
  const auto block = jbc::from_header(event.added.back()->header);
  if (!block) return;
  const std::lock_guard lock(mutex_);
  to_post_.push_back(jbc::to_json(*block));
  if (to_post_.size() > kMostToPost) to_post_.pop_front();
  wake_.notify_all();
}

void JbcPeers::run() {
  std::unique_lock lock(mutex_);
  auto next_poll = std::chrono::steady_clock::now();
  while (!stopped_) {
    if (!to_post_.empty()) {
      const std::string block = std::move(to_post_.front());
      to_post_.pop_front();
      lock.unlock();
      post(block);
      lock.lock();
      continue;
    }
    if (poll_wanted_ || std::chrono::steady_clock::now() >= next_poll) {
      poll_wanted_ = false;
      lock.unlock();
      for (const auto& peer : peers_)
        if (!stopped_) poll(*peer);
      lock.lock();
      next_poll = std::chrono::steady_clock::now() + kPollTime;
      continue;
    }
    wake_.wait_until(lock, next_poll, [&] { return stopped_ || poll_wanted_ || !to_post_.empty(); });
  }
}

void JbcPeers::post(const std::string& block) {
  for (const auto& peer : peers_) {
    if (stopped_) return;
    const auto answer =
        http_fetch({.method = "POST", .url = peer->url + "mined", .body = block, .stopped = &stopped_});
    if (!answer) note_down(*peer, answer.error());
  }
}

void JbcPeers::note_down(Peer& peer, const Error& error) {
  if (stopped_ || std::exchange(peer.down, true)) return;
  log_info(fmt::format("Peer at {} not running. Continuing to next peer.", peer.url), {{"err", error.what}});
}

/// Asks for the head of the answer only. A Quarry node says how many blocks it has; of others the length in
/// bytes shows whether there is something new.
bool JbcPeers::is_longer(Peer& peer, std::uint64_t ours, bool& is_quarry) {
  const auto head = http_fetch({.method = "HEAD", .url = peer.url + "blockchain.json", .stopped = &stopped_});
  if (!head) return note_down(peer, head.error()), false;
  if (std::exchange(peer.down, false)) log_info("Peer is running again", {{"url", peer.url}});
  const auto theirs = number_header(*head, "jbc-blocks");
  is_quarry = theirs.has_value();
  if (theirs) return *theirs > ours;
  const auto length = head->status == 200 ? head->length() : std::nullopt;
  const bool same = length && length == peer.last_length;
  peer.last_length = length;
  return !same;
}

void JbcPeers::poll(Peer& peer) {
  const BlockNum head = parts_.chain.head().header->number;
  bool is_quarry = false;
  if (!is_longer(peer, head + 1, is_quarry)) return;
  fetch(peer, is_quarry && head > kOverlap ? head - kOverlap : 0);
}

void JbcPeers::fetch(Peer& peer, BlockNum first) {
  const unsigned zeros = parts_.chain.spec().jbc.zeros;
  const auto insert = [this](std::span<const Block> blocks) {
    auto done = std::make_shared<std::promise<ImportResult>>();
    auto result = done->get_future();
    parts_.chain_thread.submit([this, blocks, done] { done->set_value(parts_.chain.insert_blocks(blocks)); });
    return result.get();
  };
  for (BlockNum back = kOverlap;; back *= 8) {
    ChainTaker taker(parts_.database, zeros, first, insert);
    const std::string query = first == 0 ? "" : fmt::format("?first={}", first);
    const auto answer = http_fetch({.url = peer.url + "blockchain.json" + query,
                                    .on_body = [&](std::string_view bytes) { return taker.feed(bytes); },
                                    .stopped = &stopped_});
    if (!answer) return note_down(peer, answer.error());
    if (answer->status != 200)
      return note_down(peer, Error{fmt::format("it answers {} to GET /blockchain.json", answer->status)});
    const std::string wrong = taker.finish();
    if (taker.unknown_parent() && first > 0 && wrong.empty()) {
      first = first > back ? first - back : 0;
      continue;
    }
    if (taker.inserted() > 0)
      log_info(
          "Took blocks from a peer",
          {{"url", peer.url}, {"blocks", taker.inserted()}, {"number", parts_.chain.head().header->number}});
    if (!wrong.empty() && wrong != peer.last_fault)
      log_warn("Peer's chain is not valid", {{"url", peer.url}, {"err", wrong}});
    peer.last_fault = wrong;
    return;
  }
}

namespace {
/// The first blocks of a peer's chain, and the zeros it says it has.
struct Beginning {
  std::vector<jbc::Block> blocks;
  std::optional<unsigned> zeros;
};
Result<Beginning> beginning_of(const std::string& url) {
  Beginning out;
  jbc::ListReader list;
  std::string fault;
  const auto on_body = [&](std::string_view bytes) {
    if (auto fed = list.feed(bytes); !fed) return fault = fed.error().detail, false;
    std::string text;
    while (out.blocks.size() < kInferBlocks && list.next(text)) {
      auto block = jbc::parse_json(text);
      if (!block) return fault = block.error().rule + ": " + block.error().detail, false;
      out.blocks.push_back(std::move(*block));
    }
    return out.blocks.size() < kInferBlocks;
  };
  const auto answer =
      http_fetch({.url = fmt::format("{}blockchain.json?count={}", url, kInferBlocks), .on_body = on_body});
  if (!answer) return tl::unexpected(answer.error());
  if (const auto zeros = number_header(*answer, "jbc-zeros"); zeros && *zeros <= jbc::kMostZeros)
    out.zeros = static_cast<unsigned>(*zeros);
  if (!fault.empty()) return fail(fault);
  if (out.blocks.empty() || out.blocks.front().index != 0) return fail("it has no chain");
  return out;
}
}  // namespace

Result<> start_from_jbc_peers(const DataDirPaths& paths, const NodeOptions& options) {
  auto database = Database::open({.path = paths.chaindata.string()});
  if (!database) return tl::unexpected(database.error());
  if (ChainStore(**database).stored_heads()) return {};
  for (const std::string& given : options.jbc_peers) {
    const std::string url = with_slash(given);
    const auto begun = beginning_of(url);
    if (!begun) {
      log_info(fmt::format("Peer at {} not running. Continuing to next peer.", url),
               {{"err", begun.error().what}});
      continue;
    }
    const unsigned zeros =
        options.jbc_zeros ? *options.jbc_zeros : begun->zeros.value_or(infer_zeros(begun->blocks));
    const auto written = setup_genesis(**database, jbc_genesis(begun->blocks.front(), zeros));
    if (!written) return tl::unexpected(written.error());
    log_info("Took block 0 from a peer", {{"url", url}, {"zeros", zeros}, {"hash", written->header.hash()}});
    return {};
  }
  return fail("the data dir holds no chain, and no peer of --jbc.peers gives one",
              "Start one with `quarry migrate jbc FOLDER --datadir DIR`, or wait until a peer runs.");
}

}  // namespace quarry
