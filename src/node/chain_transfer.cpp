#include "node/chain_transfer.hpp"

#include <fmt/format.h>

#include <future>

#include "node/chain_file.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {
/// Exported blocks between two looks at `stopped`.
constexpr std::uint64_t kExportGroup = 256;

struct Group {
  std::vector<Block> blocks;
  std::vector<std::uint64_t> offsets;  ///< of each block, in the RLP stream
  std::uint64_t known = 0;             ///< skipped before them
  std::uint64_t bytes_read = 0;        ///< of the file, so far
  bool at_end = false;
  std::optional<Error> error;             ///< what comes after the blocks cannot be read
  std::shared_ptr<TxnRecovery> recovery;  ///< of the blocks, under way; last, since it refers to them
};

class Importer {
 public:
  Importer(ChainFileReader reader, const fs::path& file, const ChainStore& store, const InsertBlocks& insert,
           const RecoverAhead& recover)
      : reader_(std::move(reader)),
        file_(file),
        store_(store),
        insert_(insert),
        recover_(recover),
        genesis_(store.canonical_hash(0)) {}

  Result<ImportReport> run(const TransferWatch& watch) {
    Group group = read();
    while (true) {
      // The chain works on this group while the next one is read.
      std::future<Group> next;
      const bool last = group.at_end || group.error;
      if (!last) next = std::async(std::launch::async, [this] { return read(); });
      const auto inserted = insert(group);
      if (!last) next.wait();
      if (!inserted) return tl::unexpected(inserted.error());
      if (watch.progress)
        watch.progress(group.bytes_read, reader_.bytes_total(), report_.imported + report_.known);
      if (group.error) return tl::unexpected(*group.error);
      if (last) return report_;
      if (watch.stopped && watch.stopped()) {
        report_.stopped = true;
        return report_;
      }
      group.recovery.reset();  // before its blocks go
      group = next.get();
    }
  }

 private:
  /// Reads on until a group is full.
  Group read() {
    Group group;
    std::uint64_t bytes = 0;
    while (group.blocks.size() + group.known / 16 < kMostImportBlocks && bytes < kMostImportBytes) {
      auto block = reader_.next();
      if (!block) {
        group.error = block.error();
        break;
      }
      if (!*block) {
        group.at_end = true;
        break;
      }
      const SealedHeader& header = (**block).header;
      if (header->number == 0 && header.hash() != genesis_) {
        group.error = other_chain(header.hash());
        break;
      }
      if (is_known(header)) {
        ++group.known;
        continue;
      }
      group.offsets.push_back(reader_.block_offset());
      group.blocks.push_back(std::move(**block));
      bytes += reader_.block_size();
    }
    group.bytes_read = reader_.bytes_read();
    if (recover_ && !group.blocks.empty()) group.recovery = recover_(group.blocks);
    return group;
  }

  bool is_known(const SealedHeader& header) const {
    if (header->number == 0) return true;  // ours: looked at before
    // Once a block is new, so are its children: the disk is asked no more.
    if (past_known_) return false;
    const bool known = header->number <= store_.heads().block.number &&
                       store_.canonical_hash(header->number) == header.hash();
    past_known_ = !known;
    return known;
  }

  Error other_chain(const BlockHash& theirs) const {
    return {fmt::format("{}: the file is of another chain: its genesis is {}, ours {}", file_.string(),
                        theirs.hex(), genesis_.value_or(BlockHash{}).hex()),
            "Run `quarry init` with that chain's genesis file on an empty --datadir, then import there."};
  }

  Error refused(const Group& group, const ImportResult::Stop& stop) const {
    const std::uint64_t offset = stop.index < group.offsets.size() ? group.offsets[stop.index] : 0;
    std::string remedy = "Blocks before it were imported.";
    if (stop.error.rule == BlockRule::unknown_parent)
      remedy =
          "Its parent is not in the data dir: the file begins later than this chain ends, or is of another "
          "chain.";
    if (stop.error.rule == BlockRule::future_time) remedy = "Is this machine's clock right? `date` shows it.";
    return {fmt::format("{}: byte {}, block {} ({}): {}: {}", file_.string(), offset, stop.id.number,
                        short_hex(stop.id.hash), to_string(stop.error.rule), stop.error.detail),
            std::move(remedy)};
  }

  Result<> insert(const Group& group) {
    report_.known += group.known;
    if (group.blocks.empty()) return {};
    const ImportResult result = insert_(group.blocks, group.recovery.get());
    report_.imported += result.inserted;
    report_.known += result.ignored;
    if (result.bad) return tl::unexpected(refused(group, *result.bad));
    if (result.future) return tl::unexpected(refused(group, *result.future));
    if (result.disk) return tl::unexpected(*result.disk);
    return {};
  }

  ChainFileReader reader_;
  const fs::path& file_;
  const ChainStore& store_;
  const InsertBlocks& insert_;
  const RecoverAhead& recover_;
  const std::optional<BlockHash> genesis_;
  mutable bool past_known_ = false;
  ImportReport report_;
};
}  // namespace

Result<ImportReport> import_chain_file(const fs::path& file, const ChainStore& store, const ChainSpec& spec,
                                       const InsertBlocks& insert, const RecoverAhead& recover,
                                       const TransferWatch& watch) {
  auto reader = ChainFileReader::open(file, spec.header_identity());
  if (!reader) return tl::unexpected(reader.error());
  auto report = Importer(std::move(*reader), file, store, insert, recover).run(watch);
  if (report && report->imported + report->known == 0 && !report->stopped)
    return fail(fmt::format("{}: no block in the file", file.string()),
                "Give a file that `quarry export` or `geth export` wrote.");
  return report;
}

Result<BlockRange> export_range(const ChainStore& store, std::optional<BlockNum> first,
                                std::optional<BlockNum> last) {
  const BlockNum head = store.heads().block.number;
  const BlockNum from = first.value_or(0), to = last.value_or(head);
  if (from > to) return fail(fmt::format("the first block ({}) is after the last ({})", from, to));
  if (to > head)
    return fail(fmt::format("block {} is past the head, which is block {}", to, head),
                fmt::format("Give {} as the last block, or none.", head));
  return BlockRange{from, to};
}

Result<std::uint64_t> export_chain_file(const fs::path& file, const ChainStore& store,
                                        std::optional<BlockNum> first, std::optional<BlockNum> last,
                                        const TransferWatch& watch) {
  const auto range = export_range(store, first, last);
  if (!range) return tl::unexpected(range.error());
  const BlockNum from = range->first, to = range->last;
  auto writer = ChainFileWriter::create(file);
  if (!writer) return tl::unexpected(writer.error());
  const std::uint64_t total = to - from + 1;
  for (BlockNum number = from; number <= to; ++number) {
    const auto id = store.canonical_id(number);
    const auto header = id ? store.header_rlp(*id) : std::nullopt;
    const auto body = id ? store.body_rlp(*id) : std::nullopt;
    if (!header || !body)
      return fail(fmt::format("block {} is not complete in the database", number),
                  "Wait until the sync is over, or give a range above it.");
    if (auto written = writer->write(join_block(*header, *body)); !written)
      return tl::unexpected(written.error());
    const std::uint64_t done = number - from + 1;
    if (done % kExportGroup != 0) continue;
    if (watch.progress) watch.progress(done, total, done);
    if (watch.stopped && watch.stopped()) return fail("export stopped; nothing was written");
  }
  if (auto finished = writer->finish(); !finished) return tl::unexpected(finished.error());
  return total;
}

}  // namespace quarry
