#pragma once
/// \file
/// RLPx frames (devp2p rlpx.md, "Framing"): encrypted, authenticated, and, from devp2p version 5 on,
/// compressed with Snappy. Sans-IO; one object a connection, on its thread.

#include <memory>
#include <optional>

#include "core/expected.hpp"
#include "core/keccak.hpp"
#include "net/handshake.hpp"

namespace quarry::net {

/// What a frame carries.
struct Message {
  std::uint64_t code = 0;
  Bytes payload;  ///< RLP, not compressed
};

enum class FrameError : std::uint8_t {
  bad_header_mac,
  bad_body_mac,
  frame_too_large,  ///< the header announces more than the bound
  malformed_code,   ///< the message id is no canonical RLP integer
  malformed_snappy,
  message_too_large,  ///< would be over the bound once uncompressed
};
const char* to_string(FrameError error);

class FrameCodec {
 public:
  explicit FrameCodec(const FrameSecrets& secrets);
  ~FrameCodec();
  FrameCodec(FrameCodec&&) noexcept;
  FrameCodec& operator=(FrameCodec&&) noexcept;

  /// From the first message after Hello on, when both sides speak version 5.
  void set_snappy(bool on) { snappy_ = on; }
  /// Bounds a frame and an uncompressed payload.
  void set_max_message(std::size_t bytes) { max_message_ = bytes; }

  /// Appends the frame of a message to `out`. The payload has at most kMaxMessageBytes bytes.
  void write(std::uint64_t code, ByteView payload, Bytes& out);

  /// Takes the next message off the front of `input` and says in `used` how many bytes are done with,
  /// also when there is no whole message yet. After an error the connection is of no use any more.
  [[nodiscard]] Expected<std::optional<Message>, FrameError> read(ByteView input, std::size_t& used);

 private:
  struct Ciphers;
  using Mac = FixedBytes<struct FrameMacTag, 16>;

  Mac header_mac(Keccak256& mac, ByteView header) const;
  Mac body_mac(Keccak256& mac, ByteView body) const;
  void mix(Keccak256& mac, ByteView seed) const;
  Expected<Message, FrameError> open(Bytes body) const;
  Expected<Bytes, FrameError> unpack(ByteView compressed) const;

  std::unique_ptr<Ciphers> ciphers_;
  Keccak256 egress_;
  Keccak256 ingress_;
  bool snappy_ = false;
  std::size_t max_message_ = kMaxHelloBytes;
  std::optional<std::size_t> body_size_;  ///< set between a frame's header and its body
};

}  // namespace quarry::net
