// Every record of core that outside bytes are read into.
#include "core/account.hpp"
#include "core/block.hpp"
#include "core/check.hpp"
#include "core/receipt.hpp"

using namespace quarry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{data, size};
  // Whatever is accepted is canonical: writing it gives the same bytes.
  if (auto block = decode_block(input, HeaderIdentity::keccak_rlp))
    QUARRY_CHECK(equal(encode_block(*block), input));
  if (auto body = decode_body(input, HeaderIdentity::keccak_rlp))
    QUARRY_CHECK(equal(encode_body(*body), input));
  if (auto header = decode_header(input, HeaderIdentity::keccak_rlp))
    QUARRY_CHECK(equal(encode_header(**header), input));
  if (auto txn = decode_transaction(input)) QUARRY_CHECK(equal(encode_transaction(*txn), input));
  if (auto account = decode_account(input)) QUARRY_CHECK(equal(encode_account(*account), input));
  rlp::Reader reader(input);
  if (auto receipt = read_receipt(reader); receipt && reader.at_end()) {
    rlp::Writer to;
    write_receipt(to, *receipt);
    QUARRY_CHECK(equal(to.bytes(), input));
  }
  return 0;
}
