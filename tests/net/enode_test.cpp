#include "net/enode.hpp"

#include <gtest/gtest.h>

#include "core/secp256k1.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {
const std::string kId = to_hex(public_key(random_private_key()));

std::string error_of(const std::string& url) {
  const auto enode = parse_enode(url);
  return enode ? "" : enode.error().what;
}
Enode parsed(const std::string& url) {
  const auto enode = parse_enode(url);
  EXPECT_TRUE(enode) << enode.error().what;
  return enode ? *enode : Enode{};
}
}  // namespace

TEST(Enode, ReadsAndPrintsEveryKindOfHost) {
  for (const std::string host :
       {"127.0.0.1", "[::1]", "[2001:db8::7]", "node-1.example.org", "localhost", "[::]"}) {
    const std::string url = "enode://" + kId + "@" + host + ":30303";
    const auto enode = parsed(url);
    EXPECT_EQ(to_hex(enode.id), kId);
    EXPECT_EQ(enode.address(), host + ":30303");
    EXPECT_EQ(enode.tcp_port, 30303);
    EXPECT_EQ(enode.udp_port, 30303);
    EXPECT_EQ(enode.to_string(), url);
    EXPECT_EQ(enode.has_unspecified_host(), host == "[::]");
    EXPECT_EQ(parsed(url + "?discport=0").udp_port, 0);
    EXPECT_EQ(parsed(url + "?discport=0").to_string(), url + "?discport=0");
    EXPECT_EQ(parsed(" " + url + "/\n").to_string(), url);
  }
  EXPECT_TRUE(parsed("enode://" + kId + "@:30303").has_unspecified_host());
  EXPECT_TRUE(parsed("enode://" + kId + "@0.0.0.0:30303").has_unspecified_host());
  std::string upper = kId;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(to_hex(parsed("enode://" + upper + "@1.2.3.4:1").id), kId);
}

TEST(Enode, SaysWhatIsWrongInGethsWords) {
  const std::string at = "@127.0.0.1:30303";
  EXPECT_EQ(error_of("enode://" + kId.substr(1) + at),
            "invalid node ID (encoding/hex: odd length hex string)");
  EXPECT_EQ(error_of("enode://" + kId.substr(2) + at), "invalid node ID (wrong length, want 128 hex chars)");
  EXPECT_EQ(error_of("enode://" + kId.substr(2) + "0g" + at),
            "invalid node ID (encoding/hex: invalid byte: U+0067 'g')");
  EXPECT_EQ(error_of("enode://" + std::string(128, '1') + at), "invalid node ID (not a point of the curve)");
  EXPECT_EQ(error_of("http://" + kId + at), "invalid URL scheme, want \"enode\"");
  EXPECT_EQ(error_of(""), "invalid URL scheme, want \"enode\"");
  EXPECT_EQ(error_of("enode://" + kId), "invalid host (no \"@host:port\" after the node ID)");
  EXPECT_EQ(error_of("enode://" + kId + "@127.0.0.1"), "invalid host: missing port in address");
  EXPECT_EQ(error_of("enode://" + kId + "@[::1]"), "invalid host: missing port in address");
  EXPECT_EQ(error_of("enode://" + kId + "@::1:30303"), "invalid host: too many colons in address");
  for (const std::string port : {"", "0", "65536", "-1", "3x"})
    EXPECT_EQ(error_of("enode://" + kId + "@127.0.0.1:" + port), "invalid port") << port;
  EXPECT_EQ(error_of("enode://" + kId + "@a b:1"), "invalid IP address or host name");
  EXPECT_EQ(error_of("enode://" + kId + at + "?discport=x"), "invalid discport in query");
  EXPECT_EQ(error_of("enode://" + std::string(5000, 'a') + at), "invalid URL (longer than 1024 characters)");
}
