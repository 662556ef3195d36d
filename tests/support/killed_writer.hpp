#pragma once
/// \file
/// A process that writes to a database until it is killed. It is this test program started anew, to run one
/// disabled test, and not a fork: RocksDB's threads do not survive one.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace quarry::test {

inline constexpr const char* kWriterFolder = "QUARRY_TEST_WRITER_FOLDER";
inline constexpr const char* kWriterSeed = "QUARRY_TEST_WRITER_SEED";
inline constexpr const char* kWriterPipe = "QUARRY_TEST_WRITER_PIPE";

/// What the writer is told by who started it.
struct WriterTask {
  std::filesystem::path folder;
  unsigned seed = 0;
  int pipe_end = -1;  ///< negative once committed() was called

  /// Call it after each commit: the first one is told to who waits for it.
  void committed() {
    if (pipe_end >= 0 && write(pipe_end, "!", 1) == 1) pipe_end = -1;
  }
};

/// In the writer: its task. None when somebody runs the disabled test by hand.
inline std::optional<WriterTask> writer_task() {
  const char* folder = std::getenv(kWriterFolder);
  if (folder == nullptr) return std::nullopt;
  return WriterTask{folder, static_cast<unsigned>(std::stoul(std::getenv(kWriterSeed))),
                    std::stoi(std::getenv(kWriterPipe))};
}

[[noreturn]] inline void become_writer(const std::string& test, const WriterTask& task) {
  setenv(kWriterFolder, task.folder.c_str(), 1);
  setenv(kWriterSeed, std::to_string(task.seed).c_str(), 1);
  setenv(kWriterPipe, std::to_string(task.pipe_end).c_str(), 1);
  if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(5);
  execl("/proc/self/exe", "test", ("--gtest_filter=" + test).c_str(), "--gtest_also_run_disabled_tests",
        nullptr);
  _exit(4);
}

/// Runs the disabled test ("Suite.DISABLED_Name") as a writer on the folder, and kills it so long after its
/// first commit. Use it in ASSERT_NO_FATAL_FAILURE.
inline void run_and_kill_writer(const std::string& test, const std::filesystem::path& folder, unsigned seed,
                                std::chrono::microseconds after) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) become_writer(test, {folder, seed, ends[1]});
  close(ends[1]);
  char byte;
  ASSERT_EQ(read(ends[0], &byte, 1), 1) << "the writer did not come to its first commit";
  close(ends[0]);
  usleep(static_cast<useconds_t>(after.count()));
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
}

}  // namespace quarry::test
