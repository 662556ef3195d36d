#include "core/log.hpp"

#include <gtest/gtest.h>

using namespace quarry;

namespace {
std::string last_line;
void remember(LogLevel, std::string_view line) {
  last_line = line;
}

std::string after_stamp(LogLevel level, std::string_view message, LogFields fields) {
  set_log_sink(remember);
  log(level, message, fields);
  return last_line.substr(last_line.find(']') + 2);
}
}  // namespace

TEST(Log, LinesReadLikeGeths) {
  const auto hash = *BlockHash::from_hex("f7d4e30000000000000000000000000000000000000000000000000000597d1b");
  EXPECT_EQ(after_stamp(LogLevel::info, "Imported new block headers", {{"count", 12}, {"hash", hash}}),
            "Imported new block headers               count=12 hash=f7d4e3…597d1b");
  using namespace std::chrono_literals;
  EXPECT_EQ(LogField("elapsed", 1234567ns).value, "1.235ms");
  EXPECT_EQ(LogField("elapsed", std::chrono::nanoseconds(12s)).value, "12s");
  EXPECT_EQ(LogField("elapsed", std::chrono::nanoseconds(184s)).value, "3m4s");
}

TEST(Log, WhatPeersSendCannotRewriteTheTerminal) {
  EXPECT_EQ(LogField("name", "a\x1b[2Jb").value, "\"a\\x1b[2Jb\"");
  EXPECT_EQ(LogField("name", "two\nlines").value, "\"two\\nlines\"");
  EXPECT_EQ(LogField("name", "say \"hi\"").value, "\"say \\\"hi\\\"\"");
}
