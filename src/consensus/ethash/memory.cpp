#include "consensus/ethash/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>
#include <utility>

namespace quarry::ethash {
namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t rounded_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}
}  // namespace

Memory Memory::anonymous(std::size_t bytes) {
  // Small tables are not worth a huge page; larger ones start at one, so that all of them can be huge.
  const bool huge = bytes >= kHugePage;
  const std::size_t map_size = huge ? rounded_up(bytes, kHugePage) + kHugePage : bytes;
  void* map =
      mmap(nullptr, map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return {};
  Memory out;
  out.map_ = map;
  out.map_size_ = map_size;
  out.size_ = bytes;
  const auto start = reinterpret_cast<std::uintptr_t>(map);
  out.data_ = reinterpret_cast<std::uint8_t*>(huge ? rounded_up(start, kHugePage) : start);
  if (huge) madvise(out.data_, rounded_up(bytes, kHugePage), MADV_HUGEPAGE);
  return out;
}

Memory Memory::mapped(int fd, std::size_t offset, std::size_t bytes) {
  void* map = mmap(nullptr, offset + bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return {};
  Memory out;
  out.map_ = map;
  out.map_size_ = offset + bytes;
  out.data_ = static_cast<std::uint8_t*>(map) + offset;
  out.size_ = bytes;
  return out;
}

Memory::Memory(Memory&& other) noexcept {
  *this = std::move(other);
}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(map_, other.map_);
  std::swap(map_size_, other.map_size_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Memory::~Memory() {
  if (map_ != nullptr) munmap(map_, map_size_);
}

std::uint64_t available_memory() {
  std::ifstream info("/proc/meminfo");
  std::string name, unit;
  std::uint64_t kilobytes = 0;
  while (info >> name >> kilobytes) {
    if (name == "MemAvailable:") return kilobytes * 1024;
    std::getline(info, unit);
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace quarry::ethash
