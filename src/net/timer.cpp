#include "net/timer.hpp"

#include "core/check.hpp"
#include "net/uv_handle.hpp"

namespace quarry::net {

struct Timer::Impl {
  UvHandle<uv_timer_t> handle;
  // Shared, so that a callback which destroys its timer goes on to its end.
  std::shared_ptr<std::function<void()>> on_time;

  void start(std::uint64_t delay, std::uint64_t interval) {
    if (!handle.is_open()) return;
    uv_timer_start(
        handle.get(),
        [](uv_timer_t* timer) {
          auto* self = UvHandle<uv_timer_t>::owner_of<Impl>(timer);
          if (self == nullptr) return;
          const auto call = self->on_time;
          (*call)();
        },
        delay, interval);
  }
};

Timer::Timer(Loop& loop, std::function<void()> on_time) : impl_(new Impl) {
  impl_->on_time = std::make_shared<std::function<void()>>(std::move(on_time));
  const int status = impl_->handle.open(
      impl_.get(), [&loop](uv_timer_t* timer) { return uv_timer_init(loop.raw(), timer); });
  QUARRY_CHECK(status == 0);
}
Timer::~Timer() = default;

void Timer::start(std::chrono::milliseconds delay) {
  impl_->start(static_cast<std::uint64_t>(delay.count()), 0);
}
void Timer::start_repeating(std::chrono::milliseconds interval) {
  const auto ms = static_cast<std::uint64_t>(interval.count());
  impl_->start(ms, ms);
}
void Timer::stop() {
  if (impl_->handle.is_open()) uv_timer_stop(impl_->handle.get());
}
bool Timer::active() const {
  return impl_->handle.is_open() && uv_is_active(reinterpret_cast<uv_handle_t*>(impl_->handle.get())) != 0;
}

}  // namespace quarry::net
