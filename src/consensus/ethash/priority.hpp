#pragma once
/// \file
/// Threads that take what others leave.

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quarry::ethash {

/// Lets the calling thread alone give way: to the loop and the chain, which wake for a moment and must
/// run at once. A person waits for the block, so on a busy machine a third of a usual share is kept.
inline void give_way() {
  constexpr int kNice = 5;
  // On Linux a thread has a nice value of its own, under its thread id.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
}

}  // namespace quarry::ethash
