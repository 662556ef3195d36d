#include "node/jbc_source.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>

#include "consensus/jbc/json_list.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {
constexpr std::size_t kReadBytes = std::size_t{256} << 10;

/// Closes itself.
class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }

 private:
  int number_;
};

/// The index, when `name` is what jbc_file_name() gives for it.
std::optional<BlockNum> index_of_name(std::string_view name) {
  BlockNum index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || jbc_file_name(index) != name) return std::nullopt;
  return index;
}

/// The whole file; an error text when it cannot be read or has too many bytes.
Expected<std::string, std::string> read_whole(int folder, const std::string& name) {
  const File file(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return tl::unexpected(std::string(std::strerror(errno)));
  static thread_local std::vector<char> buffer(kReadBytes);
  std::string out;
  while (true) {
    const ssize_t got = ::read(file.number(), buffer.data(), buffer.size());
    if (got < 0) return tl::unexpected(std::string(std::strerror(errno)));
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < buffer.size()) return out;
    if (out.size() > jbc::kMostJsonBytes)
      return tl::unexpected(fmt::format("more than {} bytes", jbc::kMostJsonBytes));
  }
}
}  // namespace

std::string jbc_file_name(BlockNum index) {
  return fmt::format("{:06}.json", index);
}

std::string JbcFault::text() const {
  return fmt::format("{}: block {}: {}: {}", file, index, rule, detail);
}

struct JbcSource::Impl {
  fs::path path;
  std::optional<JbcFault> end_fault;
  std::vector<JbcFault> stray;
  BlockNum at = 0;  ///< the next piece's first block

  // A folder.
  bool is_folder = false;
  File folder{-1};
  std::map<BlockNum, std::string> odd;  ///< names that do not say the index; it was read from the file
  BlockNum count = 0;                   ///< blocks 0 … count - 1 are there

  // A list.
  File list{-1};
  jbc::ListReader cutter;
  std::string buffer;

  Result<> scan();
  void read_odd(const std::string& name, std::vector<BlockNum>& found);
  void find_gap(std::vector<BlockNum> found);
  std::optional<std::string> next_element();
  JbcPiece next_of_list();
  std::string name_of(BlockNum index) const {
    const auto found = odd.find(index);
    return found == odd.end() ? jbc_file_name(index) : found->second;
  }
  std::string shown(const std::string& name) const { return (path / name).string(); }
  std::string file_of(BlockNum index) const { return is_folder ? shown(name_of(index)) : path.string(); }
  Expected<jbc::Block, JbcFault> parse(BlockNum index, std::string_view text) const;
};

/// Every *.json is a block, as the tutorial's sync_local() has it.
Result<> JbcSource::Impl::scan() {
  DIR* listing = fdopendir(dup(folder.number()));
  if (listing == nullptr) return fail(fmt::format("open {}: {}", path.string(), std::strerror(errno)));
  std::vector<BlockNum> found;
  std::vector<std::string> unnamed;
  while (const dirent* entry = readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(".json")) continue;
    if (const auto index = index_of_name(name))
      found.push_back(*index);
    else
      unnamed.emplace_back(name);
  }
  closedir(listing);
  if (found.empty() && unnamed.empty())
    return fail(fmt::format("{}: no block in the folder: no file's name ends in .json", path.string()),
                "Give the folder that holds 000000.json, 000001.json …");
  std::sort(found.begin(), found.end());
  std::sort(unnamed.begin(), unnamed.end());
  for (const std::string& name : unnamed) read_odd(name, found);
  find_gap(std::move(found));
  return {};
}

/// A file whose name is not a block's is what its content says. `found` is sorted.
void JbcSource::Impl::read_odd(const std::string& name, std::vector<BlockNum>& found) {
  const auto text = read_whole(folder.number(), name);
  if (!text) return stray.push_back({shown(name), 0, "file", text.error()});
  const auto block = jbc::parse_json(*text);
  if (!block) return stray.push_back({shown(name), 0, block.error().rule, block.error().detail});
  const BlockNum index = block->index;
  const auto place = std::lower_bound(found.begin(), found.end(), index);
  if (place == found.end() || *place != index) {
    found.insert(place, index);
    odd[index] = name;
    return;
  }
  JbcFault twice{shown(name), index, "duplicate index",
                 fmt::format("the index is {}, which {} has as well", index, name_of(index))};
  if (!end_fault || end_fault->index > index) end_fault = std::move(twice);
}

/// Sets how many blocks there are without a gap, and what is wrong after them.
void JbcSource::Impl::find_gap(std::vector<BlockNum> found) {
  std::size_t whole = 0;
  while (whole < found.size() && found[whole] == whole) ++whole;
  count = whole;
  if (end_fault && end_fault->index < count) {
    count = end_fault->index;
    return;
  }
  end_fault.reset();
  if (whole == found.size()) return;
  end_fault = JbcFault{shown(jbc_file_name(whole)), whole, "missing block",
                       fmt::format("there is no such file, but {} is there", name_of(found[whole]))};
}

