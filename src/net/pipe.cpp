#include "net/pipe.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/uv_handle.hpp"

namespace quarry::net {
namespace {

constexpr int kBacklog = 128;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail("the IPC socket's path has " + std::to_string(path.size()) + " bytes, the system allows " +
                    std::to_string(sizeof address.sun_path - 1) + ": " + path,
                "Give a shorter one with --ipcpath, or none with --ipcdisable.");
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

/// A connected socket, or the negative error number.
int connect_now(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

/// Makes way for our socket: removes a dead one.
Result<> clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return fail("cannot make the IPC socket " + path + ": a file that is no socket is in its place",
                "Move it away, or choose another path with --ipcpath.");
  }
  const int fd = connect_now(address);
  if (fd == -ECONNREFUSED) {
    unlink(path.c_str());
    return {};
  }
  if (fd >= 0) close(fd);
  return fail("cannot make the IPC socket " + path + ": another process answers on it",
              "Stop that node, or choose another path with --ipcpath.");
}

}  // namespace

struct PipeListener::Impl {
  Loop* loop = nullptr;
  std::string path;
  UvHandle<uv_pipe_t> handle;
  std::shared_ptr<OnAccept> on_accept;

  int listen() {
    int status = handle.open(this, [this](uv_pipe_t* pipe) { return uv_pipe_init(loop->raw(), pipe, 0); });
    if (status == 0) status = uv_pipe_bind(handle.get(), path.c_str());
    // Before listen(), so that nobody connects while the mode is still what the umask left.
    if (status == 0 && chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) status = uv_translate_sys_error(errno);
    if (status != 0) return status;
    return uv_listen(handle.stream(), kBacklog, [](uv_stream_t* server, int result) {
      if (auto* self = UvHandle<uv_pipe_t>::owner_of<Impl>(server); self != nullptr && result == 0)
        self->accept();
    });
  }
  void accept() {
    auto stream = std::make_shared<Stream>(*loop);
    if (stream->open_pipe() != 0 || uv_accept(handle.stream(), &stream->raw()->stream) != 0) return;
    stream->set_addresses(path, "ipc");
    const auto call = on_accept;
    (*call)(std::move(stream));
  }
};

PipeListener::PipeListener() : impl_(new Impl) {}
PipeListener::~PipeListener() = default;

Result<std::unique_ptr<PipeListener>> PipeListener::listen(Loop& loop, const std::string& path,
                                                           OnAccept on_accept) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  if (auto clear = clear_path(path, *address); !clear) return tl::unexpected(clear.error());
  std::unique_ptr<PipeListener> out(new PipeListener);
  out->path_ = path;
  out->impl_->loop = &loop;
  out->impl_->path = path;
  out->impl_->on_accept = std::make_shared<OnAccept>(std::move(on_accept));
  if (const int status = out->impl_->listen(); status != 0) {
    return fail("cannot make the IPC socket " + path + ": " + uv_strerror(status),
                "Choose another path with --ipcpath, or none with --ipcdisable.");
  }
  return out;
}

Result<StreamPtr> pipe_connect(Loop& loop, const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  const int fd = connect_now(*address);
  if (fd < 0) {
    return fail("cannot connect to the IPC socket " + path + ": " + std::strerror(-fd),
                "Is the node running?");
  }
  auto stream = std::make_shared<Stream>(loop);
  int status = stream->open_pipe();
  if (status == 0) status = uv_pipe_open(&stream->raw()->pipe, fd);
  if (status != 0) {
    close(fd);
    return fail("cannot use the IPC socket " + path + ": " + uv_strerror(status));
  }
  stream->set_addresses("ipc", path);
  return stream;
}

}  // namespace quarry::net
