#include "net/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace quarry::net {
namespace {
/// The stream's own bound is a second line of defence: send() refuses long before.
constexpr std::size_t kMaxPendingBytes = kMaxSendQueueBytes + 2 * kMaxMessageBytes;
/// A pause of a peer that sends too many messages: then some hundred may come again.
constexpr std::chrono::milliseconds kThrottlePause{50};

/// Text from outside goes into logs and JSON: anything but printable ASCII becomes a question mark.
std::string printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

/// Network, genesis and fork id in a line: whoever reads of one of them wants to see all.
std::string summary(const Status& status) {
  std::string out =
      fmt::format("network id {}, genesis block {}", status.network_id, short_hex(status.genesis));
  if (status.fork_id) out += fmt::format(", fork id {}", status.fork_id->to_string());
  return out;
}

/// The two values of a field.
struct Values {
  std::string ours, theirs;
};

/// geth's line says theirs first and does not say whose is whose; the second line does.
Verdict mismatch(std::string_view field, std::string reason, const std::string& remedy, Values values,
                 const Status& ours, const Status& theirs) {
  return {.kind = VerdictKind::status_mismatch,
          .reason = std::move(reason),
          .remedy = fmt::format("The {} is {} here and {} there. {} Here: {}. There: {}.", field, values.ours,
                                values.theirs, remedy, summary(ours), summary(theirs)),
          .field = std::string(field),
          .ours = std::move(values.ours),
          .theirs = std::move(values.theirs)};
}

std::optional<Verdict> compare_forks(const LocalStatus& local, const Status& ours, const Status& theirs) {
  if (!ours.fork_id || !theirs.fork_id) return std::nullopt;
  const auto verdict = local.forks.check(*theirs.fork_id, local.head_number, local.head_time);
  if (verdict == ForkIdVerdict::compatible) return std::nullopt;
  const std::string here = ours.fork_id->to_string(), there = theirs.fork_id->to_string();
  const std::string remedy =
      local.forks.explain(*theirs.fork_id, local.head_number, local.head_time) +
      " Give both the same forks: init with the same genesis file on both; the chain stays.";
  return mismatch("fork id",
                  fmt::format("Fork ID rejected - {} (!= {}): {}", there, here, to_string(verdict)), remedy,
                  {here, there}, ours, theirs);
}
}  // namespace

Status status_of(const LocalStatus& local, unsigned version) {
  Status out{.protocol_version = version,
             .network_id = local.network_id,
             .total_difficulty = local.total_difficulty,
             .head = local.head,
             .genesis = local.genesis,
             .fork_id = std::nullopt};
  if (version >= kForkIdVersion) out.fork_id = local.forks.at(local.head_number, local.head_time);
  return out;
}

std::optional<Verdict> compare(const LocalStatus& local, const Status& ours, const Status& theirs) {
  if (ours.genesis != theirs.genesis) {
    return mismatch("genesis block",
                    fmt::format("Genesis block mismatch - {} (!= {})", to_hex(theirs.genesis.view().first(8)),
                                to_hex(ours.genesis.view().first(8))),
                    "Initialise both nodes (init) with the same genesis file.",
                    {ours.genesis.hex(), theirs.genesis.hex()}, ours, theirs);
  }
  if (ours.network_id != theirs.network_id) {
    return mismatch("network id",
                    fmt::format("NetworkId mismatch - {} (!= {})", theirs.network_id, ours.network_id),
                    "Start both with the same --networkid.",
                    {std::to_string(ours.network_id), std::to_string(theirs.network_id)}, ours, theirs);
  }
  if (ours.protocol_version != theirs.protocol_version) {
    return mismatch(
        "protocol version",
        fmt::format("Protocol version mismatch - {} (!= {})", theirs.protocol_version, ours.protocol_version),
        "That node contradicts its own Hello.",
        {std::to_string(ours.protocol_version), std::to_string(theirs.protocol_version)}, ours, theirs);
  }
  return compare_forks(local, ours, theirs);
}

