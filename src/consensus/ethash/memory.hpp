#pragma once
/// \file
/// Large tables: anonymous memory in huge pages, or a file mapped read-only.

#include <cstdint>
#include <filesystem>

#include "core/bytes.hpp"

namespace quarry::ethash {

/// Owns one mapping. Where reads are random over a gigabyte, huge pages save a page walk for each.
class Memory {
 public:
  Memory() = default;
  /// Zeroed memory; huge pages are asked for, not insisted on. Empty when there is not enough.
  static Memory anonymous(std::size_t bytes);
  /// `bytes` of a file from `offset` on; `whole` keeps the mapping's start page-aligned.
  static Memory mapped(int fd, std::size_t offset, std::size_t bytes);
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;
  ~Memory();

  explicit operator bool() const { return data_ != nullptr; }
  std::uint8_t* data() { return data_; }
  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  ByteView bytes() const { return {data_, size_}; }

 private:
  void* map_ = nullptr;
  std::size_t map_size_ = 0;
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What the kernel says can be allocated without swapping; a large number when it does not say.
std::uint64_t available_memory();

}  // namespace quarry::ethash
