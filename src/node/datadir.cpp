#include "node/datadir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/hex.hpp"
#include "node/options.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {
/// A pid and a newline, with room to spare.
constexpr std::size_t kMostLockBytes = 32;
/// A key's digits, and white space that an editor left.
constexpr std::size_t kMostKeyFileBytes = 128;

Error errno_error(std::string_view what, const fs::path& path) {
  const int code = errno;
  std::string remedy;
  if (code == EACCES || code == EPERM) remedy = "Make the folder yours (chown), or give another --datadir.";
  if (code == ENOSPC) remedy = "Free some space on that disk.";
  return {fmt::format("{} {}: {}", what, path.string(), std::strerror(code)), std::move(remedy)};
}

std::string read_holder(int file) {
  std::array<char, kMostLockBytes> text{};
  const ssize_t count = pread(file, text.data(), text.size(), 0);
  std::string holder(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!holder.empty() && (holder.back() < '0' || holder.back() > '9')) holder.pop_back();
  return holder;
}

Result<> write_holder(int file, const fs::path& path) {
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(file, 0) != 0 ||
      pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return tl::unexpected(errno_error("cannot write", path));
  return {};
}

Error held_by(const std::string& holder, const fs::path& datadir) {
  return {"datadir already used by another process",
          holder.empty()
              ? fmt::format("Something else holds {}. Stop it, or give this node another --datadir.",
                            datadir.string())
              : fmt::format("Process {} holds {}. Stop it (kill {}), or give this node another --datadir.",
                            holder, datadir.string(), holder)};
}

std::string trimmed(std::string text) {
  const char* blanks = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(blanks), text.size()));
  text.erase(text.find_last_not_of(blanks) + 1);
  return text;
}

Result<PrivateKey> key_from_hex(const std::string& text, const std::string& where) {
  const auto key = PrivateKey::from_hex(text);
  if (!key || !is_valid(*key))
    return fail(fmt::format("invalid node key in {}", where),
                "A node key is 64 hex digits, not all zero; `openssl rand -hex 32` makes one.");
  return *key;
}

Result<PrivateKey> key_from_file(const fs::path& path) {
  std::ifstream file(path);
  std::string text(kMostKeyFileBytes, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && file.gcount() == 0)
    return fail(fmt::format("cannot read the node key {}: {}", path.string(),
                            file.bad() ? std::strerror(errno) : "empty, or not a file"),
                "Delete it to have a new one made, or give --nodekey another file.");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return key_from_hex(trimmed(std::move(text)), path.string());
}

/// Written aside and renamed, so that a kill leaves a whole key or none.
Result<> write_key(const PrivateKey& key, const fs::path& path) {
  const fs::path aside = path.string() + ".new";
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return tl::unexpected(errno_error("cannot write", aside));
  const std::string text = to_hex(key);
  const bool written =
      write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const auto failed = errno_error("cannot write", aside);
  close(file);
  if (!written) return tl::unexpected(failed);
  if (rename(aside.c_str(), path.c_str()) != 0) return tl::unexpected(errno_error("cannot write", path));
  return {};
}
}  // namespace

DataDirPaths::DataDirPaths(const fs::path& datadir)
    : root(datadir),
      quarry(datadir / "quarry"),
      chaindata(quarry / "chaindata"),
      lock(quarry / "LOCK"),
      node_key(quarry / "nodekey") {}

DataDirLock::DataDirLock(DataDirPaths paths, int file) : paths_(std::move(paths)), file_(file) {}
DataDirLock::DataDirLock(DataDirLock&& other) noexcept
    : paths_(std::move(other.paths_)), file_(std::exchange(other.file_, -1)) {}
DataDirLock& DataDirLock::operator=(DataDirLock&& other) noexcept {
  std::swap(paths_, other.paths_);
  std::swap(file_, other.file_);
  return *this;
}
DataDirLock::~DataDirLock() {
  // The file stays: were it removed, a third process could lock a new one beside who waits for this one.
  if (file_ >= 0) close(file_);
}

Result<DataDirLock> DataDirLock::acquire(const fs::path& datadir) {
  DataDirPaths paths(datadir);
  std::error_code error;
  fs::create_directories(paths.quarry, error);
  if (error) {
    errno = error.value();
    return tl::unexpected(errno_error("cannot make the data dir", paths.quarry));
  }
  const int file = open(paths.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return tl::unexpected(errno_error("cannot open", paths.lock));
  DataDirLock lock(std::move(paths), file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return tl::unexpected(held_by(read_holder(file), datadir));
    return tl::unexpected(errno_error("cannot lock", lock.paths().lock));
  }
  if (auto written = write_holder(file, lock.paths().lock); !written) return tl::unexpected(written.error());
  return lock;
}

Result<PrivateKey> load_node_key(const NodeOptions& options) {
  if (!options.node_key_hex.empty()) return key_from_hex(options.node_key_hex, "--nodekeyhex");
  if (!options.node_key_file.empty()) return key_from_file(options.node_key_file);
  const DataDirPaths paths(options.datadir);
  std::error_code ignored;
  if (fs::exists(paths.node_key, ignored)) return key_from_file(paths.node_key);
  const PrivateKey key = random_private_key();
  if (auto written = write_key(key, paths.node_key); !written) return tl::unexpected(written.error());
  return key;
}

}  // namespace quarry