Session::Session(SessionOwner& owner, PeerId id, StreamPtr stream, std::optional<Enode> dialled,
                 const Timeouts& timeouts, std::shared_ptr<InboundBudget> budget)
    : owner_(owner),
      stream_(std::move(stream)),
      dialled_(std::move(dialled)),
      timeouts_(timeouts),
      budget_(std::move(budget)),
      timer_(stream_->loop(), [this] { on_timer(); }),
      throttle_(stream_->loop(), [this] { resume(); }) {
  info_.id = id;
  info_.local_address = stream_->local_address();
  info_.remote_address = stream_->remote_address();
  info_.inbound = !dialled_;
  if (dialled_) {
    info_.node_id = dialled_->id;
    info_.enode = *dialled_;
  }
}
Session::~Session() = default;

void Session::start() {
  last_read_ = tokens_at_ = stream_->loop().now_ms();
  stream_->set_max_pending(kMaxPendingBytes);
  const std::weak_ptr<Session> weak = weak_from_this();
  stream_->start(
      [weak](ByteView bytes) {
        if (const auto self = weak.lock()) self->on_bytes(bytes);
      },
      [weak](const Closed& closed) {
        if (const auto self = weak.lock()) self->on_stream_closed(closed);
      });
  timer_.start(timeouts_.handshake);
  if (!dialled_) {
    handshake_ = Handshake::respond(owner_.key());
    return;
  }
  Bytes auth;
  handshake_ = Handshake::initiate(owner_.key(), dialled_->id, auth);
  stream_->write(SharedBuffer(std::move(auth)));
}

std::chrono::milliseconds Session::up_for() const {
  if (up_since_ == 0) return std::chrono::milliseconds{0};
  const std::uint64_t until = ended_ != 0 ? ended_ : stream_->loop().now_ms();
  return std::chrono::milliseconds{until - up_since_};
}

// ---- what comes in -----------------------------------------------------------------------------

void Session::on_bytes(ByteView bytes) {
  if (phase_ == Phase::closing) return;
  last_read_ = stream_->loop().now_ms();
  append(buffer_, bytes);
  process();
}

void Session::process() {
  if (processing_) return;  // a callback below may call resume()
  const auto self = shared_from_this();
  processing_ = true;
  while (phase_ == Phase::handshake && step_handshake()) {
  }
  std::size_t offset = 0;
  while (phase_ != Phase::handshake && phase_ != Phase::closing && !paused_ && step_frame(offset)) {
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(offset));
  if (phase_ == Phase::closing || buffer_.empty()) Bytes().swap(buffer_);
  processing_ = false;
}

bool Session::step_handshake() {
  Bytes answer;
  const auto done = handshake_->advance(buffer_, answer);
  if (!done) {
    end({.kind = VerdictKind::not_rlpx,
         .reason = to_string(done.error()),
         .remedy = dialled_ ? "Compare the enode URL with admin.nodeInfo.enode of that node." : ""});
    return false;
  }
  if (!answer.empty()) stream_->write(SharedBuffer(std::move(answer)));
  if (!*done) return false;
  info_.node_id = handshake_->remote();
  proven_ = true;
  codec_.emplace(handshake_->secrets());
  handshake_.reset();
  if (const auto verdict = owner_.refuse(*this)) {
    end(*verdict);
    return false;
  }
  Hello hello = owner_.hello();
  own_ = owner_.capabilities();
  for (const OwnCapability& own : own_) hello.capabilities.push_back(own.capability);
  send_p2p(P2pCode::hello, encode_hello(hello));
  enter(Phase::hello);
  return true;
}

bool Session::step_frame(std::size_t& offset) {
  std::size_t used = 0;
  auto message = codec_->read(ByteView{buffer_}.subspan(offset), used);
  offset += used;
  if (!message) {
    broke_protocol(to_string(message.error()));
    return false;
  }
  if (!*message) return false;
  on_message(std::move(**message));
  if (phase_ == Phase::up && (budget_->full() || throttled())) pause();
  return true;
}

void Session::on_message(Message message) {
  if (phase_ == Phase::hello) return on_first_message(message);
  if (message.code < kP2pCodes) return on_p2p(message);
  on_eth(std::move(message));
}