Expected<jbc::Block, JbcFault> JbcSource::Impl::parse(BlockNum index, std::string_view text) const {
  auto block = jbc::parse_json(text);
  if (!block)
    return tl::unexpected(JbcFault{file_of(index), index, block.error().rule, block.error().detail});
  if (block->index == index) return std::move(*block);
  return tl::unexpected(JbcFault{file_of(index), index, "index",
                                 fmt::format("the index is {}, its place in the {} says {}", block->index,
                                             is_folder ? "folder" : "list", index)});
}

/// An element of the list; nothing at its end, or where it is no list (then `end_fault` says so).
std::optional<std::string> JbcSource::Impl::next_element() {
  const auto fault = [this](std::string rule, std::string detail) {
    end_fault = JbcFault{path.string(), at, std::move(rule), std::move(detail)};
  };
  std::string element;
  while (!cutter.next(element)) {
    if (end_fault) {
      end_fault->index = at;  // blocks that stand before the fault were handed out since
      return std::nullopt;
    }
    buffer.resize(kReadBytes);
    const ssize_t got = ::read(list.number(), buffer.data(), buffer.size());
    buffer.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 && cutter.at_end()) return std::nullopt;
    if (got == 0)
      fault("not JSON", "the file ends in the middle of the list");
    else if (got < 0)
      fault("file", std::strerror(errno));
    else if (auto fed = cutter.feed(buffer); !fed)
      fault(fed.error().rule, fed.error().detail);
  }
  return element;
}

JbcPiece JbcSource::Impl::next_of_list() {
  JbcPiece piece{at, 0, {}};
  std::size_t bytes = 0;
  while (piece.texts.size() < kPieceBlocks && bytes < kMostPieceBytes) {
    auto element = next_element();
    if (!element) break;
    bytes += element->size();
    piece.texts.push_back(std::move(*element));
    ++at;
  }
  piece.count = piece.texts.size();
  return piece;
}

JbcSource::JbcSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JbcSource::JbcSource(JbcSource&&) noexcept = default;
JbcSource& JbcSource::operator=(JbcSource&&) noexcept = default;
JbcSource::~JbcSource() = default;

Result<JbcSource> JbcSource::open(const fs::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (file.number() < 0 || fstat(file.number(), &info) != 0)
    return fail(fmt::format("open {}: {}", path.string(), std::strerror(errno)),
                "Give the folder that holds 000000.json, 000001.json …, or a blockchain.json.");
  impl->is_folder = S_ISDIR(info.st_mode);
  (impl->is_folder ? impl->folder : impl->list) = std::move(file);
  if (impl->is_folder)
    if (auto scanned = impl->scan(); !scanned) return tl::unexpected(scanned.error());
  return JbcSource(std::move(impl));
}

std::optional<JbcPiece> JbcSource::next() {
  Impl& in = *impl_;
  if (!in.is_folder) {
    JbcPiece piece = in.next_of_list();
    return piece.count == 0 ? std::nullopt : std::optional(std::move(piece));
  }
  if (in.at == in.count) return std::nullopt;
  JbcPiece piece{in.at, static_cast<std::size_t>(std::min<BlockNum>(kPieceBlocks, in.count - in.at)), {}};
  in.at += piece.count;
  return piece;
}

const std::optional<JbcFault>& JbcSource::end_fault() const {
  return impl_->end_fault;
}

Result<> JbcSource::rewind() {
  Impl& in = *impl_;
  in.at = 0;
  if (in.is_folder) return {};
  if (lseek(in.list.number(), 0, SEEK_SET) != 0)
    return fail(fmt::format("{}: cannot be read twice: {}", in.path.string(), std::strerror(errno)),
                "Give a file, not a pipe; or --keep-valid, which reads once.");
  in.cutter = {};
  in.end_fault.reset();
  return {};
}

JbcRead JbcSource::read(const JbcPiece& piece) const {
  const Impl& in = *impl_;
  JbcRead out;
  out.blocks.reserve(piece.count);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < piece.count; ++i) {
    const BlockNum index = piece.first + i;
    if (in.is_folder && bytes > kMostPieceBytes) {
      out.rest = {index, piece.count - i, {}};
      return out;
    }
    Expected<std::string, std::string> text = std::string{};
    if (in.is_folder) text = read_whole(in.folder.number(), in.name_of(index));
    if (!text) {
      out.fault = JbcFault{in.shown(in.name_of(index)), index, "file", text.error()};
      return out;
    }
    auto block = in.parse(index, in.is_folder ? *text : piece.texts[i]);
    if (!block) {
      out.fault = std::move(block.error());
      return out;
    }
    bytes += text->size();
    out.blocks.push_back(std::move(*block));
  }
  return out;
}

std::string JbcSource::file_of(BlockNum index) const {
  return impl_->file_of(index);
}
std::uint64_t JbcSource::total() const {
  return impl_->count;
}
const std::vector<JbcFault>& JbcSource::stray_files() const {
  return impl_->stray;
}

}  // namespace quarry
