#include "net/frame.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <snappy.h>

#include "core/check.hpp"
#include "core/rlp.hpp"
#include "net/limits.hpp"
#include "net/p2p.hpp"

namespace quarry::net {
namespace {
constexpr std::size_t kBlock = 16;
constexpr std::size_t kHeaderBytes = 32;  // header and its MAC
/// [capability id, context id], both zero: nobody uses them.
constexpr std::uint8_t kHeaderData[] = {0xc2, 0x80, 0x80};
/// The most a frame may hold: 24 bits of size.
constexpr std::size_t kMaxFrame = (std::size_t{1} << 24) - 1;
/// A Disconnect's payload: a list with one number.
constexpr std::size_t kMaxGoodbye = 16;
/// Snappy's format: no tag of n bytes gives more than 32 n bytes.
constexpr std::size_t kMostExpansion = 32;

struct ContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter>;

Context make(const EVP_CIPHER* cipher, const Hash256& key) {
  static constexpr std::uint8_t kZeroIv[kBlock] = {};
  Context out(EVP_CIPHER_CTX_new());
  QUARRY_CHECK(out && EVP_EncryptInit_ex(out.get(), cipher, nullptr, key.data(), kZeroIv) == 1);
  EVP_CIPHER_CTX_set_padding(out.get(), 0);
  return out;
}

void apply(const Context& context, std::uint8_t* data, std::size_t size) {
  int written = 0;
  QUARRY_CHECK(EVP_EncryptUpdate(context.get(), data, &written, data, static_cast<int>(size)) == 1);
}

std::size_t padded(std::size_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

tl::unexpected<FrameError> error(FrameError which) {
  return tl::unexpected<FrameError>(which);
}
}  // namespace

const char* to_string(FrameError which) {
  switch (which) {
    case FrameError::bad_header_mac:
      return "bad frame header MAC";
    case FrameError::bad_body_mac:
      return "bad frame MAC";
    case FrameError::frame_too_large:
      return "frame larger than allowed";
    case FrameError::malformed_code:
      return "malformed message code";
    case FrameError::malformed_snappy:
      return "malformed snappy data";
    case FrameError::message_too_large:
      return "message larger than allowed";
  }
  return "?";
}

struct FrameCodec::Ciphers {
  Context egress, ingress, mac;  // AES-256-CTR both ways; AES-256-ECB of single blocks for the MACs
};

FrameCodec::FrameCodec(const FrameSecrets& secrets)
    : ciphers_(std::make_unique<Ciphers>(Ciphers{make(EVP_aes_256_ctr(), secrets.aes),
                                                 make(EVP_aes_256_ctr(), secrets.aes),
                                                 make(EVP_aes_256_ecb(), secrets.mac)})) {
  egress_.update(secrets.egress_seed);
  ingress_.update(secrets.ingress_seed);
}
FrameCodec::~FrameCodec() = default;
FrameCodec::FrameCodec(FrameCodec&&) noexcept = default;
FrameCodec& FrameCodec::operator=(FrameCodec&&) noexcept = default;

void FrameCodec::mix(Keccak256& mac, ByteView seed) const {
  const Hash256 digest = mac.digest();
  std::uint8_t block[kBlock];
  std::copy_n(digest.begin(), kBlock, block);
  apply(ciphers_->mac, block, kBlock);
  for (std::size_t i = 0; i < kBlock; ++i) block[i] ^= seed[i];
  mac.update(block);
}

FrameCodec::Mac FrameCodec::header_mac(Keccak256& mac, ByteView header) const {
  mix(mac, header);
  return *Mac::from(mac.digest().view().first(kBlock));
}

FrameCodec::Mac FrameCodec::body_mac(Keccak256& mac, ByteView body) const {
  mac.update(body);
  const Hash256 seed = mac.digest();
  mix(mac, seed.view().first(kBlock));
  return *Mac::from(mac.digest().view().first(kBlock));
}

void FrameCodec::write(std::uint64_t code, ByteView payload, Bytes& out) {
  QUARRY_CHECK(payload.size() <= kMaxMessageBytes);
  Bytes body = rlp::encode(code);
  if (snappy_) {
    const std::size_t code_size = body.size();
    std::size_t packed = snappy::MaxCompressedLength(payload.size());
    body.resize(code_size + packed);
    snappy::RawCompress(reinterpret_cast<const char*>(payload.data()), payload.size(),
                        reinterpret_cast<char*>(body.data() + code_size), &packed);
    body.resize(code_size + packed);
  } else {
    append(body, payload);
  }
  QUARRY_CHECK(body.size() <= kMaxFrame);

  std::uint8_t header[kBlock] = {static_cast<std::uint8_t>(body.size() >> 16),
                                 static_cast<std::uint8_t>(body.size() >> 8),
                                 static_cast<std::uint8_t>(body.size())};
  std::copy(std::begin(kHeaderData), std::end(kHeaderData), header + 3);
  apply(ciphers_->egress, header, kBlock);
  append(out, header);
  append(out, header_mac(egress_, header));

  body.resize(padded(body.size()));
  apply(ciphers_->egress, body.data(), body.size());
  append(out, body);
  append(out, body_mac(egress_, body));
}

Expected<std::optional<Message>, FrameError> FrameCodec::read(ByteView input, std::size_t& used) {
  used = 0;
  if (!body_size_) {
    if (input.size() < kHeaderBytes) return std::optional<Message>{};
    const Mac expected = header_mac(ingress_, input.first(kBlock));
    if (CRYPTO_memcmp(expected.data(), input.data() + kBlock, kBlock) != 0)
      return error(FrameError::bad_header_mac);
    std::uint8_t header[kBlock];
    std::copy_n(input.begin(), kBlock, header);
    apply(ciphers_->ingress, header, kBlock);
    const std::size_t size = std::size_t{header[0]} << 16 | std::size_t{header[1]} << 8 | header[2];
    // Compressed data may be a little longer than what it came from.
    const std::size_t most = std::min(kMaxFrame, snappy::MaxCompressedLength(max_message_) + 9);
    if (size > most) return error(FrameError::frame_too_large);
    body_size_ = size;
    used = kHeaderBytes;
    input = input.subspan(kHeaderBytes);
  }
  const std::size_t length = padded(*body_size_);
  if (input.size() < length + kBlock) return std::optional<Message>{};
  const Mac expected = body_mac(ingress_, input.first(length));
  if (CRYPTO_memcmp(expected.data(), input.data() + length, kBlock) != 0)
    return error(FrameError::bad_body_mac);
  Bytes body = to_bytes(input.first(length));
  apply(ciphers_->ingress, body.data(), body.size());
  body.resize(*body_size_);
  body_size_.reset();
  used += length + kBlock;
  auto message = open(std::move(body));
  if (!message) return error(message.error());
  return std::optional<Message>{std::move(*message)};
}

Expected<Message, FrameError> FrameCodec::open(Bytes body) const {
  rlp::Reader reader(body);
  const auto code = reader.u64();
  if (!code) return error(FrameError::malformed_code);
  const ByteView rest = reader.rest();
  if (!snappy_) {
    if (rest.size() > max_message_) return error(FrameError::message_too_large);
    return Message{*code, to_bytes(rest)};
  }
  auto payload = unpack(rest);
  if (payload) return Message{*code, std::move(*payload)};
  // Whoever disconnects may not know yet that both sides compress, and some clients never compress their
  // last word.
  const bool is_goodbye =
      *code == static_cast<std::uint64_t>(P2pCode::disconnect) && rest.size() <= kMaxGoodbye;
  if (is_goodbye) return Message{*code, to_bytes(rest)};
  return error(payload.error());
}

Expected<Bytes, FrameError> FrameCodec::unpack(ByteView compressed) const {
  const auto* packed = reinterpret_cast<const char*>(compressed.data());
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(packed, compressed.size(), &length))
    return error(FrameError::malformed_snappy);
  if (length > max_message_) return error(FrameError::message_too_large);  // before anything is allocated
  // A short text that promises a lot lies.
  if (length > compressed.size() * kMostExpansion) return error(FrameError::malformed_snappy);
  Bytes payload(length);
  if (!snappy::RawUncompress(packed, compressed.size(), reinterpret_cast<char*>(payload.data())))
    return error(FrameError::malformed_snappy);
  return payload;
}

}  // namespace quarry::net
