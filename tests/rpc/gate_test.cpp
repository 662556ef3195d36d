#include <gtest/gtest.h>

#include "rpc/http_gate.hpp"

using namespace quarry;
using namespace quarry::rpc;
using net::HttpRequest;

namespace {
HttpRequest post(std::vector<std::pair<std::string, std::string>> headers) {
  HttpRequest out;
  out.method = "POST";
  out.headers = std::move(headers);
  return out;
}
int status(const HttpGate& gate, const HttpRequest& request) {
  const auto answer = gate.check(request);
  return answer ? answer->status : 0;
}
const std::pair<std::string, std::string> kJson{"content-type", "application/json; charset=utf-8"};
}  // namespace

TEST(HttpGate, VirtualHosts) {
  const HttpGate gate({{}, {"node.example"}, false});
  for (const char* host : {"localhost", "localhost:8545", "LocalHost", "127.0.0.1:8545", "[::1]:8545",
                           "192.168.0.7", "node.example:1", ""}) {
    EXPECT_EQ(status(gate, post({kJson, {"host", host}})), 0) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8545", "docker", "localhost.evil.example", "[evil]:1"}) {
    EXPECT_EQ(status(gate, post({kJson, {"host", host}})), 403) << host;
  }
  const auto answer = gate.check(post({kJson, {"host", "evil.example:8545"}}));
  const auto text = as_text(answer->body.view());
  EXPECT_TRUE(text.starts_with("invalid host specified\n")) << text;
  EXPECT_NE(text.find("--rpcvhosts evil.example"), std::string_view::npos) << text;
  const HttpGate open({{}, {"localhost"}, true});
  EXPECT_EQ(status(open, post({kJson, {"host", "quarry-node:8545"}})), 0);
  EXPECT_EQ(status(open, post({kJson, {"host", "host.docker.internal"}})), 0);
  EXPECT_EQ(status(open, post({kJson, {"host", "evil.example"}})), 403);
  EXPECT_EQ(status(HttpGate({{}, {"*"}, false}), post({kJson, {"host", "evil.example"}})), 0);
}

TEST(HttpGate, ContentTypes) {
  const HttpGate gate({{}, {}, false});
  EXPECT_EQ(status(gate, post({kJson})), 0);
  EXPECT_EQ(status(gate, post({})), 0);
  EXPECT_EQ(status(gate, post({{"origin", "http://evil.example"}})), 415) << "a page can leave the type out";
  EXPECT_EQ(status(gate, post({{"content-type", "text/plain"}})), 415);
  EXPECT_EQ(status(gate, post({{"content-type", "application/x-www-form-urlencoded"}})), 415);
}

TEST(HttpGate, OtherMethods) {
  const HttpGate gate({{}, {}, false});
  auto request = post({});
  request.method = "GET";
  EXPECT_EQ(status(gate, request), 200);
  request.method = "PUT";
  EXPECT_EQ(status(gate, request), 405);
}

TEST(HttpGate, PreflightOfAnAllowedOrigin) {
  for (const auto& domains :
       {std::vector<std::string>{"*"}, {"http://dapp.example:3000"}, {"dapp.example:3000"}}) {
    const HttpGate gate({domains, {}, false});
    auto request = post({{"origin", "http://dapp.example:3000"},
                         {"access-control-request-method", "POST"},
                         {"access-control-request-headers", "content-type"},
                         {"access-control-request-private-network", "true"}});
    request.method = "OPTIONS";
    const auto answer = gate.check(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    const std::string origin = domains[0] == "*" ? "*" : "http://dapp.example:3000";
    EXPECT_NE(answer->headers.find("Access-Control-Allow-Origin: " + origin + "\r\n"), std::string::npos)
        << answer->headers;
    EXPECT_NE(answer->headers.find("Access-Control-Allow-Methods: POST"), std::string::npos);
    EXPECT_NE(answer->headers.find("Access-Control-Allow-Headers: content-type\r\n"), std::string::npos);
    EXPECT_NE(answer->headers.find("Access-Control-Allow-Private-Network: true"), std::string::npos);
    request.method = "POST";
    EXPECT_NE(gate.answer_headers(request).find("Access-Control-Allow-Origin: " + origin), std::string::npos);
  }
}

TEST(HttpGate, PreflightOfAnotherOriginNamesTheFlag) {
  const HttpGate gate({{"http://dapp.example"}, {}, false});
  auto request = post({{"origin", "http://evil.example"}, {"access-control-request-method", "POST"}});
  request.method = "OPTIONS";
  const auto answer = gate.check(request);
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->headers.find("Access-Control-Allow-Origin"), std::string::npos);
  EXPECT_NE(as_text(answer->body.view()).find("--rpccorsdomain \"http://evil.example\""),
            std::string_view::npos);
  EXPECT_EQ(gate.answer_headers(request), "Vary: Origin\r\n");
}

TEST(HttpGate, WhatIsEchoedCannotBreakTheHead) {
  const HttpGate gate({{"*"}, {}, false});
  auto request = post({{"origin", "x"},
                       {"access-control-request-method", "POST"},
                       {"access-control-request-headers", "a\r\nSet-Cookie: b"}});
  request.method = "OPTIONS";
  EXPECT_EQ(gate.check(request)->headers.find("\nSet-Cookie"), std::string::npos);
}

TEST(HttpGate, SplitsLists) {
  EXPECT_EQ(split_list(" a, \"b\" ,,c "), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split_list("").empty());
}
