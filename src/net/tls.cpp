#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "core/check.hpp"

namespace quarry::net {
namespace {

/// What one SSL_read takes: a record's most.
constexpr std::size_t kRecordBytes = 16 * 1024;
/// One protocol is spoken over it (RFC 7301).
constexpr unsigned char kProtocol[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

std::string last_error() {
  const auto code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string out = reason == nullptr ? "the connection is broken" : reason;
  ERR_clear_error();
  return out;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                    unsigned count, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, length, kProtocol, sizeof kProtocol, offered, count) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// A key with a passphrase is refused rather than asked about.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

class TlsCodec final : public StreamCodec {
 public:
  explicit TlsCodec(SSL_CTX* context) : ssl_(SSL_new(context)) {
    QUARRY_CHECK(ssl_ != nullptr);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    QUARRY_CHECK(in_ != nullptr && out_ != nullptr);
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_, in_, out_);  // which owns them from now on
    SSL_set_accept_state(ssl_);
  }
  ~TlsCodec() override { SSL_free(ssl_); }
  TlsCodec(const TlsCodec&) = delete;
  TlsCodec& operator=(const TlsCodec&) = delete;

  bool receive(ByteView bytes, Bytes& plain, Bytes& wire) override {
    if (!failure_.empty() || ended_) return failure_.empty();
    ERR_clear_error();
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    std::array<std::uint8_t, kRecordBytes> record;
    int got = 0;
    while ((got = SSL_read(ssl_, record.data(), static_cast<int>(record.size()))) > 0)
      append(plain, ByteView(record).first(static_cast<std::size_t>(got)));
    const int status = SSL_get_error(ssl_, got);
    if (status == SSL_ERROR_ZERO_RETURN) {
      ended_ = true;
    } else if (status != SSL_ERROR_WANT_READ && status != SSL_ERROR_WANT_WRITE) {
      const bool plain_http = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      failure_ = last_error();
      if (plain_http) append(wire, as_bytes("HTTP/1.0 400 Bad Request\r\n\r\nthis port speaks https\n"));
    }
    drain(wire);
    return failure_.empty();
  }

  bool send(ByteView bytes, Bytes& wire) override {
    if (!failure_.empty() || SSL_is_init_finished(ssl_) == 0) return false;
    ERR_clear_error();
    while (!bytes.empty()) {
      std::size_t taken = 0;
      if (SSL_write_ex(ssl_, bytes.data(), std::min(bytes.size(), kRecordBytes), &taken) != 1) {
        failure_ = last_error();
        return false;
      }
      bytes = bytes.subspan(taken);
      drain(wire);
    }
    return true;
  }

  void end(Bytes& wire) override {
    if (!failure_.empty() || SSL_is_init_finished(ssl_) == 0) return;
    ERR_clear_error();
    (void)SSL_shutdown(ssl_);
    ERR_clear_error();
    drain(wire);
  }

  bool ended() const override { return ended_; }
  std::string failure() const override { return failure_; }

 private:
  void drain(Bytes& wire) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out_, &data);
    if (size <= 0) return;
    append(wire, {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
    (void)BIO_reset(out_);
  }

  SSL* ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  bool ended_ = false;
  std::string failure_;
};

/// One of the two files, as it is named to people.
struct PemFile {
  const char* what;
  const char* option;
  const std::filesystem::path& path;
};

/// Why it cannot be read at all; nothing when it can.
std::optional<std::string> unreadable(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return "it is a folder";
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::strerror(errno);
  if (file.peek() == std::ifstream::traits_type::eof()) return "it is empty";
  return std::nullopt;
}

/// OpenSSL's reasons, those that people meet in plainer words.
std::string reason_of(const PemFile& file) {
  const auto code = ERR_peek_error();
  const auto is = [code](int library, int reason) {
    return ERR_GET_LIB(code) == library && ERR_GET_REASON(code) == reason;
  };
  const auto text = last_error();
  if (is(ERR_LIB_PEM, PEM_R_BAD_PASSWORD_READ)) return "it is encrypted with a passphrase";
  if (is(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH) || is(ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH))
    return "it is not the key of the certificate in --rpc.tls.cert";
  if (is(ERR_LIB_PEM, PEM_R_NO_START_LINE) || ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER)
    return std::string("there is no ") + file.what + " in it in PEM form";
  return text;
}

tl::unexpected<Error> bad_file(const PemFile& file, const std::string& why) {
  return fail(std::string("cannot use the ") + file.what + " " + file.path.string() + " (" + file.option +
                  "): " + why,
              "Both are PEM files that this user may read; the key has no passphrase. A pair for tests: "
              "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem");
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

Result<std::shared_ptr<TlsContext>> TlsContext::load(const std::filesystem::path& certificate,
                                                     const std::filesystem::path& key) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> out(new TlsContext(SSL_CTX_new(TLS_server_method())));
  auto* context = out->context_.get();
  QUARRY_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  const PemFile cert_file{"certificate", "--rpc.tls.cert", certificate};
  const PemFile key_file{"private key", "--rpc.tls.key", key};
  for (const PemFile* file : {&cert_file, &key_file})
    if (const auto why = unreadable(file->path)) return bad_file(*file, *why);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return bad_file(cert_file, reason_of(cert_file));
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return bad_file(key_file, reason_of(key_file));
  return out;
}

std::unique_ptr<StreamCodec> TlsContext::accept() {
  return std::make_unique<TlsCodec>(context_.get());
}

}  // namespace quarry::net
