#include "storage/database_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "core/bytes.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kClosedName = "CLOSED";

Bytes read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

/// The write-ahead logs, oldest first: their names are numbers of six digits or more.
std::vector<fs::path> log_files(const std::string& path) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored))
    if (entry.path().extension() == ".log") out.push_back(entry.path());
  std::sort(out.begin(), out.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return out;
}

std::map<std::string, std::uint64_t> closed_logs(const std::string& path) {
  std::map<std::string, std::uint64_t> out;
  std::ifstream file(fs::path(path) / kClosedName);
  std::string name;
  std::uint64_t size = 0;
  while (file >> name >> size) out[name] = size;
  return out;
}

// A log's form (RocksDB, db/log_format.h): blocks of 32 KiB; in each, pieces of records: masked CRC-32C (4)
// of what follows the length, length (2), kind (1), bytes. All integers are little-endian. A block's last
// bytes that hold no header are zero.
constexpr std::size_t kLogBlock = 32'768;
constexpr std::size_t kPieceHeader = 7;
enum PieceKind : std::uint8_t { zero = 0, full = 1, first = 2, middle = 3, last = 4 };

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    out[i] = crc;
  }
  return out;
}();

std::uint32_t masked_crc32c(ByteView bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) crc = kCrcTable[(crc ^ byte) & 255] ^ crc >> 8;
  crc ^= 0xffffffff;
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

std::uint32_t little_endian(ByteView bytes) {
  std::uint32_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

struct PieceFault {
  std::size_t offset;
  std::string what;
  bool at_end;  ///< the file ends within the piece or record: it was not written to its end
};

/// What a log holds: the number of its first change and the one that comes after its last whole record.
struct LogWalk {
  std::optional<std::uint64_t> first, next;
  std::optional<PieceFault> fault;
};

/// Collects the head of a record over its pieces: sequence number (8), count of changes (4).
class RecordHead {
 public:
  static constexpr std::size_t kSize = 12;
  void begin() { bytes_.clear(); }
  void add(ByteView piece) { append(bytes_, piece.first(std::min(piece.size(), kSize - bytes_.size()))); }
  void end(LogWalk& walk) const {
    if (bytes_.size() < kSize) return;
    const ByteView all = bytes_;
    const std::uint64_t number =
        std::uint64_t{little_endian(all.subspan(4, 4))} << 32 | little_endian(all.first(4));
    if (!walk.first) walk.first = number;
    walk.next = number + little_endian(all.subspan(8, 4));
  }

 private:
  Bytes bytes_;
};

std::optional<PieceFault> check_piece(ByteView log, std::size_t at, bool open) {
  if (log.size() - at < kPieceHeader) return PieceFault{at, "a record's head is cut short", true};
  const std::size_t length = little_endian(log.subspan(at + 4, 2));
  const std::size_t there = log.size() - at - kPieceHeader;
  const std::uint8_t kind = log[at + 6];
  if (length > kLogBlock - at % kLogBlock - kPieceHeader)
    return PieceFault{at, "a record has an impossible length", false};
  if (length > there)
    return PieceFault{at, fmt::format("a record of {} bytes is cut short after {}", length, there), true};
  if (masked_crc32c(log.subspan(at + 6, 1 + length)) != little_endian(log.subspan(at, 4)))
    return PieceFault{at, "a record's checksum does not match", false};
  if (kind > last || (kind == full || kind == first) == open)
    return PieceFault{at, "a record's pieces do not follow each other", false};
  return std::nullopt;
}

/// Walks the pieces; the first fault ends the walk.
LogWalk walk_log(ByteView log) {
  LogWalk out;
  RecordHead head;
  std::size_t record = 0;
  bool open = false;  // a record was begun and not ended
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t left_in_block = kLogBlock - at % kLogBlock;
    const ByteView start = log.subspan(at, std::min(kPieceHeader, log.size() - at));
    const bool unused = std::all_of(start.begin(), start.end(), [](std::uint8_t byte) { return byte == 0; });
    if (left_in_block < kPieceHeader || (unused && start.size() == kPieceHeader)) {
      at += left_in_block;  // the block's end, or room taken ahead of writing
      continue;
    }
    out.fault = check_piece(log, at, open);
    if (out.fault) return out;
    const std::size_t length = little_endian(log.subspan(at + 4, 2));
    const std::uint8_t kind = log[at + 6];
    if (kind == full || kind == first) {
      record = at;
      head.begin();
    }
    head.add(log.subspan(at + kPieceHeader, length));
    open = kind == first || kind == middle;
    if (!open) head.end(out);
    at += kPieceHeader + length;
  }
  if (open) out.fault = PieceFault{record, "the last record is cut short", true};
  return out;
}

/// Each log, with the faults of its own.
struct WalkedLog {
  fs::path path;
  std::uint64_t size;
  LogWalk walk;
};

