#include "net/loop.hpp"

#include <csignal>

#include "core/check.hpp"
#include "net/uv_handle.hpp"

namespace quarry::net {
namespace {
/// What one read takes at most: libuv suggests the same.
constexpr std::size_t kReadBufferBytes = 64 * 1024;
}  // namespace

struct Loop::Wakeup {
  UvHandle<uv_async_t> async;
};

void Loop::LoopDeleter::operator()(uv_loop_s* loop) const {
  delete loop;
}

Loop::Loop() : loop_(new uv_loop_t), wakeup_(new Wakeup), read_buffer_(kReadBufferBytes) {
  // Writing to a peer that is gone is an error code, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  QUARRY_CHECK(uv_loop_init(loop_.get()) == 0);
  const int status = wakeup_->async.open(this, [this](uv_async_t* async) {
    return uv_async_init(loop_.get(), async, [](uv_async_t* handle) {
      if (auto* self = UvHandle<uv_async_t>::owner_of<Loop>(handle)) self->run_posted();
    });
  });
  QUARRY_CHECK(status == 0);
}

Loop::~Loop() {
  close_all();
  QUARRY_CHECK(uv_loop_close(loop_.get()) == 0);
}

void Loop::close_all() {
  // A function that was posted may hold the last reference to a stream: drop these first.
  std::vector<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(posted_);
  }
  dropped.clear();
  uv_walk(
      loop_.get(),
      [](uv_handle_t* handle, void*) {
        auto* holder = static_cast<HandleHolder*>(handle->data);
        holder->owner = nullptr;
        holder->after_close = nullptr;
        holder->close();
      },
      nullptr);
  uv_run(loop_.get(), UV_RUN_DEFAULT);
}

void Loop::run() {
  thread_ = std::this_thread::get_id();
  while (!stopping_) uv_run(loop_.get(), UV_RUN_DEFAULT);
  stopping_ = false;
  thread_ = std::thread::id();
}

void Loop::stop() {
  stopping_ = true;
  post([] {});
}

void Loop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
    if (posted_.size() > 1) return;  // whoever posted the first has woken the loop
  }
  uv_async_send(wakeup_->async.get());
}

void Loop::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (auto& work : batch) {
    work();
    work = nullptr;
  }
  if (stopping_) uv_stop(loop_.get());
}

bool Loop::on_loop_thread() const {
  const auto thread = thread_.load();
  return thread == std::thread::id() || thread == std::this_thread::get_id();
}

std::uint64_t Loop::now_ms() const {
  return uv_now(loop_.get());
}

}  // namespace quarry::net
