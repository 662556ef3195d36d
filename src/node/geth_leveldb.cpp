#include "node/geth_leveldb.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

namespace quarry::geth {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kCacheBytes = std::size_t{64} << 20;
constexpr int kOpenFiles = 500;

/// Writes go to the folder `aside` and nowhere else, and never through a link that lies there.
class AsideEnv final : public leveldb::EnvWrapper {
 public:
  explicit AsideEnv(std::string aside) : EnvWrapper(leveldb::Env::Default()), aside_(std::move(aside)) {}

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** out) override {
    if (auto refused = prepare(name); !refused.ok()) return refused;
    return target()->NewWritableFile(name, out);
  }
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** out) override {
    std::error_code ignored;
    if (!is_aside(name) || fs::is_symlink(name, ignored)) return refusal(name);
    return target()->NewAppendableFile(name, out);
  }
  leveldb::Status RemoveFile(const std::string& name) override {
    return is_aside(name) ? target()->RemoveFile(name) : refusal(name);
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    return is_aside(from) && is_aside(to) ? target()->RenameFile(from, to) : refusal(to);
  }
  leveldb::Status CreateDir(const std::string& name) override {
    return is_aside(name) ? target()->CreateDir(name) : refusal(name);
  }
  leveldb::Status RemoveDir(const std::string& name) override {
    return is_aside(name) ? target()->RemoveDir(name) : refusal(name);
  }
  leveldb::Status NewLogger(const std::string& name, leveldb::Logger** out) override {
    if (auto refused = prepare(name); !refused.ok()) return refused;
    return target()->NewLogger(name, out);
  }

 private:
  bool is_aside(const std::string& name) const { return name == aside_ || name.starts_with(aside_ + "/"); }
  static leveldb::Status refusal(const std::string& name) {
    return leveldb::Status::IOError(name, "is another program's and not written to");
  }
  leveldb::Status prepare(const std::string& name) const {
    if (!is_aside(name)) return refusal(name);
    std::error_code ignored;
    if (fs::is_symlink(name, ignored)) fs::remove(name, ignored);
    return leveldb::Status::OK();
  }
  const std::string aside_;
};

/// Does a process hold the lock file? Looked at without writing: geth takes flock, LevelDB's own lock is
/// fcntl's.
bool is_locked(const fs::path& lock) {
  const int file = open(lock.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct flock record {};
  record.l_type = F_RDLCK;  // what a reader may ask about
  record.l_whence = SEEK_SET;
  const bool by_flock = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const bool by_fcntl = fcntl(file, F_GETLK, &record) == 0 && record.l_type != F_UNLCK;
  close(file);
  return by_flock || by_fcntl;
}

bool has_file(const fs::path& folder, std::string_view extension) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == extension) return true;
  return false;
}

Result<> check_kind(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / "CURRENT", ignored)) {
    // Pebble names its manifest in a marker file.
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.path().filename().string().starts_with("marker."))
        return fail(
            fmt::format("{} is a Pebble database", folder.string()),
            "LevelDB is read here. Let geth write a chain file, `geth export FILE`, and read that: quarry "
            "init GENESIS, quarry import FILE.");
    return fail(fmt::format("no database in {}", folder.string()),
                "Its file CURRENT is missing: was the folder copied whole?");
  }
  if (has_file(folder, ".sst") && !has_file(folder, ".ldb") && fs::exists(folder / "IDENTITY", ignored))
    return fail(fmt::format("{} is a RocksDB database, and no geth's", folder.string()));
  return {};
}

Error locked_error(const fs::path& lock) {
  return {fmt::format("a geth is running on it: {} is locked", lock.string()),
          "Stop that geth first, so that the chain is whole on the disk; then run this again."};
}

/// Links to tables and logs, copies of the two small files that LevelDB rewrites.
Result<> fill_aside(const fs::path& from, const fs::path& aside) {
  std::error_code error;
  fs::remove_all(aside, error);
  fs::create_directories(aside, error);
  if (error) return fail(fmt::format("cannot make the folder {}: {}", aside.string(), error.message()));
  for (const auto& entry : fs::directory_iterator(from, error)) {
    const std::string name = entry.path().filename().string();
    const std::string extension = entry.path().extension().string();
    if (name == "CURRENT" || name.starts_with("MANIFEST-"))
      fs::copy_file(entry.path(), aside / name, error);
    else if (extension == ".ldb" || extension == ".sst" || extension == ".log")
      fs::create_symlink(fs::absolute(entry.path()), aside / name, error);
    if (error) return fail(fmt::format("cannot link {} into {}: {}", name, aside.string(), error.message()));
  }
  if (error) return fail(fmt::format("cannot read {}: {}", from.string(), error.message()));
  return {};
}

/// An empty Slice must not point nowhere: LevelDB gives its pointers to memcmp.
leveldb::Slice slice(ByteView bytes) {
  if (bytes.empty()) return {};
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view(const leveldb::Slice& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

struct LevelDb::Impl {
  explicit Impl(const std::string& folder)
      : aside(folder),
        env(folder),
        cache(leveldb::NewLRUCache(kCacheBytes)),
        filter(leveldb::NewBloomFilterPolicy(10)) {}
  ~Impl() {
    db.reset();
    std::error_code ignored;
    fs::remove_all(aside, ignored);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const fs::path aside;
  AsideEnv env;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<const leveldb::FilterPolicy> filter;  ///< goleveldb's filters are of the same name
  std::unique_ptr<leveldb::DB> db;
};

LevelDb::LevelDb(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LevelDb::~LevelDb() = default;

Result<std::unique_ptr<LevelDb>> LevelDb::open(const std::string& path, const std::string& aside) {
  if (auto kind = check_kind(path); !kind) return tl::unexpected(kind.error());
  for (const fs::path& lock : {fs::path(path) / "LOCK", fs::path(path).parent_path() / "LOCK"})
    if (is_locked(lock)) return tl::unexpected(locked_error(lock));
  auto impl = std::make_unique<Impl>(aside);
  if (auto filled = fill_aside(path, aside); !filled) return tl::unexpected(filled.error());
  leveldb::Options options;
  options.env = &impl->env;
  options.block_cache = impl->cache.get();
  options.filter_policy = impl->filter.get();
  options.max_open_files = kOpenFiles;
  leveldb::DB* opened = nullptr;
  const auto status = leveldb::DB::Open(options, aside, &opened);
  impl->db.reset(opened);
  if (!status.ok())
    return fail(fmt::format("opening the LevelDB in {} failed: {}", path, status.ToString()),
                "Does geth itself still start on it? It repairs what it can.");
  return std::unique_ptr<LevelDb>(new LevelDb(std::move(impl)));
}

std::optional<Bytes> LevelDb::get(ByteView key) const {
  std::string value;
  const auto status = impl_->db->Get({}, slice(key), &value);
  if (status.ok()) return to_bytes(as_bytes(value));
  if (!status.IsNotFound()) failure_ = status.ToString();
  return std::nullopt;
}

void LevelDb::each(ByteView prefix, const std::function<bool(ByteView, ByteView)>& visit) const {
  const std::unique_ptr<leveldb::Iterator> it(impl_->db->NewIterator({}));
  for (it->Seek(slice(prefix)); it->Valid() && it->key().starts_with(slice(prefix)); it->Next())
    if (!visit(view(it->key()), view(it->value()))) return;
  if (!it->status().ok()) failure_ = it->status().ToString();
}

}  // namespace quarry::geth
