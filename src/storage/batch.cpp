#include <cstring>

#include "core/check.hpp"
#include "storage/database.hpp"

namespace quarry {

void Batch::add(Op op, Table table, ByteView first, ByteView second) {
  QUARRY_CHECK(first.size() <= UINT32_MAX && second.size() <= UINT32_MAX);
  const std::uint32_t lengths[2] = {static_cast<std::uint32_t>(first.size()),
                                    static_cast<std::uint32_t>(second.size())};
  ops_.push_back(static_cast<std::uint8_t>(op));
  ops_.push_back(static_cast<std::uint8_t>(table));
  append(ops_, {reinterpret_cast<const std::uint8_t*>(lengths), sizeof lengths});
  append(ops_, first);
  append(ops_, second);
  ++count_;
}

void Batch::put(Table table, ByteView key, ByteView value) {
  add(Op::put, table, key, value);
}
void Batch::erase(Table table, ByteView key) {
  add(Op::erase, table, key, {});
}
void Batch::erase_range(Table table, ByteView first, ByteView end) {
  add(Op::erase_range, table, first, end);
}

void Batch::clear() {
  ops_.clear();
  count_ = 0;
}

}  // namespace quarry
