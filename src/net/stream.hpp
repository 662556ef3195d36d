#pragma once
/// \file
/// A connection: bytes in order, both ways, over TCP or a Unix socket.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/bytes.hpp"
#include "net/loop.hpp"

namespace quarry::net {

union StreamHandle;

/// Bytes that are kept alive by whoever still needs them: an answer waiting to be sent, a block
/// that goes to many peers.
class SharedBuffer {
 public:
  SharedBuffer() = default;
  explicit SharedBuffer(Bytes&& bytes) : SharedBuffer(std::make_shared<const Bytes>(std::move(bytes))) {}
  explicit SharedBuffer(std::shared_ptr<const Bytes> bytes) : view_(*bytes), owner_(std::move(bytes)) {}
  explicit SharedBuffer(std::string&& text)
      : SharedBuffer(std::make_shared<const std::string>(std::move(text))) {}
  explicit SharedBuffer(std::shared_ptr<const std::string> text)
      : view_(as_bytes(*text)), owner_(std::move(text)) {}
  /// Bytes that live as long as the program, such as a literal's.
  static SharedBuffer of_static(std::string_view text) {
    SharedBuffer out;
    out.view_ = as_bytes(text);
    return out;
  }
  /// What is left after the first `count` bytes.
  SharedBuffer after(std::size_t count) const {
    SharedBuffer out = *this;
    out.view_ = view_.subspan(count);
    return out;
  }
  ByteView view() const { return view_; }
  std::size_t size() const { return view_.size(); }

 private:
  ByteView view_;
  std::shared_ptr<const void> owner_;
};

enum class CloseReason : std::uint8_t {
  local,           ///< our side called close() or finish()
  closed_by_peer,  ///< orderly end of stream
  reset_by_peer,   ///< the connection broke: reset, unreachable, no keep-alive
  write_limit,     ///< the peer reads slower than we write: more than the bound was waiting
};
const char* to_string(CloseReason reason);

struct Closed {
  CloseReason reason = CloseReason::local;
  std::string detail;  ///< the system's words, or those given to close(); may be empty
};

/// What lies between a stream's user and its wire: encryption.
class StreamCodec {
 public:
  virtual ~StreamCodec() = default;
  /// Reads bytes from the wire; appends what they say to `plain`, and what they call for to `wire`. False
  /// when they are no good: failure() says why, and the connection ends once `wire` is sent.
  virtual bool receive(ByteView bytes, Bytes& plain, Bytes& wire) = 0;
  /// Appends the form on the wire of bytes to send; false when nothing can be sent (yet, or any more).
  virtual bool send(ByteView bytes, Bytes& wire) = 0;
  /// Appends the last words of our side.
  virtual void end(Bytes& wire) = 0;
  /// The peer has ended its side.
  virtual bool ended() const = 0;
  virtual std::string failure() const = 0;
};

/// One connection. Loop thread. Dropping the last pointer closes it at once and silently, so the
/// session that uses a stream owns it; its callbacks may close or drop the stream.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  /// The bytes live until the callback returns.
  using OnRead = std::function<void(ByteView)>;
  /// Comes once, in a later turn than what caused it (close() too); not after the stream was dropped.
  using OnClose = std::function<void(const Closed&)>;
  using OnDrain = std::function<void()>;

  /// What may wait to be sent by default: two of the largest messages a peer may ask of us, or an
  /// answer to a batch.
  static constexpr std::size_t kMaxPendingBytes = 32 * 1024 * 1024;
  /// How long finish() waits for the peer to take what was sent and close its side.
  static constexpr std::chrono::milliseconds kLinger{2000};

  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// All bytes pass through it, both ways. Before start().
  void set_codec(std::unique_ptr<StreamCodec> codec) { codec_ = std::move(codec); }
  /// Begins to read. Call once.
  void start(OnRead on_read, OnClose on_close);
  /// Is called when the peer has ended its side, instead of the stream closing by itself: answers
  /// that are still due can go out, then the owner calls finish().
  void set_on_end(OnDrain on_end) { on_end_ = std::move(on_end); }
  /// Is called when what was waiting to be sent has gone to the kernel.
  void set_on_drain(OnDrain on_drain);
  void set_max_pending(std::size_t bytes);

  /// Sends the bytes: what the kernel takes at once leaves without a copy, the rest waits.
  /// False when the stream is closing, or when the bound on waiting bytes would be passed: the
  /// stream then closes itself with write_limit.
  bool write(ByteView bytes);
  bool write(SharedBuffer bytes);
  /// Two pieces in one system call: a head, of which only what has to wait is copied, and a body.
  bool write(ByteView head, SharedBuffer body);
  /// Bytes that wait to be sent.
  std::size_t pending() const;
  /// Bytes that went to the kernel so far, of all that was written.
  std::uint64_t sent() const { return written_ - pending(); }
  /// Bytes of all writes so far: what is written next begins here.
  std::uint64_t written() const { return written_; }

  /// Stops and takes up reading: a slow reader of ours pushes back on the peer.
  void pause();
  void resume();
  bool paused() const { return paused_; }

  /// Closes at once; waiting bytes are lost.
  void close(CloseReason reason = CloseReason::local, std::string detail = {});
  /// Sends what waits, ends our side, throws away what still comes in, and closes when the peer has
  /// closed its side or after kLinger. So a last message arrives even when the peer is still sending.
  void finish();
  bool is_open() const;

  /// "127.0.0.1:30303", "[::1]:30303", or a socket's path.
  const std::string& local_address() const { return local_address_; }
  const std::string& remote_address() const { return remote_address_; }
  /// The peer's IP without the port; empty for a Unix socket.
  std::string remote_ip() const;
  Loop& loop() { return loop_; }

  // Below: for this folder's .cpp files.
  explicit Stream(Loop& loop);
  StreamHandle* raw();
  int open_tcp();
  int open_pipe();
  void take_addresses();
  void set_addresses(std::string local, std::string remote);

 private:
  struct Impl;
  struct WriteRequest;
  bool write_wire(ByteView bytes);
  bool write_coded(const SharedBuffer* parts, unsigned count);
  void on_coded(ByteView bytes);
  bool write_parts(SharedBuffer* parts, unsigned count);
  unsigned try_parts(SharedBuffer* parts, unsigned count);
  bool queue(SharedBuffer* parts, unsigned count);
  void on_bytes(long count, const std::uint8_t* data);
  void on_written(int status);
  void fail_with(int status);
  void on_end();
  void end_writing();
  void read_start();

  Loop& loop_;
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<StreamCodec> codec_;
  OnRead on_read_;
  OnClose on_close_;
  OnDrain on_drain_;
  OnDrain on_end_;
  std::size_t max_pending_ = kMaxPendingBytes;
  std::uint64_t written_ = 0;
  bool paused_ = false;
  bool started_ = false;
  bool finishing_ = false;
  bool peer_ended_ = false;
  bool is_tcp_ = true;
  std::string local_address_;
  std::string remote_address_;
};
using StreamPtr = std::shared_ptr<Stream>;

}  // namespace quarry::net
