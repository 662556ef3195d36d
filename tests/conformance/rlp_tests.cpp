// RLPTests: "in" is what "out" encodes: a string, a number ("#…" when it is large) or a list; or one of the
// words VALID and INVALID, which say only whether "out" is RLP.
#include <nlohmann/json.hpp>

#include "core/rlp.hpp"
#include "kinds.hpp"
#include "node/conformance/values.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

/// Big-endian bytes of a decimal number of any size.
Bytes big_endian(std::string_view digits) {
  Bytes out;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') throw BadTest("no digit: " + std::string(1, digit));
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (auto byte = out.rbegin(); byte != out.rend(); ++byte) {
      carry += *byte * 10u;
      *byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) out.insert(out.begin(), static_cast<std::uint8_t>(carry));
  }
  return out;
}

Bytes string_bytes(const std::string& text) {
  return text.starts_with('#') ? big_endian(std::string_view(text).substr(1)) : to_bytes(as_bytes(text));
}

void write(rlp::Writer& to, const json& value) {
  if (value.is_array()) {
    const auto mark = to.begin_list();
    for (const json& one : value) write(to, one);
    to.end_list(mark);
  } else if (value.is_number_unsigned()) {
    to.write(value.get<std::uint64_t>());
  } else {
    to.write(ByteView{string_bytes(value.get_ref<const std::string&>())});
  }
}

/// Reads an item and all that is in it; writes it anew.
rlp::Decoded<> copy(const rlp::Item& item, rlp::Writer& to) {
  if (!item.is_list) {
    to.write(item.payload);
    return {};
  }
  const auto mark = to.begin_list();
  rlp::Reader items(item.payload);
  while (!items.at_end()) {
    const auto next = items.next();
    if (!next) return rlp::fail(next.error());
    if (auto inner = copy(*next, to); !inner) return inner;
  }
  to.end_list(mark);
  return {};
}

/// What is wrong with decoding and encoding again; empty when nothing is.
std::string decode_and_encode(ByteView encoded) {
  const auto item = rlp::decode(encoded);
  if (!item) return std::string("does not decode: ") + rlp::to_string(item.error());
  rlp::Writer again;
  if (const auto copied = copy(*item, again); !copied)
    return std::string("does not decode: ") + rlp::to_string(copied.error());
  if (equal(again.bytes(), encoded)) return {};
  return "decodes, and encodes again to " + to_hex0x(again.bytes());
}
}  // namespace

void run_rlp_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const json& in = test.json.at("in");
  const Bytes out = bytes_of(test.json.at("out"));
  std::string wrong;
  const std::string read = decode_and_encode(out);
  if (in == "INVALID") {
    if (read.empty()) wrong = "must be refused, but decodes: " + to_hex0x(out);
  } else if (in == "VALID" || !read.empty()) {
    wrong = read.empty() ? "" : "expected to be valid, but it " + read;
  } else {
    rlp::Writer writer;
    write(writer, in);
    if (!equal(writer.bytes(), out))
      wrong = "expected " + to_hex0x(out) + ", encoded to " + to_hex0x(writer.bytes());
  }
  results.judge(Kind::rlp, "-", test.name, wrong);
}

}  // namespace quarry::conformance