void Session::on_first_message(const Message& message) {
  if (message.code == static_cast<std::uint64_t>(P2pCode::disconnect)) return on_disconnect(message.payload);
  if (message.code == static_cast<std::uint64_t>(P2pCode::hello)) return on_hello(message.payload);
  broke_protocol(fmt::format("expected handshake, got message {:#x}", message.code));
}

void Session::on_p2p(const Message& message) {
  // Other codes below kP2pCodes are ignored, as geth does: a later version may have them.
  if (message.code == static_cast<std::uint64_t>(P2pCode::disconnect)) return on_disconnect(message.payload);
  if (message.code == static_cast<std::uint64_t>(P2pCode::hello)) return broke_protocol("a second Hello");
  if (message.code == static_cast<std::uint64_t>(P2pCode::ping)) send_p2p(P2pCode::pong, kEmptyList);
}

void Session::on_disconnect(ByteView payload) {
  const auto number = decode_disconnect(payload);
  const auto reason = number ? disconnect_reason(*number) : std::nullopt;
  if (reason) return end(verdict_of(*reason));
  end({.kind = VerdictKind::disconnected,
       .reason = number ? fmt::format("unknown disconnect reason {} (the peer said so)", *number)
                        : "a malformed Disconnect",
       .by_peer = true});
}

void Session::on_hello(ByteView payload) {
  auto hello = decode_hello(payload);
  if (!hello) return broke_protocol(std::string("malformed Hello: ") + rlp::to_string(hello.error()));
  if (hello->id != info_.node_id) {
    return end({.kind = VerdictKind::wrong_identity,
                .reason = "unexpected identity",
                .field = "node id",
                .ours = to_hex(info_.node_id),
                .theirs = to_hex(hello->id)});
  }
  info_.client = printable(std::move(hello->client));
  for (auto& capability : hello->capabilities) capability.name = printable(std::move(capability.name));
  info_.caps = hello->capabilities;
  if (!dialled_) {
    const auto port = static_cast<std::uint16_t>(hello->listen_port <= UINT16_MAX ? hello->listen_port : 0);
    info_.enode = {.id = info_.node_id, .host = remote_ip(), .tcp_port = port, .udp_port = port};
  }
  codec_->set_snappy(hello->version >= kSnappyVersion);

  const auto shared = share(own_, info_.caps);
  const auto eth = std::find_if(shared.begin(), shared.end(),
                                [](const SharedCapability& one) { return one.capability.name == "eth"; });
  if (eth == shared.end()) return end(nothing_in_common());
  eth_ = *eth;
  info_.eth_version = eth_.capability.version;
  if (const auto verdict = owner_.refuse(*this)) return end(*verdict);

  local_ = owner_.local_status();
  own_status_ = status_of(local_, info_.eth_version);
  // Ours goes out before theirs is judged: whatever differs, both sides can name it.
  write(eth_.offset + static_cast<std::uint64_t>(EthCode::status), encode(own_status_));
  enter(Phase::status);
}

Verdict Session::nothing_in_common() const {
  std::vector<Capability> own;
  for (const auto& capability : own_) own.push_back(capability.capability);
  const auto all = own_capabilities(false);
  const bool fewer = own_.size() < all.size();
  const bool would_do = !share(all, info_.caps).empty();
  return {.kind = VerdictKind::incompatible,
          .reason = fmt::format("useless peer: no version of eth in common (ours {}; theirs {})",
                                list_of(own), list_of(info_.caps)),
          .remedy = fewer && would_do
                        ? "This node has to download a state yet, which later versions of eth do not serve: "
                          "start it with --syncmode full, or connect it to a node that serves states first."
                        : "Run a client there that speaks one of these.",
          .field = "capabilities",
          .ours = list_of(own),
          .theirs = list_of(info_.caps)};
}

