/// Blocks as JSON: every way of writing them that Python has comes back byte for byte, and what is no block
/// is refused with the rule it breaks.
#include <gtest/gtest.h>

#include <random>

#include "consensus/jbc/json_list.hpp"
#include "consensus/jbc/rules.hpp"
#include "fixtures.hpp"

using namespace quarry;
namespace fs = std::filesystem;

namespace {
const std::string kUsual =
    R"({"nonce": "1225518", "index": "1", "hash": "00000c57", "timestamp": "1508895386", )"
    R"("prev_hash": "000002f9", "data": "I block #1"})";

std::string text_of(const fs::path& file) {
  return std::string(as_text(test::read_file(file)));
}
jbc::Block parsed(const std::string& text) {
  auto block = jbc::parse_json(text);
  if (!block) ADD_FAILURE() << text << ": " << block.error().rule << ": " << block.error().detail;
  return block ? *block : jbc::Block{};
}
std::string refusal(const std::string& text) {
  const auto block = jbc::parse_json(text);
  return block ? "accepted" : block.error().rule + ": " + block.error().detail;
}
std::string replaced(std::string in, std::string_view what, std::string_view with) {
  return in.replace(in.find(what), what.size(), with);
}
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}
}  // namespace

TEST(JbcJson, UsualWayNeedsNoLayout) {
  const jbc::Block block = parsed(kUsual);
  EXPECT_EQ(block.index, 1u);
  EXPECT_EQ(block.nonce, "1225518");
  EXPECT_EQ(block.prev_hash, "000002f9");
  EXPECT_EQ(block.data, "I block #1");
  EXPECT_TRUE(block.layout.empty());
  EXPECT_EQ(jbc::to_json(block), kUsual);
}

TEST(JbcJson, OtherWaysComeBackByteForByte) {
  for (const std::string& text : {
           replaced(kUsual, "\"1\"", "1"),                              // a number
           replaced(kUsual, "\"1508895386\"", "20171102153012123456"),  // more than 64 bits
           replaced(kUsual, "\"data\": ", "\"data\":"),                 // no space
           kUsual + "\n",                                               // as editors leave it
           " \t\r\n" + kUsual,
           replaced(kUsual, "I block #1", "caf\xc3\xa9"),  // ensure_ascii=False
           replaced(kUsual, "I block #1", "caf\\u00e9"),
           replaced(kUsual, "I block #1", "caf\\u00E9"),  // not Python's digits
           replaced(kUsual, "I block #1", "a\\/b"),       // not Python's escape
           replaced(kUsual, "I block #1", "\\ud83d\\udd28 \\\" \\\\ \\b\\f\\n\\r\\t \\u0001 \\u007f"),
           replaced(kUsual, "}", R"(, "miner": "node-5001", "more": [1, {"a": null}, true, -1.5e3]})"),
           std::string(R"({"index":1,"timestamp":7,"prev_hash":"","hash":"h","data":"","nonce":0})"),
           std::string("{\n    \"index\": 1,\n    \"timestamp\": 7,\n    \"prev_hash\": \"\",\n    \"hash\": "
                       "\"h\",\n    \"data\": \"\",\n    \"nonce\": 0\n}\n"),
       }) {
    const jbc::Block block = parsed(text);
    EXPECT_EQ(jbc::to_json(block), text);
    EXPECT_FALSE(jbc::check_form(block)) << text;
    // The layout rides in the header with the rest.
    const auto back = jbc::from_header(jbc::to_header(block, 0));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->layout, block.layout);
  }
  EXPECT_EQ(parsed(replaced(kUsual, "I block #1", "\\ud83d\\udd28")).data, "🔨");
  EXPECT_TRUE(parsed(replaced(kUsual, "I block #1", "caf\\u00e9")).layout.empty());
}

