#include "consensus/txpool_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace quarry {
namespace {

Bytes read_up_to(const std::filesystem::path& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto size = static_cast<std::streamoff>(file.tellg());
  if (size <= 0) return {};
  Bytes out(std::min(most, static_cast<std::size_t>(size)));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return out;
}

bool write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

tl::unexpected<Error> io_error(std::string_view what, const std::filesystem::path& path) {
  return fail(
      fmt::format("cannot {} the transaction journal {}: {}", what, path.string(), std::strerror(errno)),
      "Local transactions are lost when the node stops. Look at the disk's space and permissions.");
}

}  // namespace

TxnJournal::~TxnJournal() {
  close();
}

void TxnJournal::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

TxnJournal::Loaded TxnJournal::load() const {
  Loaded out;
  const auto leave_out = [&](std::size_t count, std::string why) {
    if (out.left_out == 0) out.why = std::move(why);
    out.left_out += count;
  };
  std::error_code error;
  if (std::filesystem::exists(path_, error) && !std::filesystem::is_regular_file(path_, error))
    leave_out(1, "it is no file");
  const Bytes bytes = read_up_to(path_, kMostBytes);
  rlp::Reader items(bytes);
  while (!items.at_end()) {
    const std::size_t before = items.rest().size();
    const auto item = items.next();
    if (!item) {
      leave_out(before, fmt::format("{} at byte {}", rlp::to_string(item.error()), bytes.size() - before));
      break;
    }
    rlp::Reader one(item->raw);
    auto txn = read_transaction(one);
    if (txn)
      out.txns.push_back(std::move(*txn));
    else
      leave_out(1, fmt::format("no transaction at byte {}: {}", bytes.size() - before,
                               rlp::to_string(txn.error())));
  }
  return out;
}

Result<> TxnJournal::append(const Transaction& txn) {
  if (file_ < 0) return fail("the transaction journal is not open: " + path_.string());
  rlp::Writer writer;
  write_transaction(writer, txn);
  const auto end = ::lseek(file_, 0, SEEK_END);
  if (write_all(file_, writer.bytes())) return {};
  auto failure = io_error("write to", path_);
  // What comes next must not follow a torn one. Should this fail too, the next rewrite mends it.
  if (end >= 0 && ::ftruncate(file_, end) == 0) (void)::lseek(file_, end, SEEK_SET);
  return failure;
}

Result<> TxnJournal::rewrite(const std::vector<Transaction>& txns) {
  close();
  rlp::Writer writer;
  for (const Transaction& txn : txns) write_transaction(writer, txn);
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  const std::filesystem::path aside = path_.string() + ".new";
  const int file = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return io_error("make", aside);
  const bool written = write_all(file, writer.bytes()) && ::fsync(file) == 0;
  if (!written || ::rename(aside.c_str(), path_.c_str()) != 0) {
    auto failure = io_error("write", path_);
    ::close(file);
    ::unlink(aside.c_str());
    return failure;
  }
  file_ = file;
  return {};
}

}  // namespace quarry
