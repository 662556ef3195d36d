#include "net/stream.hpp"

#include "core/check.hpp"
#include "net/timer.hpp"
#include "net/uv_address.hpp"
#include "net/uv_handle.hpp"

namespace quarry::net {

const char* to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::local:
      return "closed by us";
    case CloseReason::closed_by_peer:
      return "closed by the peer";
    case CloseReason::reset_by_peer:
      return "connection lost";
    case CloseReason::write_limit:
      return "the peer reads too slowly";
  }
  return "";
}

struct Stream::Impl {
  UvHandle<StreamHandle> handle;
  std::unique_ptr<Timer> linger;
};

/// A write that did not fit into the kernel's buffer; it keeps its bytes until libuv is done.
struct Stream::WriteRequest {
  uv_write_t request{};
  SharedBuffer parts[2];
};

Stream::Stream(Loop& loop) : loop_(loop), impl_(new Impl) {}
Stream::~Stream() = default;

StreamHandle* Stream::raw() {
  return impl_->handle.get();
}
int Stream::open_tcp() {
  return impl_->handle.open(this, [this](StreamHandle* h) { return uv_tcp_init(loop_.raw(), &h->tcp); });
}
int Stream::open_pipe() {
  is_tcp_ = false;
  return impl_->handle.open(this, [this](StreamHandle* h) { return uv_pipe_init(loop_.raw(), &h->pipe, 0); });
}

void Stream::take_addresses() {
  uv_tcp_nodelay(&raw()->tcp, 1);
  uv_tcp_keepalive(&raw()->tcp, 1, 60);
  local_address_ = local_address_of(&raw()->tcp);
  remote_address_ = remote_address_of(&raw()->tcp);
}
void Stream::set_addresses(std::string local, std::string remote) {
  local_address_ = std::move(local);
  remote_address_ = std::move(remote);
}
std::string Stream::remote_ip() const {
  if (!is_tcp_) return {};
  const auto colon = remote_address_.rfind(':');
  if (colon == std::string::npos) return {};
  if (remote_address_.front() == '[') return remote_address_.substr(1, colon - 2);
  return remote_address_.substr(0, colon);
}

bool Stream::is_open() const {
  return impl_->handle.is_open();
}
void Stream::set_on_drain(OnDrain on_drain) {
  on_drain_ = std::move(on_drain);
}
void Stream::set_max_pending(std::size_t bytes) {
  max_pending_ = bytes;
}

void Stream::start(OnRead on_read, OnClose on_close) {
  QUARRY_CHECK(!started_);
  started_ = true;
  on_read_ = std::move(on_read);
  on_close_ = std::move(on_close);
  if (!paused_) read_start();
}

