#include "net/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fstream>
#include <thread>

#include "fixtures.hpp"
#include "net/http.hpp"
#include "raw_client.hpp"

using namespace quarry;
using namespace quarry::net;
using quarry::test::RawClient;

namespace {

/// A key and a certificate that it signed itself, as PEM files.
void make_pair_of_files(const std::filesystem::path& cert_file, const std::filesystem::path& key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  auto* name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(cert, name);
  X509_sign(cert, key, EVP_sha256());
  FILE* file = std::fopen(cert_file.c_str(), "w");
  PEM_write_X509(file, cert);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(cert);
  EVP_PKEY_free(key);
}

/// An HTTPS server that answers with the length of the body and as many letters as the target asks for.
class Served {
 public:
  explicit Served(HttpLimits limits = {}) {
    make_pair_of_files(dir_.path() / "cert.pem", dir_.path() / "key.pem");
    auto tls = TlsContext::load(dir_.path() / "cert.pem", dir_.path() / "key.pem");
    EXPECT_TRUE(tls) << tls.error().what;
    auto made = HttpServer::listen(
        loop_, {"127.0.0.1", 0, "--rpcport"}, limits,
        [](HttpRequest& request, const HttpConnectionPtr& connection) {
          auto text = std::to_string(request.body.size()) + ":";
          text.append(std::stoul(request.target.substr(1)), 'x');
          connection->respond({200, "text/plain", SharedBuffer(std::move(text))});
        },
        false, *tls);
    EXPECT_TRUE(made);
    server_ = std::move(*made);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Served() {
    loop_.stop();
    thread_.join();
    server_.reset();
  }
  std::uint16_t port() const { return server_->port(); }

 private:
  test::TempDir dir_;
  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

/// A blocking TLS client.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int most_version = TLS1_3_VERSION) : raw_(port) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context_, most_version);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_cipher_list(context_, "DEFAULT@SECLEVEL=0");
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, raw_.fd());
    connected = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  /// The answer's body.
  std::string post(const std::string& target, const std::string& body) {
    const auto request =
        "POST " + target + " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    std::size_t sent = 0;
    if (SSL_write_ex(ssl_, request.data(), request.size(), &sent) != 1) return "not sent";
    std::string out;
    std::size_t end = std::string::npos, length = 0;
    while (end == std::string::npos || out.size() < end + 4 + length) {
      char chunk[16384];
      const int got = SSL_read(ssl_, chunk, sizeof chunk);
      if (got <= 0) return "cut";
      out.append(chunk, static_cast<std::size_t>(got));
      if (end != std::string::npos) continue;
      end = out.find("\r\n\r\n");
      if (end != std::string::npos) length = std::stoul(out.substr(out.find("Content-Length: ") + 16));
    }
    return out.substr(end + 4);
  }
  bool connected = false;

 private:
  RawClient raw_;
  SSL_CTX* context_;
  SSL* ssl_;
};

}  // namespace

TEST(Tls, RequestsAndAnswersOfAllSizes) {
  Served served;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(served.port(), version);
    ASSERT_TRUE(client.connected);
    EXPECT_EQ(client.post("/0", ""), "0:");
    EXPECT_EQ(client.post("/100000", std::string(100'000, 'b')).size(), 100'007U);
    EXPECT_EQ(client.post("/20000000", std::string(4'000'000, 'b')).size(), 20'000'008U);
    EXPECT_EQ(client.post("/1", "a"), "1:x");
  }
}

TEST(Tls, OldVersionsPlainTextAndNonsenseAreRefused) {
  Served served;
  EXPECT_FALSE(TlsClient(served.port(), TLS1_1_VERSION).connected);
  RawClient plain(served.port());
  plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(plain.read_to_end().find("this port speaks https"), std::string::npos);
  RawClient nonsense(served.port());
  nonsense.send(std::string(100'000, '\x16'));
  nonsense.read_to_end();
  TlsClient client(served.port());
  EXPECT_EQ(client.post("/1", "a"), "1:x");
}

TEST(Tls, AHandshakeHasItsTime) {
  HttpLimits limits;
  limits.head_time = std::chrono::milliseconds(50);
  Served served(limits);
  RawClient silent(served.port());
  silent.send("\x16\x03\x01");
  EXPECT_TRUE(silent.closed_by_peer());
}

TEST(Tls, BadFilesAreNamed) {
  const test::TempDir dir;
  const auto cert = dir.path() / "cert.pem", key = dir.path() / "key.pem", other = dir.path() / "other.pem";
  make_pair_of_files(dir.path() / "unused.pem", other);
  make_pair_of_files(cert, key);
  EXPECT_TRUE(TlsContext::load(cert, key));
  const auto mistake = [&](const std::filesystem::path& c, const std::filesystem::path& k) {
    const auto loaded = TlsContext::load(c, k);
    return loaded ? "loaded" : loaded.error().what;
  };
  const auto expect = [](const std::string& error, const std::string& wanted) {
    EXPECT_NE(error.find(wanted), std::string::npos) << error;
  };
  const auto none = dir.path() / "none.pem";
  expect(mistake(none, key), none.string() + " (--rpc.tls.cert): No such file or directory");
  expect(mistake(cert, none), none.string() + " (--rpc.tls.key): No such file or directory");
  expect(mistake(dir.path(), key), "(--rpc.tls.cert): it is a folder");
  expect(mistake(key, key), "key.pem (--rpc.tls.cert): there is no certificate in it in PEM form");
  expect(mistake(cert, cert), "cert.pem (--rpc.tls.key): there is no private key in it in PEM form");
  expect(mistake(cert, other), "other.pem (--rpc.tls.key): it is not the key of the certificate");
  std::ofstream(key) << "nonsense";
  expect(mistake(cert, key), "key.pem (--rpc.tls.key): there is no private key in it in PEM form");
  std::ofstream(key, std::ios::trunc).close();
  expect(mistake(cert, key), "key.pem (--rpc.tls.key): it is empty");
  std::ofstream(cert) << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  expect(mistake(cert, other), "cert.pem (--rpc.tls.cert): ");
  EXPECT_EQ(mistake(cert, other).find("connection"), std::string::npos);
}
