// quarry-conformance: runs the JSON files of ethereum/tests found below the paths it is given.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/cpu.hpp"
#include "core/log.hpp"
#include "kinds.hpp"

using namespace quarry;
using namespace quarry::conformance;

namespace {
namespace fs = std::filesystem;

constexpr const char* kUsage =
    "usage: quarry-conformance [--fork FORK] [--jobs N] PATH…\n"
    "Runs the tests of ethereum/tests and execution-spec-tests in the JSON files at or below each PATH.\n"
    "  --fork FORK  only the cases of this fork, as the tests name it (London, BerlinToLondonAt5)\n"
    "  --jobs N     files run at the same time; by default as many as the machine has cores\n";

/// Tasks that wait for a worker; those of parallel_for may be more.
constexpr std::size_t kMostQueued = 1024;

struct Options {
  std::optional<std::string> fork;
  unsigned jobs = core_count();
  std::vector<fs::path> paths;
};

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "quarry-conformance: %s\n%s", why.c_str(), kUsage);
  std::exit(2);
}

Options read_options(std::vector<std::string> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i], value;
    if (name == "--help" || name == "-h") {
      std::printf("%s", kUsage);
      std::exit(0);
    }
    if (!name.starts_with("--")) {
      options.paths.emplace_back(name);
      continue;
    }
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (name == "--fork" && !value.empty()) {
      options.fork = value;
    } else if (name == "--jobs") {
      options.jobs = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
      if (options.jobs < 1 || options.jobs > 1024) refuse("--jobs takes a number from 1 to 1024");
    } else {
      refuse("\"" + name + "\" is no option, or lacks its value");
    }
  }
  if (options.paths.empty()) refuse("which files? Name a file or a folder");
  return options;
}

/// The largest first, so that no thread is left with a long one at the end.
std::vector<fs::path> find_files(const std::vector<fs::path>& paths) {
  std::vector<std::pair<std::uintmax_t, fs::path>> found;
  for (const fs::path& path : paths) {
    if (!fs::exists(path)) refuse("there is no " + path.string());
    if (!fs::is_directory(path)) {
      found.emplace_back(fs::file_size(path), path);
      continue;
    }
    const auto follow = fs::directory_options::follow_directory_symlink;
    for (const auto& entry : fs::recursive_directory_iterator(path, follow))
      if (entry.is_regular_file() && entry.path().extension() == ".json")
        found.emplace_back(entry.file_size(), entry.path());
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<fs::path> files;
  for (auto& [size, path] : found) files.push_back(std::move(path));
  return files;
}

void run_one(const fs::path& path, const std::optional<std::string>& fork, WorkerPool& workers,
             Report& report) {
  Results results;
  std::ifstream stream(path, std::ios::binary);
  try {
    run_file(path.string(), nlohmann::json::parse(stream), fork, workers, results);
  } catch (const nlohmann::json::parse_error& error) {
    results.skip(Kind::other, "-", "", std::string("not JSON: ") + error.what());
  } catch (const std::exception& error) {
    results.fail(Kind::other, "-", "", error.what());
  }
  report.add(path.string(), results);
}
}  // namespace

int main(int argc, char** argv) {
  set_log_sink([](LogLevel, std::string_view) {});  // refused blocks are what tests are about
  const Options options = read_options({argv + 1, argv + argc});
  const auto files = find_files(options.paths);
  if (files.empty()) std::printf("There is no JSON file at or below what is named.\n");
  Report report;
  WorkerPool workers("tests", options.jobs - 1, kMostQueued);
  workers.parallel_for(files.size(),
                       [&](std::size_t i) { run_one(files[i], options.fork, workers, report); });
  return report.print_summary() ? 0 : 1;
}