void Session::on_eth(Message message) {
  const std::uint64_t code = message.code - eth_.offset;
  const MessageInfo* row = code < eth_.codes ? find_message(info_.eth_version, code) : nullptr;
  if (phase_ == Phase::status) return on_status(message, row);
  if (row == nullptr) return broke_protocol(fmt::format("Invalid message code - {:#x}", message.code));
  if (row->kind == MessageKind::status) return broke_protocol("Extra status message");
  const bool numbered = info_.eth_version >= row->request_id_since;
  if (message.payload.size() > row->max_bytes + (numbered ? kMostIdBytes : 0)) {
    return broke_protocol(fmt::format("Message too long - {} of {} bytes (> {})", row->name,
                                      message.payload.size(), row->max_bytes));
  }
  EthMessage out{.code = row->code, .request_id = 0, .payload = std::move(message.payload), .hold = nullptr};
  if (numbered) {
    const auto split = split_request_id(out.payload);
    if (!split)
      return broke_protocol(fmt::format("malformed {}: {}", row->name, rlp::to_string(split.error())));
    out.request_id = split->id;
    out.payload.erase(out.payload.begin(),
                      out.payload.end() - static_cast<std::ptrdiff_t>(split->payload.size()));
  }
  out.hold = budget_->take(out.payload.size());
  owner_.on_eth(*this, std::move(out));
}

void Session::on_status(const Message& message, const MessageInfo* row) {
  if (row == nullptr || row->kind != MessageKind::status)
    return broke_protocol(fmt::format("No status message - first msg has code {:#x}", message.code));
  if (message.payload.size() > row->max_bytes)
    return broke_protocol(fmt::format("Message too long - Status of {} bytes", message.payload.size()));
  const auto status = decode_status(message.payload);
  if (!status) return broke_protocol(std::string("malformed Status: ") + rlp::to_string(status.error()));
  if (status->fork_id.has_value() != own_status_.fork_id.has_value())
    return broke_protocol(fmt::format("malformed Status: eth/{} has {} fork id", info_.eth_version,
                                      own_status_.fork_id ? "a" : "no"));
  if (const auto verdict = compare(local_, own_status_, *status)) return end(*verdict);
  info_.network_id = status->network_id;
  info_.head = status->head;
  info_.total_difficulty = status->total_difficulty;
  up_since_ = std::max<std::uint64_t>(stream_->loop().now_ms(), 1);
  enter(Phase::up);
  owner_.on_up(*this);
}

// ---- pushing back ------------------------------------------------------------------------------

bool Session::throttled() {
  const std::uint64_t now = stream_->loop().now_ms();
  const double earned = static_cast<double>(now - tokens_at_) * kMessagesPerSecond / 1000;
  tokens_at_ = now;
  tokens_ = std::min(tokens_ + earned, kMessageBurst) - 1;
  if (tokens_ > 0) return false;
  throttle_.start(kThrottlePause);
  return true;
}

void Session::pause() {
  paused_ = true;
  stream_->pause();
}

void Session::resume() {
  if (!paused_ || phase_ == Phase::closing || throttle_.active() || budget_->full()) return;
  paused_ = false;
  stream_->resume();
  process();
}

// ---- what goes out -----------------------------------------------------------------------------

void Session::write(std::uint64_t code, ByteView payload) {
  Bytes frame;
  codec_->write(code, payload, frame);
  stream_->write(SharedBuffer(std::move(frame)));
}

void Session::send_p2p(P2pCode code, ByteView payload) {
  write(static_cast<std::uint64_t>(code), payload);
}

bool Session::send(EthCode code, ByteView payload, std::uint64_t request_id) {
  const auto* row = find_message(info_.eth_version, static_cast<std::uint64_t>(code));
  if (phase_ != Phase::up || row == nullptr) return false;
  if (payload.size() > kMaxEthMessageBytes || stream_->pending() + payload.size() > kMaxSendQueueBytes)
    return false;
  const std::uint64_t id = eth_.offset + static_cast<std::uint64_t>(code);
  if (info_.eth_version >= row->request_id_since)
    write(id, with_request_id(request_id, payload));
  else
    write(id, payload);
  return true;
}

// ---- time and the end --------------------------------------------------------------------------

