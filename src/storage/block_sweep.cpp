#include "storage/block_sweep.hpp"

#include "storage/chain_store.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"

namespace quarry {

BlockSweep::BlockSweep(const DatabaseReader& reader, Table table)
    : reader_(reader), canonical_(reader.cursor(Table::canonical)), values_(reader.cursor(table)) {}

std::optional<BlockNum> BlockSweep::number_of(const BlockHash& hash) {
  const bool is_next = placed_ && canonical_.valid() && equal(canonical_.value(), hash);
  const auto number = is_next ? intact(reader_, Table::canonical, read_number(canonical_.key()))
                              : ChainStore(reader_).number_of(hash);
  placed_ = number.has_value();
  if (!number) return std::nullopt;
  if (is_next)
    canonical_.next();
  else
    canonical_.seek(number_key(*number + 1));
  return number;
}

std::optional<ByteView> BlockSweep::find(const BlockHash& hash) {
  const bool follows = placed_ && values_.valid();
  const auto number = number_of(hash);
  if (!number) return std::nullopt;
  const auto key = block_key({*number, hash});
  if (follows) values_.next();
  if (!follows || !values_.valid() || !equal(values_.key(), key)) values_.seek(key);
  if (!values_.valid() || !equal(values_.key(), key)) return std::nullopt;
  return values_.value();
}

}  // namespace quarry
