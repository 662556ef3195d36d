/// \file
/// Makes a JSON-file chain of any length: the folder that `quarry migrate jbc` reads.
///
///     jbc_chain FOLDER BLOCKS [ZEROS]      (ZEROS: 1 by default, so that a million blocks take seconds)

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "consensus/jbc/json.hpp"
#include "consensus/jbc/search.hpp"
#include "node/jbc_source.hpp"

using namespace quarry;

namespace {
jbc::Block next_block(const jbc::Block* before, unsigned zeros) {
  jbc::Block block;
  block.index = before == nullptr ? 0 : before->index + 1;
  block.prev_hash = before == nullptr ? "" : before->hash;
  block.timestamp = std::to_string(1'508'895'381 + 7 * block.index);
  block.data = block.index == 0 ? "First block data" : "I block #" + std::to_string(block.index);
  block.nonce = std::to_string(jbc::Search(block, zeros).run(0, ~std::uint64_t{0}).value());
  block.hash = jbc::compute_hash(block);
  return block;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: jbc_chain FOLDER BLOCKS [ZEROS]\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const unsigned zeros = argc > 3 ? static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)) : 1;
  std::filesystem::create_directories(folder);
  jbc::Block last;
  for (std::uint64_t i = 0; i < count; ++i) {
    last = next_block(i == 0 ? nullptr : &last, zeros);
    std::ofstream(folder / jbc_file_name(i), std::ios::binary) << jbc::to_json(last);
  }
  std::printf("%llu blocks, the last one %s\n", static_cast<unsigned long long>(count), last.hash.c_str());
  return 0;
}
