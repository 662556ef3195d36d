#include "consensus/ethash/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace quarry::ethash {
namespace {
namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "tables are used as they lie on disk");

/// Bytes read or written between two looks at `cancelled`: about a millisecond.
constexpr std::size_t kPiece = std::size_t{4} << 20;
/// Memory left to everybody else when a table is copied rather than mapped.
constexpr std::uint64_t kMemoryToSpare = std::uint64_t{512} << 20;
constexpr const char* kUnfinished = ".quarry-tmp";

class File {
 public:
  File(const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string reason() {
  return std::strerror(errno);
}

/// Reads all of `to` from `offset` on.
bool read_whole(int fd, std::uint8_t* to, std::size_t length, std::size_t offset) {
  while (length > 0) {
    const ssize_t got = pread(fd, to, length, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    offset += static_cast<std::size_t>(got);
    length -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_whole(int fd, ByteView from) {
  while (!from.empty()) {
    const ssize_t put = ::write(fd, from.data(), from.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    from = from.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

Result<std::optional<Memory>> copy_table(const fs::path& path, int fd, std::size_t bytes,
                                         const std::atomic<bool>& cancelled) {
  Memory memory = Memory::anonymous(bytes);
  if (!memory) return fail("No memory for " + path.string());
  for (std::size_t at = 0; at < bytes; at += kPiece) {
    if (cancelled) return std::optional<Memory>{};
    const std::size_t now = std::min(kPiece, bytes - at);
    if (!read_whole(fd, memory.data() + at, now, sizeof kFileMagic + at))
      return fail(path.string() + " cannot be read to its end");
  }
  return std::optional<Memory>(std::move(memory));
}

/// Writes and syncs nothing to disk: a file lost with the power is made again.
Result<> fill_file(const fs::path& path, ByteView table, const std::atomic<bool>& cancelled) {
  File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (file.fd() < 0) return fail("Cannot write " + path.string() + ": " + reason());
  const auto* magic = reinterpret_cast<const std::uint8_t*>(kFileMagic);
  bool good = write_whole(file.fd(), {magic, sizeof kFileMagic});
  for (std::size_t at = 0; good && !cancelled && at < table.size(); at += kPiece)
    good = write_whole(file.fd(), table.subspan(at, std::min(kPiece, table.size() - at)));
  if (!good) return fail("Cannot write " + path.string() + ": " + reason(), "Is the disk full?");
  return {};
}

fs::path unused_name(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return path.string() + "." + std::to_string(getpid()) + "-" + std::to_string(now) + "-" +
         std::to_string(counter++) + kUnfinished;
}
}  // namespace

Result<std::optional<Memory>> read_table(const fs::path& path, std::size_t bytes,
                                         const std::atomic<bool>& cancelled) {
  File file(path, O_RDONLY);
  if (file.fd() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Memory>{};
    return fail("Cannot read " + path.string() + ": " + reason());
  }
  struct stat info {};
  const std::size_t expected = sizeof kFileMagic + bytes;
  if (fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode)) return fail(path.string() + " is not a file");
  if (static_cast<std::size_t>(info.st_size) != expected)
    return fail(path.string() + " has " + std::to_string(info.st_size) + " bytes and should have " +
                std::to_string(expected));
  std::uint32_t magic[2] = {};
  if (!read_whole(file.fd(), reinterpret_cast<std::uint8_t*>(magic), sizeof magic, 0) ||
      std::memcmp(magic, kFileMagic, sizeof magic) != 0)
    return fail(path.string() + " does not start as an ethash table");
  if (available_memory() >= bytes + kMemoryToSpare) return copy_table(path, file.fd(), bytes, cancelled);
  Memory memory = Memory::mapped(file.fd(), sizeof kFileMagic, bytes);
  if (!memory) return fail("Cannot map " + path.string() + ": " + reason());
  return std::optional<Memory>(std::move(memory));
}

Result<> write_table(const fs::path& path, ByteView table, const std::atomic<bool>& cancelled) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const fs::path aside = unused_name(path);
  Result<> written = fill_file(aside, table, cancelled);
  if (written && !cancelled) {
    fs::rename(aside, path, error);
    if (!error) return {};
    written = fail("Cannot rename " + aside.string() + ": " + error.message());
  }
  fs::remove(aside, error);
  return written;
}

void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->path().extension() == kUnfinished && at->last_write_time(ignored) < old && !ignored)
      fs::remove(at->path(), ignored);
  }
}

}  // namespace quarry::ethash
