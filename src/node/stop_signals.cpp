#include "node/stop_signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "core/check.hpp"
#include "core/log.hpp"

namespace quarry {
namespace {
void raise_event(int fd) {
  const std::uint64_t one = 1;
  QUARRY_CHECK(write(fd, &one, sizeof one) == sizeof one);
}

sigset_t signals(bool with_interrupt) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  if (with_interrupt) sigaddset(&set, SIGINT);
  return set;
}
}  // namespace

StopSignals::StopSignals(bool with_interrupt)
    : with_interrupt_(with_interrupt), event_(eventfd(0, EFD_CLOEXEC)), quit_(eventfd(0, EFD_CLOEXEC)) {
  QUARRY_CHECK(event_ >= 0 && quit_ >= 0);
  const sigset_t set = signals(with_interrupt);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error of write(), not the end of us
  watcher_ = std::thread([this] { watch(); });
}

StopSignals::~StopSignals() {
  raise_event(quit_);
  watcher_.join();
  close(event_);
  close(quit_);
}

void StopSignals::watch() {
  const sigset_t set = signals(with_interrupt_);
  const int fd = signalfd(-1, &set, SFD_CLOEXEC);
  QUARRY_CHECK(fd >= 0);
  for (bool asked = false;;) {
    pollfd waiting[] = {{fd, POLLIN, 0}, {quit_, POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) continue;
    if ((waiting[1].revents & POLLIN) != 0) break;
    signalfd_siginfo info{};
    if (read(fd, &info, sizeof info) != sizeof info) continue;
    if (asked) _exit(1);
    asked = true;
    log_info("Got interrupt, shutting down...", {{"signal", static_cast<unsigned>(info.ssi_signo)}});
    raise_event(event_);
  }
  close(fd);
}

bool StopSignals::requested() const {
  pollfd asked{event_, POLLIN, 0};
  return poll(&asked, 1, 0) == 1;
}

void StopSignals::wait() const {
  pollfd waiting{event_, POLLIN, 0};
  while (poll(&waiting, 1, -1) < 1) {
  }
}

}  // namespace quarry
