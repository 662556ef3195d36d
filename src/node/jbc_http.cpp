#include "node/jbc_http.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "consensus/jbc/json.hpp"
#include "consensus/jbc/rules.hpp"
#include "core/log.hpp"
#include "node/jbc_zeros.hpp"

namespace quarry {
namespace {
/// Headers read from the database at a time.
constexpr std::size_t kReadBlocks = 256;

net::HttpResponse json_response(int status, const nlohmann::json& value, std::string headers) {
  using nlohmann::json;
  return {status, "application/json",
          net::SharedBuffer(value.dump(-1, ' ', false, json::error_handler_t::replace)), std::move(headers)};
}

/// The number after "name=" in a target's query.
std::optional<std::uint64_t> query_number(std::string_view target, std::string_view name) {
  const auto question = target.find('?');
  std::string_view query = question == target.npos ? std::string_view{} : target.substr(question + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!pair.starts_with(name) || pair.size() <= name.size() || pair[name.size()] != '=') continue;
    const std::string_view text = pair.substr(name.size() + 1);
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && stop == text.data() + text.size()) return value;
  }
  return std::nullopt;
}
}  // namespace

JbcVerdict insert_jbc_block(Chain& chain, const ChainStore& store, const jbc::Block& block) {
  if (block.index != 0)
    if (const std::string computed = jbc::compute_hash(block); computed != block.hash)
      return {false, false,
              fmt::format("hash: the hash is {}, the block's text gives {}", block.hash, computed)};
  const ChainHead before = chain.head();
  const unsigned zeros = chain.spec().jbc.zeros;
  const Block whole{seal_header(jbc::to_header(block, zeros), HeaderIdentity::jbc_sha256), {}};
  const BlockId id{block.index, whole.header.hash()};
  if (block.index == 0) {
    if (is_jbc_genesis(store, block)) return {true, false, "known"};
    return {false, false, "index: block 0 cannot be replaced"};
  }
  const ImportResult result = chain.insert_blocks({&whole, 1});
  if (result.disk) return {false, false, result.disk->what};
  if (result.bad)
    return {false, result.bad->error.rule == BlockRule::unknown_parent,
            fmt::format("{}: {}", to_string(result.bad->error.rule), result.bad->error.detail)};
  if (result.ignored > 0) return {true, false, "known"};
  if (chain.head().header.hash() != id.hash) return {true, false, "side"};
  return {true, false, whole.header->parent_hash == before.header.hash() ? "extended" : "reorganised"};
}

/// One chain on its way to a client. Touched by the loop and by the maker in turns.
struct JbcHttp::Stream {
  Stream(const Database& database, std::atomic<int>& count)
      : snapshot(database.snapshot()), store(snapshot), counter(count) {
    ++counter;
  }
  ~Stream() { --counter; }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Snapshot snapshot;
  ChainStore store;
  std::atomic<int>& counter;
  BlockNum next = 0, end = 0;  ///< the first that was not sent, the first that will not be
  bool begun = false, ended = false;
  std::weak_ptr<net::HttpConnection> client;

  std::string piece() {
    std::string out = begun ? "" : "[";
    while (next < end && out.size() < kPieceBytes) {
      const auto headers = store.canonical_headers_rlp(
          next, static_cast<std::size_t>(std::min<BlockNum>(kReadBlocks, end - next)));
      if (headers.empty()) end = next;
      for (const Bytes& rlp : headers) {
        const auto header = decode_header(rlp, HeaderIdentity::jbc_sha256);
        const auto block = header ? jbc::from_header(*header) : std::nullopt;
        if (!block) continue;
        if (std::exchange(begun, true)) out += ", ";
        jbc::append_json(out, *block);
        ++next;
      }
    }
    begun = true;
    ended = next >= end;
    if (ended) out += "]";
    return out;
  }
};

JbcHttp::JbcHttp(Parts parts) : parts_(std::move(parts)) {}
JbcHttp::~JbcHttp() {
  stop();
}
void JbcHttp::stop() {
  maker_.stop();
}

std::vector<rpc::HttpRoute> JbcHttp::routes() {
  return {{"GET", "/blockchain.json",
           [this](auto& request, const auto& client, std::string headers) {
             serve_chain(request, client, std::move(headers));
           }},
          {"POST", "/mined", [this](auto& request, const auto& client, std::string headers) {
             serve_mined(request, client, std::move(headers));
           }}};
}

/// "?first=N" and "?count=N" give a part: a Quarry peer asks for what it lacks.
void JbcHttp::serve_chain(net::HttpRequest& request, const net::HttpConnectionPtr& client,
                          std::string headers) {
  const BlockNum length = parts_.chain.head().header->number + 1;
  headers += fmt::format("Jbc-Blocks: {}\r\nJbc-Zeros: {}\r\n", length, parts_.zeros);
  if (request.method == "HEAD") return client->respond({200, "application/json", {}, std::move(headers)});
  if (streams_ >= kMostStreams)
    return client->respond(
        json_response(503, {{"error", "too many clients read the chain; try again"}}, headers));
  auto stream = std::make_shared<Stream>(parts_.database, streams_);
  stream->client = client;
  stream->next = std::min(query_number(request.target, "first").value_or(0), length);
  stream->end = std::min(
      length, stream->next + std::min(query_number(request.target, "count").value_or(length), length));
  // The client holds the stream, and lets go of it when the connection ends.
  client->begin_stream({200, "application/json", {}, std::move(headers)},
                       [this, stream] { make_piece(stream); });
}

void JbcHttp::make_piece(const std::shared_ptr<Stream>& stream) {
  maker_.submit([this, stream] {
    // Shared, since the loop's tasks must be copyable.
    auto piece = std::make_shared<std::string>(stream->piece());
    parts_.loop.post([stream, piece] {
      const auto client = stream->client.lock();
      if (!client) return;
      const bool ended = stream->ended;
      client->send_piece(net::SharedBuffer(std::move(*piece)));
      if (ended) client->end_stream();
    });
  });
}

void JbcHttp::serve_mined(net::HttpRequest& request, const net::HttpConnectionPtr& client,
                          std::string headers) {
  auto block = jbc::parse_json(request.body);
  if (!block)
    return client->respond(json_response(400,
                                         {{"received", true},
                                          {"accepted", false},
                                          {"reason", block.error().rule + ": " + block.error().detail}},
                                         std::move(headers)));
  if (mined_ >= kMostMined)
    return client->respond(
        json_response(503, {{"error", "too many blocks wait; try again"}}, std::move(headers)));
  ++mined_;
  auto task = [this, weak = std::weak_ptr(client), block = std::move(*block), headers = std::move(headers)] {
    const JbcVerdict verdict = insert_jbc_block(parts_.chain, ChainStore(parts_.database), block);
    --mined_;
    if (verdict.accepted)
      log_info("Took a mined block", {{"number", block.index}, {"hash", block.hash}, {"as", verdict.reason}});
    else
      log_info("Refused a mined block",
               {{"number", block.index}, {"hash", block.hash}, {"err", verdict.reason}});
    if (verdict.parent_missing && parts_.on_behind) parts_.on_behind();
    parts_.loop.post([weak, verdict, headers] {
      const auto to = weak.lock();
      if (!to) return;
      to->respond(json_response(
          verdict.accepted ? 200 : 400,
          {{"received", true}, {"accepted", verdict.accepted}, {"reason", verdict.reason}}, headers));
    });
  };
  parts_.chain_thread.submit(std::move(task));
}

}  // namespace quarry
