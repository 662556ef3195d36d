#include "node/jbc_export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "consensus/jbc/json.hpp"
#include "core/jbc.hpp"
#include "node/jbc_source.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {
/// Blocks written between two looks at `stopped`, and by one task.
constexpr std::size_t kGroupBlocks = 4096;
constexpr std::size_t kTaskBlocks = 256;

/// The folder that is written to, removed unless it was finished.
class PartFolder {
 public:
  explicit PartFolder(const fs::path& folder) : folder_(named(folder)), part_(folder_.string() + ".part") {}
  ~PartFolder() {
    std::error_code ignored;
    if (!finished_ && made_) fs::remove_all(part_, ignored);
  }
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;

  Result<> make() {
    std::error_code error;
    if (fs::exists(folder_) && !(fs::is_directory(folder_) && fs::is_empty(folder_, error)))
      return fail(fmt::format("{} is there already and not an empty folder", folder_.string()),
                  "Give a folder that is not there yet: blocks of two chains must not be mixed.");
    fs::remove_all(part_, error);  // left by an export that was killed
    fs::create_directories(part_, error);
    if (error) return fail(fmt::format("cannot make the folder {}: {}", part_.string(), error.message()));
    made_ = true;
    return {};
  }
  const fs::path& path() const { return part_; }
  Result<> finish() {
    std::error_code error;
    fs::remove(folder_, error);
    fs::rename(part_, folder_, error);
    if (error)
      return fail(
          fmt::format("cannot rename {} to {}: {}", part_.string(), folder_.string(), error.message()));
    finished_ = true;
    return {};
  }

 private:
  /// "out/" and "." are the folders themselves: what is written lies beside them, not in them.
  static fs::path named(const fs::path& folder) {
    const fs::path path = fs::absolute(folder).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
  }

  fs::path folder_, part_;
  bool made_ = false, finished_ = false;
};

Result<> write_file(const fs::path& path, std::string_view text) {
  const auto bad = [&] {
    const int why = errno;
    return fail(fmt::format("writing {} failed: {}", path.string(), std::strerror(why)),
                why == ENOSPC ? "Free disk space, then export again." : "");
  };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return bad();
  while (!text.empty()) {
    const ssize_t done = ::write(file, text.data(), text.size());
    if (done < 0) {
      auto error = bad();
      close(file);
      return error;
    }
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  if (close(file) != 0) return bad();
  return {};
}

Result<> write_block(const fs::path& folder, const ChainStore& store, BlockNum number) {
  const auto header = store.canonical_header(number);
  const auto block = header ? jbc::from_header(*header) : std::nullopt;
  if (!block)
    return fail(fmt::format("block {} is not complete in the database", number),
                "Wait until the sync is over, or give a range above it.");
  return write_file(folder / jbc_file_name(number), jbc::to_json(*block));
}
}  // namespace

Result<std::uint64_t> export_jbc_files(const fs::path& folder, const ChainStore& store,
                                       std::optional<BlockNum> first, std::optional<BlockNum> last,
                                       WorkerPool& workers, const TransferWatch& watch) {
  auto range = export_range(store, first, last);
  if (!range) return tl::unexpected(range.error());
  PartFolder part(folder);
  if (auto made = part.make(); !made) return tl::unexpected(made.error());
  std::mutex mutex;
  std::optional<Error> failed;
  const std::uint64_t total = range->last - range->first + 1;
  for (std::uint64_t done = 0; done < total;) {
    const std::uint64_t group = std::min<std::uint64_t>(kGroupBlocks, total - done);
    const BlockNum begin = range->first + done;
    workers.parallel_for((group + kTaskBlocks - 1) / kTaskBlocks, [&](std::size_t task) {
      const BlockNum from = begin + task * kTaskBlocks;
      for (BlockNum number = from; number < std::min(from + kTaskBlocks, begin + group); ++number) {
        auto written = write_block(part.path(), store, number);
        if (written) continue;
        const std::lock_guard lock(mutex);
        failed = written.error();
        return;
      }
    });
    if (failed) return tl::unexpected(*failed);
    done += group;
    if (watch.progress) watch.progress(done, total, done);
    if (watch.stopped && watch.stopped()) return fail("export stopped; nothing was written");
  }
  if (auto finished = part.finish(); !finished) return tl::unexpected(finished.error());
  return total;
}

}  // namespace quarry
