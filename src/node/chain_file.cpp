#include "node/chain_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace quarry {
namespace fs = std::filesystem;
namespace {
constexpr unsigned kZlibBuffer = 1 << 18;             ///< bytes, for the file's side
constexpr std::size_t kPiece = std::size_t{1} << 16;  ///< a block's bytes are asked for in pieces of so many
constexpr unsigned kMostPrefix = 9;                   ///< RLP: a first byte and at most eight of length

std::string zlib_text(gzFile file) {
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  return code == Z_ERRNO ? std::strerror(errno) : text;
}
}  // namespace

struct ChainFileReader::Impl {
  fs::path path;
  HeaderIdentity identity{};
  gzFile file = nullptr;
  std::uint64_t total = 0;
  std::uint64_t offset = 0;  ///< in the RLP stream, where the next read begins
  std::uint64_t block_at = 0;
  std::uint64_t count = 0;  ///< blocks read
  BlockNum last_number = 0;
  Bytes buffer;

  ~Impl() {
    if (file != nullptr) gzclose(file);
  }

  Error error(std::string_view what, std::string remedy = {}) const {
    const std::string after = count == 0 ? "before any block" : fmt::format("after block {}", last_number);
    return {fmt::format("{}: byte {}, {}: {}", path.string(), block_at, after, what), std::move(remedy)};
  }

  /// Appends up to `want` bytes to `buffer`, fewer at the file's end.
  Result<std::size_t> read(std::size_t want) {
    const std::size_t before = buffer.size();
    // In pieces, so that a length that lies costs no more memory than the file has bytes.
    while (buffer.size() - before < want) {
      const std::size_t piece = std::min(kPiece, want - (buffer.size() - before));
      const std::size_t at = buffer.size();
      buffer.resize(at + piece);
      const int got = gzread(file, buffer.data() + at, static_cast<unsigned>(piece));
      buffer.resize(at + static_cast<std::size_t>(std::max(got, 0)));
      int code = Z_OK;
      gzerror(file, &code);
      if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        return tl::unexpected(
            error(code == Z_BUF_ERROR ? "the compressed file ends in the middle" : zlib_text(file),
                  "The blocks before it are sound. Copy the file again."));
      if (static_cast<std::size_t>(got) < piece) break;
    }
    offset += buffer.size() - before;
    return buffer.size() - before;
  }

  Error cut_short(std::uint64_t want, std::uint64_t got) const {
    return error(fmt::format("the file ends in the middle of a block ({} of {} bytes)", got, want),
                 "The blocks before it are sound. Copy or export the file again to have the rest.");
  }

  /// The whole length of the item that `buffer` begins, once its prefix is there.
  Result<std::optional<std::size_t>> read_length() {
    auto got = read(1);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return std::nullopt;
    const std::uint8_t first = buffer[0];
    if (first < 0xc0)
      return tl::unexpected(
          error("not a block: an RLP list should begin here", "Is this a chain file that `export` wrote?"));
    if (first < 0xf8) return std::size_t{1} + (first - 0xc0);
    const unsigned count_bytes = first - 0xf7u;
    static_assert(1 + 8 == kMostPrefix);
    got = read(count_bytes);
    if (!got) return tl::unexpected(got.error());
    if (*got < count_bytes) return tl::unexpected(cut_short(1 + count_bytes, 1 + *got));
    std::uint64_t length = 0;
    for (unsigned i = 0; i < count_bytes; ++i) {
      if (length > kMaxBlockBytes) break;
      length = length << 8 | buffer[1 + i];
    }
    if (length > kMaxBlockBytes)
      return tl::unexpected(error(fmt::format("a block of more than {} bytes", kMaxBlockBytes),
                                  count == 0
                                      ? "Is the file packed? .gz is read as it is; unpack others first."
                                      : "The file is damaged there. Copy or export it again."));
    return std::size_t{1} + count_bytes + length;
  }
};

ChainFileReader::ChainFileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChainFileReader::ChainFileReader(ChainFileReader&&) noexcept = default;
ChainFileReader& ChainFileReader::operator=(ChainFileReader&&) noexcept = default;
ChainFileReader::~ChainFileReader() = default;

