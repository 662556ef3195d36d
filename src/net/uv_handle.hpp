#pragma once
/// \file
/// The one place where a libuv handle is freed. libuv goes on using a handle until its close
/// callback, so the handle lives in a holder of its own, which that callback deletes; the owner
/// keeps a UvHandle, and may go away at any time, inside its own callbacks too.
/// For .cpp files of this folder only: it brings in uv.h.

#include <uv.h>

#include <functional>

namespace quarry::net {

/// What every handle's `data` points to.
struct HandleHolder {
  HandleHolder() = default;
  HandleHolder(const HandleHolder&) = delete;
  HandleHolder& operator=(const HandleHolder&) = delete;
  virtual ~HandleHolder() = default;
  virtual uv_handle_t* raw() = 0;

  void* owner = nullptr;              ///< null once the owner is gone
  HandleHolder** slot = nullptr;      ///< the owner's pointer to this holder, cleared when it is freed
  std::function<void()> after_close;  ///< runs once, after the holder is freed

  /// Closes the handle unless it is closing; its memory goes in the close callback.
  void close() {
    if (!uv_is_closing(raw())) uv_close(raw(), &HandleHolder::closed);
  }

 private:
  static void closed(uv_handle_t* handle) {
    auto* holder = static_cast<HandleHolder*>(handle->data);
    if (holder->slot != nullptr) *holder->slot = nullptr;
    const auto after = std::move(holder->after_close);
    delete holder;
    if (after) after();
  }
};

template <class T>
class UvHandle {
 public:
  UvHandle() = default;
  UvHandle(const UvHandle&) = delete;
  UvHandle& operator=(const UvHandle&) = delete;
  ~UvHandle() {
    if (holder_ == nullptr) return;
    holder_->owner = nullptr;
    holder_->slot = nullptr;
    holder_->after_close = nullptr;
    holder_->close();
  }

  /// Allocates the holder and calls `init(T*)`, which returns libuv's status; on an error nothing
  /// is held.
  template <class Init>
  int open(void* owner, Init init) {
    auto* holder = new Holder;
    const int status = init(&holder->handle);
    if (status != 0) {
      delete holder;
      return status;
    }
    holder->raw()->data = holder;
    holder->owner = owner;
    holder->slot = &holder_;
    holder_ = holder;
    return 0;
  }
  /// Closes; `after` runs from the loop when the handle is gone, unless this object goes first.
  void close(std::function<void()> after = {}) {
    if (holder_ == nullptr) return;
    holder_->after_close = std::move(after);
    holder_->close();
  }
  bool is_open() const { return holder_ != nullptr && !uv_is_closing(holder_->raw()); }
  T* get() { return &static_cast<Holder*>(holder_)->handle; }
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(get()); }

  /// The owner of a handle inside one of its callbacks; null when it is gone or the handle closes.
  template <class Owner, class AnyHandle>
  static Owner* owner_of(AnyHandle* handle) {
    auto* holder = static_cast<HandleHolder*>(handle->data);
    if (uv_is_closing(holder->raw())) return nullptr;
    return static_cast<Owner*>(holder->owner);
  }

 private:
  struct Holder final : HandleHolder {
    T handle{};
    uv_handle_t* raw() override { return reinterpret_cast<uv_handle_t*>(&handle); }
  };
  HandleHolder* holder_ = nullptr;
};

/// A TCP socket or a Unix socket.
union StreamHandle {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

}  // namespace quarry::net
