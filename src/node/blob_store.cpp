#include "node/blob_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/keccak.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::string_view kAside = ".new";

/// Is it ours, whole or begun?
bool is_ours(std::string name) {
  if (name.ends_with(kAside)) name.resize(name.size() - kAside.size());
  return name.size() == 2 * kHashBytes && TxnHash::from_hex(name);
}

Result<CarriedTransaction> read(const fs::path& path, std::size_t size) {
  if (path.extension() == kAside) return fail("writing it was not finished");
  if (size <= kHashBytes || size > BlobStore::kMostFileBytes)
    return fail(fmt::format("it has {} bytes", size));
  Bytes bytes(size);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size)))
    return fail(fmt::format("it cannot be read: {}", std::strerror(errno)));
  const ByteView network = ByteView{bytes}.subspan(kHashBytes);
  if (!std::ranges::equal(keccak256(network).bytes, ByteView{bytes}.first(kHashBytes)))
    return fail("its bytes are not those that were written");
  auto carried = decode_carried(network);
  if (!carried) return fail(fmt::format("it is no blob transaction: {}", rlp::to_string(carried.error())));
  if (path.filename() != hash_of(carried->txn).hex().substr(2)) return fail("it has another one's name");
  return std::move(*carried);
}

}  // namespace

fs::path BlobStore::path_of(const TxnHash& hash) const {
  return folder_ / hash.hex().substr(2);
}

BlobStore::Loaded BlobStore::load() {
  Loaded out;
  std::size_t bytes = 0;
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
    if (is_ours(at->path().filename().string()) && at->is_regular_file(error)) paths.push_back(at->path());
  for (const fs::path& path : paths) {
    const auto size = static_cast<std::size_t>(fs::file_size(path, error));
    if (error) continue;
    auto carried = bytes + size > kMostBytes ? fail("the others fill the memory for them") : read(path, size);
    if (carried) {
      bytes += size;
      out.txns.push_back(std::move(*carried));
      continue;
    }
    if (out.left_out++ == 0) out.why = fmt::format("{}: {}", path.string(), carried.error().what);
    fs::remove(path, error);
  }
  return out;
}

Result<> BlobStore::put(const TxnHash& hash, ByteView network) {
  std::error_code error;
  fs::create_directories(folder_, error);
  const fs::path path = path_of(hash);
  const fs::path aside = path.string() + std::string(kAside);
  std::ofstream file(aside, std::ios::binary | std::ios::trunc);
  const auto write = [&](ByteView bytes) {
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  write(keccak256(network).bytes);
  write(network);
  file.close();
  if (file && ::rename(aside.c_str(), path.c_str()) == 0) return {};
  auto failure =
      fail(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
           "The transaction is lost when the node stops. Look at the disk's space and permissions.");
  fs::remove(aside, error);
  return failure;
}

void BlobStore::erase(const TxnHash& hash) {
  std::error_code error;
  fs::remove(path_of(hash), error);
}

}  // namespace quarry