TEST(JbcJson, WhatIsNoBlockIsRefused) {
  EXPECT_EQ(refusal("[1,2,3]"), "not an object: it begins with '[', a block is {\"index\": …}");
  EXPECT_EQ(refusal(""), "not JSON: there is nothing in it");
  EXPECT_EQ(refusal(kUsual.substr(0, 15)),
            "not JSON: it ends at byte 15, where the rest of a string belongs");
  EXPECT_EQ(refusal(kUsual + "x"), "not JSON: more text after the object, at byte 128");
  EXPECT_EQ(refusal("{}"), "missing field: there is no \"nonce\"");
  EXPECT_EQ(refusal(replaced(kUsual, "\"nonce\"", "\"nonsense\"")), "missing field: there is no \"nonce\"");
  EXPECT_EQ(refusal(replaced(kUsual, "\"1225518\"", "\"None\"")),
            "field: nonce is \"None\", must be a whole number");
  EXPECT_EQ(refusal(replaced(kUsual, "\"1225518\"", "1.5")),
            "field: nonce is \"1.5\", must be a whole number");
  EXPECT_EQ(refusal(replaced(kUsual, "\"1\"", "-2")), "field: index is -2, it cannot be negative");
  EXPECT_EQ(refusal(replaced(kUsual, "\"1\"", "\"01\"")),
            "field: index is 01, must be written without leading zeros");
  EXPECT_EQ(refusal(replaced(kUsual, "\"1\"", "\"9223372036854775808\"")),
            "field: index is 9223372036854775808, past the last that there can be");
  EXPECT_EQ(refusal(replaced(kUsual, "\"00000c57\"", "null")), "field: hash is null, must be a string");
  EXPECT_EQ(refusal(replaced(kUsual, "}", ", \"nonce\": 1}")), "field given twice: \"nonce\" is there twice");
  EXPECT_EQ(refusal(replaced(kUsual, "1225518", std::string(300, '1'))),
            "size: nonce has 300 bytes, most is 256");
  EXPECT_EQ(refusal(replaced(kUsual, "block", std::string(1 << 20, 'b'))).substr(0, 28),
            "size: data with its layout h");
  for (const char* data : {"\\x", "\\u12", "\\ud800", "\\ud800\\u0041", "\\udc00", "\n", "\x01", "\xff",
                           "\xc3", "\xed\xa0\x80", "\xc0\x80"})
    EXPECT_EQ(refusal(replaced(kUsual, "I block #1", data)).substr(0, 8), "not JSON") << data;
  for (const char* more : {"01", "1.", "-", "+1", "NaN", "tru", "[1", "[1 2]", "{\"a\"}", "{a:1}", "[1,]"})
    EXPECT_EQ(refusal(replaced(kUsual, "}", ", \"x\": " + std::string(more) + "}")).substr(0, 8), "not JSON")
        << more;
  EXPECT_EQ(refusal(replaced(kUsual, "}", ", \"x\": " + std::string(100'000, '[') + "}")),
            "not JSON: nested deeper than 64 levels");
}

TEST(JbcJson, LayoutsOfStrangersAreChecked) {
  jbc::Block block = parsed(kUsual + "\n");
  const std::string sound = block.layout;
  for (const std::string& layout : {std::string("nonsense"), sound + sound,
                                    replaced(sound, "\"data\": \x01", "\"data\": \"other\", \"x\": \x01"),
                                    sound + "\x01", replaced(sound, "nonce", "nonc"), std::string(50, '\x01'),
                                    replaced(sound, std::string("\x01") + "A", "\"1225518\"")}) {
    block.layout = layout;
    EXPECT_TRUE(jbc::check_form(block)) << layout;
  }
  block.layout = sound;
  EXPECT_FALSE(jbc::check_form(block));
  block.data = "\xff";
  EXPECT_TRUE(jbc::check_form(block));
  block.data = "";
  block.nonce = "None";
  EXPECT_TRUE(jbc::check_form(block));
}

TEST(JbcJson, FixtureFilesComeBackByteForByte) {
  const fs::path root = test::fixtures_dir() / "jbc";
  QUARRY_NEEDS_FIXTURE(root);
  for (const char* folder : {"seed", "seed-fork", "zeros4-40", "part3-timestamps", "unicode-data",
                             "unicode-raw", "broken/extra_fields"}) {
    for (const fs::path& file : files_of(root / folder)) {
      const jbc::Block block = parsed(text_of(file));
      EXPECT_EQ(jbc::to_json(block), text_of(file)) << file;
      EXPECT_EQ(jbc::compute_hash(block), block.hash) << file;
    }
  }
  for (const fs::path& file : files_of(root / "unicode-raw"))
    EXPECT_EQ(parsed(text_of(file)), parsed(text_of(root / "unicode-data" / file.filename()))) << file;
}

TEST(JbcJson, SeedBlocksAndTheirForkFollowEachOther) {
  const fs::path root = test::fixtures_dir() / "jbc";
  QUARRY_NEEDS_FIXTURE(root);
  std::vector<jbc::Block> chain;
  for (const fs::path& file : files_of(root / "seed")) chain.push_back(parsed(text_of(file)));
  ASSERT_EQ(chain.size(), 4u);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    EXPECT_FALSE(jbc::check_block(chain[i - 1], chain[i], 5));
    EXPECT_EQ(jbc::check_block(chain[i - 1], chain[i], 6)->rule, "zeros");
  }
  const jbc::Block fork = parsed(text_of(root / "seed-fork" / "000003.json"));
  EXPECT_FALSE(jbc::check_block(chain[2], fork, 6));
  EXPECT_FALSE(fork == chain[3]);
  EXPECT_EQ(jbc::check_block(chain[1], fork, 5)->rule, "index");
}

TEST(JbcJson, ListsAreCutWhereverTheyAreTorn) {
  const std::vector<std::string> blocks = {kUsual, replaced(kUsual, "I block #1", "]}, {\\\" ["),
                                           "{\"a\": [{}]}"};
  const std::string list = " [" + blocks[0] + ",\n " + blocks[1] + " , " + blocks[2] + "] \n";
  for (std::size_t piece = 1; piece < list.size(); piece += 7) {
    jbc::ListReader reader;
    std::vector<std::string> got;
    std::string element;
    for (std::size_t at = 0; at < list.size(); at += piece) {
      ASSERT_TRUE(reader.feed(std::string_view(list).substr(at, piece)));
      while (reader.next(element)) got.push_back(element);
    }
    EXPECT_EQ(got, blocks);
    EXPECT_TRUE(reader.at_end());
  }
  for (const char* bad : {"{}", "[{},]", "[,{}]", "[{} {}]", "[1]", "[]]", "x", "[\"a\"]"})
    EXPECT_FALSE(jbc::ListReader().feed(bad)) << bad;
  jbc::ListReader empty;
  EXPECT_TRUE(empty.feed("[ ]"));
  EXPECT_TRUE(empty.at_end());
  jbc::ListReader cut;
  EXPECT_TRUE(cut.feed("[{\"a\": 1}, {"));
  EXPECT_FALSE(cut.at_end());
}
