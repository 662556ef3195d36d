#pragma once
/// \file
/// Where the conformance data is. Tests that need it say loudly that they skipped where it is absent.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/bytes.hpp"
#include "source_dir.hpp"

namespace quarry::test {

inline std::filesystem::path fixtures_dir() {
  const char* set = std::getenv("QUARRY_FIXTURES");
  return set ? std::filesystem::path(set)
             : std::filesystem::path(source_dir()) / ".." / "shared" / "fixtures";
}

inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

/// The unpacked form of an archive (.tar.xz: a folder; .xz: a file) of the fixtures, unpacked once beside the
/// build.
inline std::filesystem::path unpacked(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path source = fixtures_dir() / name;
  const bool is_tar = name.ends_with(".tar.xz");
  const std::string stem = name.substr(0, name.size() - (is_tar ? 7 : 3));
  const fs::path to = fs::path(source_dir()) / "build" / "fixtures" / stem;
  if (fs::exists(to) || !fs::exists(source)) return to;
  // Made aside and renamed: several tests may come here at the same time.
  const fs::path aside = to.string() + "." + std::to_string(getpid());
  fs::create_directories(is_tar ? aside : aside.parent_path());
  const std::string command = is_tar ? "tar xJf '" + source.string() + "' -C '" + aside.string() + "'"
                                     : "xz -dc '" + source.string() + "' > '" + aside.string() + "'";
  if (std::system(command.c_str()) != 0) return source;
  std::error_code ignored;
  fs::rename(aside, to, ignored);
  if (ignored) fs::remove_all(aside);
  return to;
}

/// A folder of its own for one test, removed at the end.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "quarry-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace quarry::test

/// Ends the test, loudly, when `path` of the fixtures is not there.
#define QUARRY_NEEDS_FIXTURE(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "SKIPPED: no " << (path) << "; set QUARRY_FIXTURES"
