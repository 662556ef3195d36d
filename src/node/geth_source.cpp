#include "node/geth_source.hpp"

#include <fmt/format.h>

#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "storage/codec.hpp"

namespace quarry::geth {
namespace fs = std::filesystem;
namespace {

Bytes key_of(std::string_view prefix, ByteView a, ByteView b = {}, std::string_view suffix = {}) {
  Bytes out = to_bytes(as_bytes(prefix));
  append(out, a);
  append(out, b);
  append(out, as_bytes(suffix));
  return out;
}

std::string name_of(const BlockId& id) {
  return fmt::format("block {} ({})", id.number, id.hash.hex());
}

Error wrong(const BlockId& id, std::string what) {
  return {fmt::format("{}: {}", name_of(id), what),
          "The source is damaged; does geth itself still start on it?"};
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

Result<Folders> find_folders(const fs::path& path) {
  if (!is_file(path))
    return fail(fmt::format("{} is not there", path.string()), "Give the folder that was geth's --datadir.");
  const fs::path whole = fs::absolute(path).lexically_normal();
  for (const auto& [chaindata, datadir] :
       {std::pair{whole / "geth" / "chaindata", whole}, std::pair{whole / "chaindata", whole / ".."}})
    if (is_file(chaindata)) return Folders{datadir.lexically_normal(), chaindata};
  if (is_file(whole / "CURRENT")) return Folders{(whole / ".." / "..").lexically_normal(), whole};
  return fail(
      fmt::format("no geth data dir at {}: neither geth/chaindata nor chaindata is below it", path.string()),
      "Give the folder that was geth's --datadir.");
}

Result<std::unique_ptr<Source>> Source::open(const Folders& folders, const fs::path& aside) {
  auto db = LevelDb::open(folders.chaindata.string(), aside.string());
  if (!db) return tl::unexpected(db.error());
  auto out = std::unique_ptr<Source>(new Source);
  out->db_ = std::move(*db);
  if (auto opened = out->open_freezer(folders.chaindata); !opened) return tl::unexpected(opened.error());
  if (auto found = out->find_head(folders.chaindata.string()); !found) return tl::unexpected(found.error());
  return out;
}

Result<> Source::open_freezer(const fs::path& chaindata) {
  fs::path folder = chaindata / "ancient";
  if (is_file(folder / "chain")) folder /= "chain";  // from 1.10.26 on
  if (!is_file(folder)) return {};
  const std::pair<const char*, std::unique_ptr<FreezerTable>*> tables[] = {{"hashes", &hashes_},
                                                                           {"headers", &headers_},
                                                                           {"bodies", &bodies_},
                                                                           {"receipts", &receipts_},
                                                                           {"diffs", &totals_}};
  for (const auto& [name, table] : tables) {
    auto opened = FreezerTable::open(folder, name);
    if (!opened) return tl::unexpected(opened.error());
    *table = std::move(*opened);
  }
  return {};
}

Result<> Source::find_head(const std::string& path) {
  const auto hash = db_->get(as_bytes("LastBlock"));
  const auto head = hash ? BlockHash::from(*hash) : std::nullopt;
  if (!head)
    return fail(
        fmt::format("{} holds no chain: it names no head block", path),
        db_->failure().value_or("Was `geth init` run there, and is it a full node's? Light nodes keep "
                                "their chain in lightchaindata, without state."));
  const auto number = db_->get(key_of("H", *head));
  const auto read = number && number->size() == 8 ? read_number(*number) : std::nullopt;
  if (!read) return fail(fmt::format("{}: the head block {} is not there", path, head->hex()));
  head_ = {*read, *head};
  return {};
}

std::optional<BlockHash> Source::canonical_hash(BlockNum number) {
  if (hashes_ && number >= hashes_->begin() && number < hashes_->end()) {
    const auto frozen = hashes_->get(number);
    if (frozen) return BlockHash::from(*frozen);
  }
  const auto hash = db_->get(key_of("h", number_key(number), {}, "n"));
  return hash ? BlockHash::from(*hash) : std::nullopt;
}

Result<Bytes> Source::block_value(const std::unique_ptr<FreezerTable>& table, char prefix, const BlockId& id,
                                  std::string_view suffix, std::string_view what) {
  if (auto value = db_->get(key_of({&prefix, 1}, number_key(id.number), id.hash, suffix)))
    return *std::move(value);
  if (table && id.number < table->end()) return table->get(id.number);
  Error error = wrong(id, fmt::format("its {} is not there", what));
  if (db_->failure()) error.remedy = *db_->failure();
  return tl::unexpected(std::move(error));
}

Result<SealedHeader> Source::header(BlockNum number) {
  const auto hash = canonical_hash(number);
  if (!hash) return fail(fmt::format("block {}: geth's index names no block of this height", number));
  const BlockId id{number, *hash};
  const auto rlp = block_value(headers_, 'h', id, {}, "header");
  if (!rlp) return tl::unexpected(rlp.error());
  auto header = decode_header(*rlp, HeaderIdentity::keccak_rlp);
  if (!header) return tl::unexpected(wrong(id, "its header does not decode"));
  if (header->hash() != *hash || (*header)->number != number)
    return tl::unexpected(wrong(id, fmt::format("its header is block {}'s and hashes to {}",
                                                (*header)->number, header->hash().hex())));
  return std::move(*header);
}

Result<> Source::read_contents(SourceBlock& block) {
  const Header& header = *block.header;
  const BlockId id{header.number, block.header.hash()};
  const auto body = block_value(bodies_, 'b', id, {}, "body");
  if (!body) return tl::unexpected(body.error());
  auto decoded = decode_body(*body, HeaderIdentity::keccak_rlp);
  if (!decoded) return tl::unexpected(wrong(id, "its body does not decode"));
  block.body = std::move(*decoded);
  if (transactions_root(block.body.transactions) != header.transactions_root ||
      ommers_hash(block.body.ommers) != header.ommers_hash)
    return tl::unexpected(wrong(id, "its body is not the one that its header names"));
  if (!block.body.transactions.empty()) {
    const auto receipts = block_value(receipts_, 'r', id, {}, "list of receipts");
    if (!receipts) return tl::unexpected(receipts.error());
    auto read = decode_receipts(*receipts, block.body.transactions);
    if (!read) return tl::unexpected(wrong(id, "its receipts do not decode"));
    block.receipts = std::move(*read);
  }
  if (const RootHash root = receipts_root(block.receipts); root != header.receipts_root)
    return tl::unexpected(wrong(id, fmt::format("its receipts' root is {}, and its header says {}",
                                                root.hex(), header.receipts_root.hex())));
  return {};
}

Result<SourceBlock> Source::block(BlockNum number) {
  auto header = this->header(number);
  if (!header) return tl::unexpected(header.error());
  SourceBlock out;
  out.header = std::move(*header);
  const BlockId id{number, out.header.hash()};
  if (auto read = read_contents(out); !read) return tl::unexpected(read.error());
  const auto total = block_value(totals_, 'h', id, "t", "total difficulty");
  if (!total) return tl::unexpected(total.error());
  rlp::Reader reader(*total);
  const auto value = reader.u256();
  if (!value || !reader.at_end()) return tl::unexpected(wrong(id, "its total difficulty does not decode"));
  out.total_difficulty = *value;
  return out;
}

std::optional<std::string> Source::config_text(const BlockHash& genesis) const {
  const auto text = db_->get(key_of("ethereum-config-", genesis));
  if (!text) return std::nullopt;
  return std::string{as_text(*text)};
}

std::optional<std::string> Source::alloc_text(const BlockHash& genesis) const {
  const auto text = db_->get(key_of("ethereum-genesis-", genesis));
  if (!text) return std::nullopt;
  return std::string{as_text(*text)};
}

std::optional<Bytes> Source::preimage(const Hash256& hash) const {
  auto found = db_->get(key_of("secure-key-", hash));
  if (!found || keccak256(*found) != hash) return std::nullopt;
  return found;
}

std::optional<Bytes> Source::node(const std::optional<AddressHash>& account, ByteView path,
                                  const Hash256& hash) {
  if (auto by_hash = db_->get(hash)) return by_hash;
  auto by_path = account ? db_->get(key_of("O", *account, path)) : db_->get(key_of("A", path));
  if (!by_path || keccak256(*by_path) != hash) return std::nullopt;  // another state's
  return by_path;
}

std::optional<Bytes> Source::code(const CodeHash& hash) {
  if (auto prefixed = db_->get(key_of("c", hash))) return prefixed;
  return db_->get(hash);
}

}  // namespace quarry::geth