void Stream::read_start() {
  if (!is_open()) return;
  uv_read_start(
      &raw()->stream,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto* self = UvHandle<StreamHandle>::owner_of<Stream>(handle);
        if (self == nullptr) return;
        const auto space = self->loop_.read_buffer();
        *buffer = uv_buf_init(reinterpret_cast<char*>(space.data()), static_cast<unsigned>(space.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto* self = UvHandle<StreamHandle>::owner_of<Stream>(stream);
        if (self != nullptr) self->on_bytes(count, reinterpret_cast<const std::uint8_t*>(buffer->base));
      });
}

void Stream::on_bytes(long count, const std::uint8_t* data) {
  const auto self = shared_from_this();
  if (count < 0) return fail_with(static_cast<int>(count));
  if (count == 0 || finishing_) return;
  const ByteView bytes{data, static_cast<std::size_t>(count)};
  if (codec_ != nullptr) return on_coded(bytes);
  on_read_(bytes);
}

void Stream::on_coded(ByteView bytes) {
  Bytes plain, wire;
  const bool good = codec_->receive(bytes, plain, wire);
  if (!wire.empty()) write_wire(wire);
  if (!plain.empty() && is_open()) on_read_(plain);
  if (!is_open()) return;
  // Our alert says it too.
  if (!good) return finish();
  if (codec_->ended() && !peer_ended_) on_end();
}

void Stream::fail_with(int status) {
  if (status == UV_EOF) return on_end();
  close(CloseReason::reset_by_peer, uv_strerror(status));
}

void Stream::on_end() {
  peer_ended_ = true;
  uv_read_stop(&raw()->stream);
  if (finishing_ && pending() != 0) return;  // end_writing() closes
  if (finishing_) return close();
  if (on_end_ == nullptr) return close(CloseReason::closed_by_peer);
  const auto call = on_end_;
  call();
}

void Stream::pause() {
  if (paused_) return;
  paused_ = true;
  if (is_open() && started_ && !finishing_) uv_read_stop(&raw()->stream);
}
void Stream::resume() {
  if (!paused_) return;
  paused_ = false;
  if (started_ && !finishing_ && !peer_ended_) read_start();
}

std::size_t Stream::pending() const {
  return is_open() ? uv_stream_get_write_queue_size(impl_->handle.stream()) : 0;
}

bool Stream::write(ByteView bytes) {
  if (!is_open() || finishing_) return false;
  if (codec_ == nullptr) return write_wire(bytes);
  Bytes wire;
  return codec_->send(bytes, wire) && write_wire(wire);
}

bool Stream::write_coded(const SharedBuffer* parts, unsigned count) {
  Bytes wire;
  for (unsigned i = 0; i < count; ++i)
    if (!codec_->send(parts[i].view(), wire)) return false;
  return write_wire(wire);
}

bool Stream::write_wire(ByteView bytes) {
  if (!is_open()) return false;
  written_ += bytes.size();
  std::size_t sent = 0;
  if (pending() == 0) {
    auto* base = reinterpret_cast<char*>(const_cast<std::uint8_t*>(bytes.data()));
    const uv_buf_t buffer = uv_buf_init(base, static_cast<unsigned>(bytes.size()));
    const int status = uv_try_write(&raw()->stream, &buffer, 1);
    if (status > 0) sent = static_cast<std::size_t>(status);
    if (sent == bytes.size()) return true;
  }
  SharedBuffer rest(to_bytes(bytes.subspan(sent)));
  return queue(&rest, 1);
}
bool Stream::write(SharedBuffer bytes) {
  return write_parts(&bytes, 1);
}
bool Stream::write(ByteView head, SharedBuffer body) {
  SharedBuffer parts[2] = {SharedBuffer::of_static(as_text(head)), std::move(body)};
  if (!is_open() || finishing_) return false;
  if (codec_ != nullptr) return write_coded(parts, 2);
  written_ += head.size() + parts[1].size();
  const unsigned left = pending() == 0 ? try_parts(parts, 2) : 2;
  if (left == 2) parts[0] = SharedBuffer(to_bytes(parts[0].view()));
  return left == 0 || queue(parts + (2 - left), left);
}

/// What the kernel takes at once goes: says how many of the parts are left, at the end, the first of them
/// shortened.
unsigned Stream::try_parts(SharedBuffer* parts, unsigned count) {
  uv_buf_t buffers[2];
  for (unsigned i = 0; i < count; ++i) {
    auto* base = reinterpret_cast<char*>(const_cast<std::uint8_t*>(parts[i].view().data()));
    buffers[i] = uv_buf_init(base, static_cast<unsigned>(parts[i].size()));
  }
  const int status = uv_try_write(&raw()->stream, buffers, count);
  std::size_t sent = status > 0 ? static_cast<std::size_t>(status) : 0;
  while (count > 0 && sent >= parts[0].size()) {
    sent -= parts[0].size();
    ++parts;
    --count;
  }
  if (count > 0) parts[0] = parts[0].after(sent);
  return count;
}

bool Stream::write_parts(SharedBuffer* parts, unsigned count) {
  if (!is_open() || finishing_) return false;
  if (codec_ != nullptr) return write_coded(parts, count);
  for (unsigned i = 0; i < count; ++i) written_ += parts[i].size();
  const unsigned left = pending() == 0 ? try_parts(parts, count) : count;
  return left == 0 || queue(parts + (count - left), left);
}

bool Stream::queue(SharedBuffer* parts, unsigned count) {
  std::size_t total = pending();
  for (unsigned i = 0; i < count; ++i) total += parts[i].size();
  if (total > max_pending_) {
    close(CloseReason::write_limit, std::to_string(total) + " bytes were waiting");
    return false;
  }
  auto* write = new WriteRequest;
  uv_buf_t buffers[2];
  for (unsigned i = 0; i < count; ++i) {
    write->parts[i] = std::move(parts[i]);
    auto* base = reinterpret_cast<char*>(const_cast<std::uint8_t*>(write->parts[i].view().data()));
    buffers[i] = uv_buf_init(base, static_cast<unsigned>(write->parts[i].size()));
  }
  write->request.data = write;
  const auto done = [](uv_write_t* request, int status) {
    auto* stream = request->handle;
    delete static_cast<WriteRequest*>(request->data);
    if (auto* self = UvHandle<StreamHandle>::owner_of<Stream>(stream)) self->on_written(status);
  };
  const int status = uv_write(&write->request, &raw()->stream, buffers, count, done);
  if (status != 0) {
    delete write;
    fail_with(status);
    return false;
  }
  return true;
}

void Stream::on_written(int status) {
  const auto self = shared_from_this();
  if (status < 0) return fail_with(status);
  if (pending() != 0) return;
  if (finishing_) return end_writing();
  if (const auto drain = on_drain_) drain();
}

void Stream::close(CloseReason reason, std::string detail) {
  if (!is_open()) return;
  impl_->linger.reset();
  impl_->handle.close([this, closed = Closed{reason, std::move(detail)}] {
    // The callbacks often hold the session that holds this stream: let go of them here.
    const auto self = shared_from_this();
    const auto call = std::move(on_close_);
    const auto read = std::move(on_read_);
    const auto drain = std::move(on_drain_);
    const auto end = std::move(on_end_);
    on_close_ = nullptr;
    on_read_ = nullptr;
    on_drain_ = nullptr;
    on_end_ = nullptr;
    if (call) call(closed);
  });
}

void Stream::finish() {
  if (!is_open() || finishing_) return;
  finishing_ = true;
  if (!started_) return close();
  if (codec_ != nullptr) {
    Bytes wire;
    codec_->end(wire);
    if (!wire.empty()) write_wire(wire);
    if (!is_open()) return;
  }
  // Reading goes on, so that the peer's end of stream is seen.
  if (paused_ && !peer_ended_) read_start();
  impl_->linger = std::make_unique<Timer>(loop_, [this] { close(); });
  impl_->linger->start(kLinger);
  if (pending() == 0) end_writing();
}

void Stream::end_writing() {
  if (peer_ended_) return close();
  auto* request = new uv_shutdown_t;
  const int status = uv_shutdown(request, &raw()->stream, [](uv_shutdown_t* req, int) { delete req; });
  if (status == 0) return;
  delete request;
  close();
}

}  // namespace quarry::net