Result<ChainFileReader> ChainFileReader::open(const fs::path& path, HeaderIdentity identity) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->identity = identity;
  struct stat info {};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &info) != 0 || S_ISDIR(info.st_mode)) {
    const std::string why = file >= 0 && S_ISDIR(info.st_mode) ? "is a directory" : std::strerror(errno);
    if (file >= 0) close(file);
    return fail(fmt::format("open {}: {}", path.string(), why),
                "Give the path of a chain file, as `quarry export` or geth writes it.");
  }
  if (S_ISREG(info.st_mode)) impl->total = static_cast<std::uint64_t>(info.st_size);
  impl->file = gzdopen(file, "rb");
  if (impl->file == nullptr) {
    close(file);
    return fail(fmt::format("open {}: out of memory", path.string()));
  }
  gzbuffer(impl->file, kZlibBuffer);
  return ChainFileReader(std::move(impl));
}

Result<std::optional<Block>> ChainFileReader::next() {
  Impl& in = *impl_;
  in.buffer.clear();
  in.block_at = in.offset;
  const auto length = in.read_length();
  if (!length) return tl::unexpected(length.error());
  if (!*length) return std::nullopt;
  const std::size_t missing = **length - in.buffer.size();
  const auto got = in.read(missing);
  if (!got) return tl::unexpected(got.error());
  if (*got < missing) return tl::unexpected(in.cut_short(**length, in.buffer.size()));
  auto block = decode_block(in.buffer, in.identity);
  if (!block)
    return tl::unexpected(in.error(fmt::format("not a block: {}", rlp::to_string(block.error())),
                                   "The file is damaged there. Copy or export it again."));
  ++in.count;
  in.last_number = block->header->number;
  return std::optional<Block>(std::move(*block));
}

std::uint64_t ChainFileReader::block_offset() const {
  return impl_->block_at;
}
std::size_t ChainFileReader::block_size() const {
  return impl_->buffer.size();
}
std::uint64_t ChainFileReader::bytes_read() const {
  const auto at = gzoffset(impl_->file);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}
std::uint64_t ChainFileReader::bytes_total() const {
  return impl_->total;
}

struct ChainFileWriter::Impl {
  fs::path path, part;
  gzFile file = nullptr;

  ~Impl() {
    if (file == nullptr) return;
    gzclose(file);
    std::error_code ignored;
    fs::remove(part, ignored);
  }
  Error error() const {
    return {fmt::format("write {}: {}", part.string(), zlib_text(file)), "Is the disk full?"};
  }
};

ChainFileWriter::ChainFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChainFileWriter::ChainFileWriter(ChainFileWriter&&) noexcept = default;
ChainFileWriter& ChainFileWriter::operator=(ChainFileWriter&&) noexcept = default;
ChainFileWriter::~ChainFileWriter() = default;

Result<ChainFileWriter> ChainFileWriter::create(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    return fail(fmt::format("open {}: is a directory", path.string()),
                fmt::format("Give a file's name, as {}", (path / "chain.rlp").lexically_normal().string()));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->part = path.string() + ".part";
  // "T" writes through without compression or a gzip header.
  impl->file = gzopen(impl->part.c_str(), path.extension() == ".gz" ? "wbe" : "wbTe");
  if (impl->file == nullptr)
    return fail(fmt::format("open {}: {}", impl->part.string(), std::strerror(errno)),
                "Give a file in a folder that you may write to.");
  gzbuffer(impl->file, kZlibBuffer);
  return ChainFileWriter(std::move(impl));
}

Result<> ChainFileWriter::write(ByteView block_rlp) {
  if (block_rlp.empty()) return {};
  if (gzwrite(impl_->file, block_rlp.data(), static_cast<unsigned>(block_rlp.size())) <= 0)
    return tl::unexpected(impl_->error());
  return {};
}

Result<> ChainFileWriter::finish() {
  gzFile file = std::exchange(impl_->file, nullptr);
  const int code = gzclose(file);
  if (code != Z_OK) {
    std::error_code ignored;
    fs::remove(impl_->part, ignored);
    return fail(fmt::format("write {}: {}", impl_->part.string(),
                            code == Z_ERRNO ? std::strerror(errno) : "zlib failed"),
                "Is the disk full?");
  }
  std::error_code error;
  fs::rename(impl_->part, impl_->path, error);
  if (error)
    return fail(
        fmt::format("rename {} to {}: {}", impl_->part.string(), impl_->path.string(), error.message()));
  return {};
}

}  // namespace quarry
