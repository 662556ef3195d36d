// Light verification against seals that other clients mined, on every SIMD level.
#include <nlohmann/json.hpp>
#include <thread>

#include "consensus/ethash/hashimoto.hpp"
#include "consensus/ethash/verify.hpp"
#include "core/block.hpp"
#include "core/keccak.hpp"
#include "fixtures.hpp"

using namespace quarry;
using namespace quarry::ethash;

namespace {
/// The seals of a file of blocks, genesis left out.
std::vector<SealToCheck> seals_of(const Bytes& file) {
  std::vector<SealToCheck> seals;
  rlp::Reader reader(file);
  while (!reader.at_end()) {
    const auto block = read_block(reader, HeaderIdentity::keccak_rlp);
    if (!block) return {};
    const Header& header = *block->header;
    if (header.number == 0) continue;
    std::uint64_t nonce = 0;
    for (const std::uint8_t byte : header.nonce) nonce = nonce << 8 | byte;
    seals.push_back(
        {seal_hash(header), header.mix_hash, nonce, boundary_of(header.difficulty), header.number});
  }
  return seals;
}

std::vector<SealVerdict> verdicts_on(Caches& caches, const std::vector<SealToCheck>& seals) {
  std::vector<SealVerdict> verdicts(seals.size(), SealVerdict::unsupported_epoch);
  verify_seals(caches, seals, verdicts);
  return verdicts;
}

/// One cache for all tests of this program: epoch 0 takes a third of a second.
Caches& shared_caches() {
  static Caches caches;
  return caches;
}

Hash256 hash_from(const std::string& hex) {
  return *Hash256::from_hex(hex);
}
}  // namespace

TEST(EthashVerify, AcceptsTheSealsOfARealChain) {
  const auto path = test::fixtures_dir() / "geth-1.7.3/full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const auto seals = seals_of(test::read_file(path));
  ASSERT_EQ(seals.size(), 360u);
  for (const SealVerdict verdict : verdicts_on(shared_caches(), seals))
    EXPECT_EQ(verdict, SealVerdict::valid);
}

TEST(EthashVerify, NamesWhatIsWrong) {
  const auto path = test::fixtures_dir() / "geth-1.7.3/empty-12.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  auto seals = seals_of(test::read_file(path));
  ASSERT_EQ(seals.size(), 12u);
  seals[1].nonce ^= 1;
  seals[3].mix.bytes[31] ^= 1;
  seals[5].seal_hash.bytes[0] ^= 1;
  seals[7].boundary = U256{1};
  seals[9].number = ~BlockNum{0};
  const auto verdicts = verdicts_on(shared_caches(), seals);
  for (std::size_t i = 0; i < seals.size(); ++i) {
    const SealVerdict expected = i == 1 || i == 3 || i == 5 ? SealVerdict::wrong_mix
                                 : i == 7                   ? SealVerdict::above_boundary
                                 : i == 9                   ? SealVerdict::unsupported_epoch
                                                            : SealVerdict::valid;
    EXPECT_EQ(verdicts[i], expected) << "seal " << i;
    EXPECT_EQ(verify_seal(shared_caches(), seals[i]), expected) << "seal " << i << " alone";
  }
}

TEST(EthashVerify, EveryLevelAndBatchSizeGivesTheSame) {
  const auto path = test::fixtures_dir() / "geth-1.7.3/full-360.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const auto seals = seals_of(test::read_file(path));
  const auto cache = shared_caches().get(0);
  for (const SimdLevel level : simd_levels())
    for (std::size_t count = 1; count <= kLightBatch; ++count) {
      std::vector<HashInput> inputs;
      for (std::size_t i = 0; i < count; ++i) inputs.push_back({seals[i].seal_hash, seals[i].nonce});
      std::vector<HashOutput> outputs(count);
      hash_light(*cache, inputs, outputs.data(), kernel_of(level));
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(outputs[i].mix, seals[i].mix) << to_string(level) << ", " << i << " of " << count;
    }
}

TEST(EthashVerify, FollowsThePublishedVectors) {
  const auto folder = test::unpacked("ethereum-tests.tar.xz");
  QUARRY_NEEDS_FIXTURE(folder / "PoWTests/ethash_tests.json");
  const auto file = nlohmann::json::parse(std::ifstream(folder / "PoWTests/ethash_tests.json"));
  std::size_t cases = 0;
  for (const auto& [name, vector] : file.items()) {
    SCOPED_TRACE(name);
    const auto header =
        decode_header(*from_hex(vector.at("header").get<std::string>()), HeaderIdentity::keccak_rlp);
    ASSERT_TRUE(header);
    const Epoch epoch = epoch_of((*header)->number);
    EXPECT_EQ(seal_hash(**header), hash_from(vector.at("header_hash")));
    EXPECT_EQ(seed_hash(epoch), hash_from(vector.at("seed")));
    EXPECT_EQ(cache_bytes(epoch), vector.at("cache_size").get<std::uint64_t>());
    EXPECT_EQ(dataset_bytes(epoch), vector.at("full_size").get<std::uint64_t>());
    const auto cache = shared_caches().get(epoch);
    EXPECT_EQ(keccak256(cache->bytes()), hash_from(vector.at("cache_hash")));
    const HashInput input{seal_hash(**header),
                          std::stoull(vector.at("nonce").get<std::string>(), nullptr, 16)};
    HashOutput output;
    hash_light(*cache, {&input, 1}, &output);
    EXPECT_EQ(Hash256(output.mix), hash_from(vector.at("mixHash")));
    EXPECT_EQ(output.result, hash_from(vector.at("result")));
    ++cases;
  }
  EXPECT_GE(cases, 2u);
}

TEST(EthashVerify, SeveralThreadsShareOneCache) {
  const auto path = test::fixtures_dir() / "geth-1.7.3/empty-12.rlp";
  QUARRY_NEEDS_FIXTURE(path);
  const auto seals = seals_of(test::read_file(path));
  Caches caches;
  std::vector<std::shared_ptr<const Cache>> got(4);
  {
    std::vector<std::jthread> threads;
    for (auto& cache : got)
      threads.emplace_back([&] {
        cache = caches.get(0);
        for (const SealVerdict verdict : verdicts_on(caches, seals)) EXPECT_EQ(verdict, SealVerdict::valid);
      });
  }
  for (const auto& cache : got) EXPECT_EQ(cache, got[0]) << "built once";
}
