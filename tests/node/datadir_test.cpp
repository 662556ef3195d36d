/// A data dir has one holder and one node key.
#include "node/datadir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "fixtures.hpp"
#include "node/options.hpp"

using namespace quarry;

TEST(DataDir, SecondProcessIsRefusedWithThePid) {
  const test::TempDir folder;
  auto lock = DataDirLock::acquire(folder.path() / "data");
  ASSERT_TRUE(lock) << lock.error().what;
  const std::string pid = std::to_string(getpid());
  const pid_t child = fork();
  if (child == 0) {
    const auto again = DataDirLock::acquire(folder.path() / "data");
    const bool right = !again && again.error().what == "datadir already used by another process" &&
                       again.error().remedy.find("Process " + pid + " ") != std::string::npos;
    _exit(right ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(DataDir, IsFreeAgainWhenTheHolderIsKilled) {
  const test::TempDir folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = DataDirLock::acquire(folder.path());
    const char byte = lock ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1) pause();
    _exit(1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_FALSE(DataDirLock::acquire(folder.path()));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(DataDirLock::acquire(folder.path()));
}

TEST(DataDir, NodeKeyIsMadeOnceAndKeptPrivate) {
  const test::TempDir folder;
  const auto lock = DataDirLock::acquire(folder.path());
  NodeOptions options;
  options.datadir = folder.path();
  const auto key = load_node_key(options);
  ASSERT_TRUE(key) << key.error().what;
  EXPECT_EQ(load_node_key(options), *key);
  struct stat info {};
  ASSERT_EQ(stat(lock->paths().node_key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(info.st_size, 64);
}

TEST(DataDir, GivenNodeKeysGoFirstAndBadOnesAreNamed) {
  const test::TempDir folder;
  NodeOptions options;
  options.datadir = folder.path();
  options.node_key_hex = std::string(63, '0') + "1";
  ASSERT_TRUE(load_node_key(options));
  EXPECT_EQ(load_node_key(options)->bytes[31], 1);
  options.node_key_hex = std::string(64, '0');
  EXPECT_FALSE(load_node_key(options));
  options.node_key_hex.clear();
  options.node_key_file = folder.path() / "key";
  EXPECT_FALSE(load_node_key(options)) << "there is no such file";
  std::ofstream(options.node_key_file) << "  0x" << std::string(63, '0') << "2\r\n";
  EXPECT_EQ(load_node_key(options)->bytes[31], 2);
  std::ofstream(options.node_key_file) << std::string(65, '1');
  EXPECT_NE(load_node_key(options).error().what.find("invalid node key"), std::string::npos);
}