void Session::enter(Phase phase) {
  phase_ = phase;
  if (phase != Phase::up) return timer_.start(timeouts_.handshake);
  // Not before: who has not said which chain it is on may not make us hold megabytes.
  codec_->set_max_message(kMaxEthMessageBytes);
  last_ping_ = stream_->loop().now_ms();
  timer_.start_repeating(std::max(timeouts_.ping / 3, std::chrono::milliseconds{1}));
}

void Session::on_timer() {
  const auto self = shared_from_this();
  if (phase_ != Phase::up) return end(timeout_verdict());
  const std::uint64_t now = stream_->loop().now_ms();
  // While we do not read, silence is ours.
  if (paused_) last_read_ = now;
  if (now - last_read_ >= static_cast<std::uint64_t>(timeouts_.silence.count()))
    return end(timeout_verdict());
  if (now - last_ping_ < static_cast<std::uint64_t>(timeouts_.ping.count())) return;
  last_ping_ = now;
  send_p2p(P2pCode::ping, kEmptyList);
}

Verdict Session::timeout_verdict() const {
  const auto missing = [&](std::string_view what) {
    return fmt::format("read timeout: no {} within {}", what, seconds(timeouts_.handshake));
  };
  Verdict out{.kind = VerdictKind::timed_out};
  switch (phase_) {
    case Phase::handshake:
      out.reason = missing("answer to the handshake");
      if (dialled_) out.remedy = "Something listens there, but it may be no Ethereum node.";
      break;
    case Phase::hello:
      out.reason = missing("Hello");
      break;
    case Phase::status:
      out.reason = missing("Status");
      break;
    case Phase::up:
    case Phase::closing:
      out.reason = "read timeout: silent for " + seconds(timeouts_.silence);
      break;
  }
  return out;
}

void Session::broke_protocol(std::string reason) {
  // eth's own rules are a matter of the subprotocol; geth tells the two apart in the same way.
  const bool in_eth = phase_ == Phase::status || phase_ == Phase::up;
  end({.kind = VerdictKind::protocol_error, .reason = "breach of protocol: " + std::move(reason)},
      in_eth ? DisconnectReason::subprotocol_error : DisconnectReason::protocol_error);
}

void Session::end(const Verdict& verdict, DisconnectReason reason) {
  if (phase_ == Phase::closing) return;
  const auto self = shared_from_this();
  const bool can_tell = codec_.has_value() && !verdict.by_peer && stream_->is_open();
  if (can_tell) send_p2p(P2pCode::disconnect, encode_disconnect(reason));
  phase_ = Phase::closing;
  ended_ = stream_->loop().now_ms();
  timer_.stop();
  throttle_.stop();
  if (can_tell) {
    stream_->finish();
  } else {
    stream_->close();
  }
  owner_.on_end(*this, verdict);
}

Verdict Session::closed_verdict(const Closed& closed) const {
  const std::string how = closed.detail.empty()
                              ? to_string(closed.reason)
                              : fmt::format("{} ({})", to_string(closed.reason), closed.detail);
  Verdict out{.kind = VerdictKind::closed, .reason = how};
  switch (phase_) {
    case Phase::handshake:
      out.reason = "the connection ended in the handshake: " + how;
      if (!dialled_) break;
      out.kind = VerdictKind::not_rlpx;
      out.remedy =
          "That node may have another key than the enode URL says: copy admin.nodeInfo.enode there again.";
      break;
    case Phase::hello:
      out.reason = "the connection ended before Hello: " + how;
      break;
    case Phase::status:
      out.reason = "the connection ended before Status: " + how;
      break;
    case Phase::up:
    case Phase::closing:
      break;
  }
  return out;
}

void Session::on_stream_closed(const Closed& closed) {
  const auto self = shared_from_this();
  if (phase_ != Phase::closing) {
    const Verdict verdict = closed_verdict(closed);
    phase_ = Phase::closing;
    ended_ = stream_->loop().now_ms();
    timer_.stop();
    throttle_.stop();
    owner_.on_end(*this, verdict);
  }
  owner_.on_closed(*this);
}

}  // namespace quarry::net