/// A gap between two whole logs tells nothing: files that are taken in number their changes too. But after a
/// cut log RocksDB begins the next one with what is missing, so there a gap is a loss. A log that ends early
/// is harmless when what was written next builds upon what is left of it; and when nothing is left of it,
/// upon what was there before it.
bool goes_on(const std::vector<WalkedLog>& logs, std::size_t at) {
  std::optional<std::uint64_t> next;
  for (std::size_t i = 0; i <= at; ++i)
    if (logs[i].walk.next) next = logs[i].walk.next;
  if (!next)
    return true;  // what came before is in tables by now; that a row lacks is for the other checks to find
  for (std::size_t i = at + 1; i < logs.size(); ++i)
    if (logs[i].walk.first) return logs[i].walk.first == next;
  return true;
}

Result<> copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error)
    return fail(fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), error.message()));
  return {};
}

Result<> link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  return error ? copy_one(from, to) : Result<>{};
}

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t out = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) out += entry.file_size(ignored);
  return out;
}

/// The manifest first: it must not name a table that is linked too late to be there.
Result<> link_all(const fs::path& path, const fs::path& to) {
  std::vector<fs::path> copied, linked;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name == "LOCK" || name.starts_with("LOG") || !entry.is_regular_file()) continue;
    if (name.ends_with(".sst") || name.ends_with(".blob"))
      linked.push_back(entry.path());
    else if (name.starts_with("MANIFEST"))
      copied.insert(copied.begin(), entry.path());
    else if (!name.ends_with(".log"))
      copied.push_back(entry.path());
  }
  if (error) return fail(fmt::format("cannot read {}: {}", path.string(), error.message()));
  // Logs in the order they were written: what a later one has builds upon the earlier ones.
  const auto logs = log_files(path.string());
  copied.insert(copied.end(), logs.begin(), logs.end());
  for (const fs::path& file : copied)
    if (auto done = copy_one(file, to / file.filename()); !done) return done;
  for (const fs::path& file : linked)
    if (auto done = link_or_copy(file, to / file.filename()); !done) return done;
  return {};
}

}  // namespace

std::map<std::string, std::uint64_t> file_state(const std::string& path) {
  std::map<std::string, std::uint64_t> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("MANIFEST"))
      out[name] = entry.file_size(ignored);
    else if (name.ends_with(".sst") || name.ends_with(".blob") || name.ends_with(".log"))
      out[name] = 0;
  }
  return out;
}

void note_closed_logs(const std::string& path) {
  std::string text;
  std::error_code ignored;
  for (const fs::path& log : log_files(path))
    text += fmt::format("{} {}\n", log.filename().string(), fs::file_size(log, ignored));
  const fs::path aside = fs::path(path) / "CLOSED.new";
  std::ofstream(aside) << text;
  fs::rename(aside, fs::path(path) / kClosedName, ignored);
}

void forget_closed_logs(const std::string& path) {
  std::error_code ignored;
  fs::remove(fs::path(path) / kClosedName, ignored);
}

std::vector<LogFault> check_logs(const std::string& path) {
  std::vector<WalkedLog> logs;
  for (const fs::path& log : log_files(path)) {
    const Bytes bytes = read_whole(log);
    logs.push_back({log, bytes.size(), walk_log(bytes)});
  }
  std::error_code ignored;
  const bool clean = fs::exists(fs::path(path) / kClosedName, ignored);
  auto closed = closed_logs(path);
  std::vector<LogFault> out;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const auto& [log, size, walk] = logs[i];
    const auto noted = closed.find(log.filename().string());
    if (noted != closed.end() && noted->second != size)
      out.push_back({log.string(), fmt::format("has {} bytes, and had {} when the database was closed", size,
                                               noted->second)});
    else if (walk.fault)
      out.push_back({log.string(), fmt::format("byte {}: {}", walk.fault->offset, walk.fault->what),
                     walk.fault->at_end && (i + 1 == logs.size() ? !clean : goes_on(logs, i))});
    if (noted != closed.end()) closed.erase(noted);
  }
  for (const auto& [name, size] : closed)
    out.push_back({(fs::path(path) / name).string(),
                   fmt::format("is not there, and had {} bytes when the database was closed", size)});
  return out;
}

Result<std::uint64_t> link_database(const std::string& path, const std::string& to) {
  constexpr int kMostTries = 50;
  std::error_code error;
  fs::create_directories(fs::path(to).parent_path(), error);
  for (int i = 0; i < kMostTries; ++i) {
    fs::create_directory(to, error);
    if (error) return fail(fmt::format("cannot make the folder {}: {}", to, error.message()));
    const auto before = file_state(path);
    auto done = link_all(path, to);
    if (done && file_state(path) == before) return folder_bytes(to);
    fs::remove_all(to, error);
    if (!done && file_state(path) == before) return tl::unexpected(done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fail(fmt::format("the database in {} changes its files too often to be copied", path),
              "Stop what writes to it, or try again when it is less busy.");
}

}  // namespace quarry
