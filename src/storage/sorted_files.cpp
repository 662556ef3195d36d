#include "storage/sorted_files.hpp"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <filesystem>

#include "storage/codec.hpp"

namespace quarry {
namespace {

/// A change by the first bytes of its key, so that most comparisons touch no other memory.
struct Place {
  std::uint64_t prefix;
  std::uint32_t index;
};

/// By key; changes of one key in the order in which they came.
std::vector<Place> in_order(const std::vector<SortedFiles::Change>& changes) {
  std::vector<Place> out;
  out.reserve(changes.size());
  for (const auto& change : changes)
    out.push_back({key_prefix(change.key), static_cast<std::uint32_t>(out.size())});
  std::sort(out.begin(), out.end(), [&](const Place& a, const Place& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = as_text(changes[a.index].key).compare(as_text(changes[b.index].key));
    return order != 0 ? order < 0 : a.index < b.index;
  });
  return out;
}

rocksdb::Slice slice(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string sorted_files_folder(const std::string& database) {
  return (std::filesystem::path(database) / "sorted").string();
}

void forget_sorted_files(const std::string& database) {
  std::error_code ignored;
  std::filesystem::remove_all(sorted_files_folder(database), ignored);
}

SortedFiles::SortedFiles(rocksdb::DB& database, std::string folder)
    : database_(database), folder_(std::move(folder)) {
  std::error_code ignored;  // what cannot be made or removed is found when a file is written
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::create_directory(folder_, ignored);
}

SortedFiles::~SortedFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

rocksdb::Status SortedFiles::add(rocksdb::ColumnFamilyHandle* family, const std::vector<Change>& changes) {
  const auto order = in_order(changes);
  // What is written now is read soon, by those who sync from us: it stays in the page cache.
  constexpr bool kDropFromCache = false;
  rocksdb::SstFileWriter writer({}, database_.GetOptions(family), family, kDropFromCache);
  const std::string path =
      (std::filesystem::path(folder_) / (std::to_string(files_.size()) + ".sst")).string();
  rocksdb::Status status = writer.Open(path);
  for (std::size_t i = 0; i < order.size() && status.ok(); ++i) {
    const Change& change = changes[order[i].index];
    const bool again = i + 1 < order.size() && order[i].prefix == order[i + 1].prefix &&
                       equal(change.key, changes[order[i + 1].index].key);
    if (again) continue;
    status =
        change.erases ? writer.Delete(slice(change.key)) : writer.Put(slice(change.key), slice(change.value));
  }
  if (status.ok()) status = writer.Finish();
  if (!status.ok()) return status;
  rocksdb::IngestExternalFileOptions how;
  how.move_files = true;
  how.write_global_seqno = false;
  auto& file = files_.emplace_back();
  file.column_family = family;
  file.external_files = {path};
  file.options = how;
  return status;
}

rocksdb::Status SortedFiles::take_in() {
  // The files are on the disk for good, and tell of what the log has: a power failure must not part them.
  auto status = database_.FlushWAL(true);
  if (status.ok()) status = database_.IngestExternalFiles(files_);
  return status;
}

}  // namespace quarry
