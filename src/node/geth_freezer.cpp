#include "node/geth_freezer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <snappy.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace quarry::geth {
namespace fs = std::filesystem;
namespace {
constexpr std::uint64_t kEntryBytes = 6;
/// A block's body or receipts, unpacked.
constexpr std::size_t kMostItemBytes = std::size_t{256} << 20;

Error broken(const fs::path& file, std::string_view what) {
  return {fmt::format("{}: {}", file.string(), what),
          "Does geth itself still start on it? It repairs what it can."};
}
}  // namespace

FreezerTable::FreezerTable(fs::path folder, std::string name, bool compressed)
    : folder_(std::move(folder)), name_(std::move(name)), compressed_(compressed) {}

FreezerTable::~FreezerTable() {
  if (index_ >= 0) close(index_);
  for (const auto& [number, file] : files_) close(file);
}

Result<std::unique_ptr<FreezerTable>> FreezerTable::open(const fs::path& folder, std::string name) {
  for (const bool compressed : {true, false}) {
    const fs::path file = folder / (name + (compressed ? ".cidx" : ".ridx"));
    const int index = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (index < 0 && errno == ENOENT) continue;
    if (index < 0) return tl::unexpected(broken(file, std::strerror(errno)));
    auto out = std::unique_ptr<FreezerTable>(new FreezerTable(folder, std::move(name), compressed));
    out->index_ = index;
    if (auto read = out->read_index(); !read) return tl::unexpected(read.error());
    return out;
  }
  return nullptr;
}

Result<> FreezerTable::read_index() {
  const off_t size = lseek(index_, 0, SEEK_END);
  const std::uint64_t entries = static_cast<std::uint64_t>(std::max<off_t>(size, 0)) / kEntryBytes;
  if (entries == 0) return {};
  const auto first = entry(0);
  if (!first) return tl::unexpected(first.error());
  begin_ = first->offset;
  end_ = begin_ + entries - 1;
  return {};
}

Result<FreezerTable::Entry> FreezerTable::entry(std::uint64_t index) const {
  std::array<std::uint8_t, kEntryBytes> raw{};
  if (pread(index_, raw.data(), raw.size(), static_cast<off_t>(index * kEntryBytes)) !=
      static_cast<ssize_t>(raw.size()))
    return tl::unexpected(
        broken(folder_ / name_, fmt::format("entry {} of the index cannot be read", index)));
  Entry out;
  out.file = static_cast<std::uint16_t>(raw[0] << 8 | raw[1]);
  for (std::size_t i = 2; i < kEntryBytes; ++i) out.offset = out.offset << 8 | raw[i];
  return out;
}

Result<int> FreezerTable::data_file(std::uint16_t number) {
  if (const auto found = files_.find(number); found != files_.end()) return found->second;
  const fs::path file = folder_ / fmt::format("{}.{:04}.{}", name_, number, compressed_ ? "cdat" : "rdat");
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return tl::unexpected(broken(file, std::strerror(errno)));
  return files_[number] = opened;
}

Result<Bytes> FreezerTable::get(std::uint64_t number) {
  const fs::path table = folder_ / name_;
  if (number < begin_ || number >= end_)
    return tl::unexpected(
        broken(table, fmt::format("item {} is not there: it has {} to {}", number, begin_, end_)));
  auto from = entry(number - begin_);
  const auto to = entry(number - begin_ + 1);
  if (!from) return tl::unexpected(from.error());
  if (!to) return tl::unexpected(to.error());
  // Entry 0 says what was removed; the first item begins its file.
  if (number == begin_ || from->file != to->file) *from = {to->file, 0};
  if (to->offset < from->offset || to->offset - from->offset > kMostItemBytes)
    return tl::unexpected(
        broken(table, fmt::format("the index has an impossible length for item {}", number)));
  const auto file = data_file(from->file);
  if (!file) return tl::unexpected(file.error());
  Bytes packed(to->offset - from->offset);
  if (pread(*file, packed.data(), packed.size(), from->offset) != static_cast<ssize_t>(packed.size()))
    return tl::unexpected(
        broken(table, fmt::format("the data file {} ends before item {}", from->file, number)));
  if (!compressed_) return packed;
  const auto* text = reinterpret_cast<const char*>(packed.data());
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(text, packed.size(), &size) || size > kMostItemBytes)
    return tl::unexpected(broken(table, fmt::format("item {} is not compressed as it should be", number)));
  Bytes out(size);
  if (!snappy::RawUncompress(text, packed.size(), reinterpret_cast<char*>(out.data())))
    return tl::unexpected(broken(table, fmt::format("item {} does not unpack", number)));
  return out;
}

}  // namespace quarry::geth
