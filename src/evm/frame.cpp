#include "evm/frame.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

namespace quarry::evm {

void Memory::Free::operator()(std::uint8_t* memory) const {
  std::free(memory);
}

void Memory::grow(std::size_t size) {
  if (size > capacity_) {
    constexpr std::size_t kLeast = 4096;
    const std::size_t capacity = std::max({size, 2 * capacity_, kLeast});
    auto* const moved = static_cast<std::uint8_t*>(std::realloc(data_.get(), capacity));
    if (moved == nullptr) throw std::bad_alloc();
    (void)data_.release();  // realloc took it
    data_.reset(moved);
    capacity_ = capacity;
  }
  std::memset(data_.get() + size_, 0, size - size_);
  size_ = size;
}

void Memory::trim() {
  constexpr std::size_t kKept = 64 * 1024;
  size_ = 0;
  if (capacity_ <= kKept) return;
  data_.reset();
  capacity_ = 0;
}

FrameSpace& frame_space(unsigned depth) {
  thread_local std::vector<std::unique_ptr<FrameSpace>> spaces;
  if (depth == 0)
    for (const auto& space : spaces) space->memory.trim();
  while (spaces.size() <= depth) spaces.push_back(std::make_unique<FrameSpace>());
  return *spaces[depth];
}

}  // namespace quarry::evm
