#include "report.hpp"

#include <cstdio>

namespace quarry::conformance {
namespace {
/// "name (fork): text", or less where there is less to say.
std::string line_of(const char* verdict, const std::string& fork, const std::string& name,
                    const std::string& text) {
  std::string line = verdict;
  line += " \x01";  // the file's name goes here
  if (!name.empty()) line += " " + name;
  if (fork != "-") line += " (" + fork + ")";
  return line + ": " + text;
}

void print_row(std::string_view kind, std::string_view fork, const Results::Count& count) {
  std::printf("%-18.*s %-34.*s %8zu %8zu %8zu\n", static_cast<int>(kind.size()), kind.data(),
              static_cast<int>(fork.size()), fork.data(), count.passed, count.failed, count.skipped);
}
}  // namespace

void Results::fail(Kind kind, const std::string& fork, const std::string& name, const std::string& what) {
  ++counts[{kind, fork}].failed;
  lines.push_back(line_of("FAIL", fork, name, what));
}

void Results::skip(Kind kind, const std::string& fork, const std::string& name, const std::string& reason,
                   std::size_t cases) {
  counts[{kind, fork}].skipped += cases;
  lines.push_back(line_of("SKIP", fork, name, reason));
}

void Results::merge(const Results& part) {
  for (const auto& [key, count] : part.counts) {
    Count& sum = counts[key];
    sum.passed += count.passed;
    sum.failed += count.failed;
    sum.skipped += count.skipped;
  }
  lines.insert(lines.end(), part.lines.begin(), part.lines.end());
}

void Results::note(const std::string& fork, const std::string& name, const std::string& what) {
  lines.push_back(line_of("NOTE", fork, name, what));
}

void Report::add(const std::string& file, const Results& results) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, count] : results.counts) {
    Results::Count& sum = counts_[key];
    sum.passed += count.passed;
    sum.failed += count.failed;
    sum.skipped += count.skipped;
  }
  for (std::string line : results.lines) {
    line.replace(line.find('\x01'), 1, file);
    std::printf("%s\n", line.c_str());
  }
  if (!results.lines.empty()) std::fflush(stdout);
}

bool Report::print_summary() const {
  const std::lock_guard lock(mutex_);
  Results::Count all;
  std::printf("\n%-18s %-34s %8s %8s %8s\n", "kind", "fork", "passed", "failed", "skipped");
  for (const auto& [key, count] : counts_) {
    print_row(name_of(key.first), key.second, count);
    all.passed += count.passed;
    all.failed += count.failed;
    all.skipped += count.skipped;
  }
  std::printf("\n%zu passed, %zu failed, %zu skipped\n", all.passed, all.failed, all.skipped);
  return all.failed == 0;
}

}  // namespace quarry::conformance
