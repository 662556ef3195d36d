#include "node/jbc_data.hpp"

#include <fmt/format.h>

#include "consensus/jbc/json.hpp"

namespace quarry {

Result<std::size_t> JbcDataQueue::submit(std::string text) {
  if (text.empty()) return fail("the data is empty", "A block without data of its own says \"I block #N\".");
  if (text.size() > kMostTextBytes)
    return fail(fmt::format("the data has {} bytes, most is {}", text.size(), kMostTextBytes));
  if (!jbc::is_utf8(text)) return fail("the data is not text in UTF-8");
  const std::lock_guard lock(mutex_);
  if (texts_.size() == kMostTexts || bytes_ + text.size() > kMostBytes)
    return fail(fmt::format("{} texts of {} bytes wait for a block already", texts_.size(), bytes_),
                "Submit again when blocks have taken some: jbc.pendingData() shows them.");
  bytes_ += text.size();
  texts_.push_back(std::move(text));
  return texts_.size();
}

std::vector<std::string> JbcDataQueue::pending() const {
  const std::lock_guard lock(mutex_);
  return {texts_.begin(), texts_.end()};
}

std::string JbcDataQueue::next() const {
  const std::lock_guard lock(mutex_);
  return texts_.empty() ? otherwise_ : texts_.front();
}

void JbcDataQueue::on_head(const HeadEvent& event) {
  if (!event.sealed_here || event.added.empty()) return;
  const auto block = jbc::from_header(event.added.back()->header);
  const std::lock_guard lock(mutex_);
  if (!block || texts_.empty() || texts_.front() != block->data) return;
  bytes_ -= texts_.front().size();
  texts_.pop_front();
}

}  // namespace quarry
