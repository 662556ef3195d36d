/// Any bytes as a genesis file: no crash, and what is accepted goes to JSON and back unchanged.
#include "core/check.hpp"
#include "node/genesis_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quarry;
  const auto file = parse_genesis(as_text({data, size}));
  if (!file) return 0;
  const auto again = parse_genesis(genesis_to_json(file->genesis));
  QUARRY_CHECK(again.has_value());
  QUARRY_CHECK(again->genesis.spec == file->genesis.spec);
  QUARRY_CHECK(again->genesis.header == file->genesis.header);
  QUARRY_CHECK(again->genesis.alloc == file->genesis.alloc);
  return 0;
}
