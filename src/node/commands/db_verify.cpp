/// \file
/// `quarry db verify` and `check`: is the database what it should be?

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "consensus/engine.hpp"
#include "consensus/ethash/caches.hpp"
#include "core/cpu.hpp"
#include "core/log.hpp"
#include "node/commands/db.hpp"
#include "node/genesis_json.hpp"
#include "node/progress.hpp"
#include "storage/verify.hpp"

namespace quarry::db {
namespace {

/// One seal batch is queued at a time.
constexpr std::size_t kMostTasks = 1024;

/// Judges seals by the engine of the genesis in the database, on all cores.
class SealJudge {
 public:
  explicit SealJudge(const NodeOptions& options)
      : caches_({.folder = options.ethash_cache_dir,
                 .on_warning =
                     [](const Error& error) {
                       log_warn(error.what, {{"remedy", error.remedy}});
                     }}),
        workers_("worker", core_count(), kMostTasks) {}

  Result<> set_chain(const ChainSpec& spec) {
    spec_ = spec;  // the engine may keep a reference
    auto engine = make_engine(*spec_, EngineContext{caches_});
    if (!engine) return tl::unexpected(engine.error());
    engine_ = std::move(*engine);
    return {};
  }

  std::vector<std::string> operator()(std::span<const SealedHeader> headers) {
    std::vector<std::string> out(headers.size());
    if (!engine_) return out;  // the genesis could not be read, which is a finding of its own
    std::vector<const Header*> plain;
    for (const SealedHeader& header : headers) plain.push_back(&*header);
    std::vector<Verdict> verdicts(headers.size());
    const std::size_t piece = std::max<std::size_t>(engine_->seal_batch(), 1);
    const std::size_t pieces = (headers.size() + piece - 1) / piece;
    workers_.parallel_for(pieces, [&](std::size_t i) {
      const std::size_t first = i * piece, count = std::min(piece, headers.size() - first);
      engine_->verify_seals(std::span<const Header* const>(plain).subspan(first, count),
                            std::span(verdicts).subspan(first, count));
    });
    for (std::size_t i = 0; i < out.size(); ++i)
      if (verdicts[i]) out[i] = fmt::format("{}: {}", to_string(verdicts[i]->rule), verdicts[i]->detail);
    return out;
  }

 private:
  ethash::Caches caches_;
  WorkerPool workers_;
  std::optional<ChainSpec> spec_;
  std::unique_ptr<Engine> engine_;
};

/// A bar a stage.
class Stages {
 public:
  void operator()(std::string_view stage, std::uint64_t done, std::uint64_t total) {
    if (stage != name_) {
      finish();
      name_ = stage;
      progress_.emplace(name_, "rows");
    }
    progress_->update(done, total, done);
  }
  void finish() {
    if (progress_) progress_->finish();
    progress_.reset();
  }

 private:
  std::string name_;
  std::optional<Progress> progress_;
};

const char* to_text(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::damage:
      return "damage";
    case Finding::Kind::note:
      return "note";
  }
  return "";
}

void print_report(const VerifyReport& report, bool json) {
  if (json) {
    Shown findings = Shown::list(), checked = Shown::record();
    for (const Finding& one : report.findings)
      findings.add(Shown::record()
                       .add("kind", Shown::of_text(to_text(one.kind)))
                       .add("where", Shown::of_text(one.where))
                       .add("what", Shown::of_text(one.what)));
    for (const auto& [what, count] : report.checked) checked.add(what, Shown::of(count));
    fmt::print("{}\n", shown_as_json(Shown::record()
                                         .add("damage", Shown::of(report.damage))
                                         .add("findings", std::move(findings))
                                         .add("checked", std::move(checked))));
    return;
  }
  for (const Finding& one : report.findings)
    fmt::print("{}: {}: {}\n", to_text(one.kind), one.where, one.what);
  std::string looked_at;
  for (const auto& [what, count] : report.checked)
    looked_at += fmt::format("{}{} {}", looked_at.empty() ? "" : ", ", count, what);
  fmt::print("Checked {}.\n", looked_at);
  if (report.fine())
    fmt::print("No damage found.\n");
  else
    fmt::print("{} damaged. What can be repaired: quarry db repair\n",
               report.damage == 1 ? "1 thing is" : fmt::format("{} things are", report.damage));
}

Outcome<ExitCode> verify(const NodeOptions& options, VerifyDepth depth) {
  const auto path = database_path(options);
  if (!path) return tl::unexpected(path.error());
  std::optional<SealJudge> judge;
  if (options.check_seals && depth != VerifyDepth::quick) judge.emplace(options);
  Stages stages;
  VerifyOptions how{.depth = depth};
  how.identity = [&](std::string_view text) -> Result<HeaderIdentity> {
    const auto genesis = parse_genesis(text);
    if (!genesis) return tl::unexpected(genesis.error());
    const ChainSpec& spec = genesis->genesis.spec;
    if (judge)
      if (auto set = judge->set_chain(spec); !set) return tl::unexpected(set.error());
    return spec.header_identity();
  };
  if (judge) how.seals = [&](std::span<const SealedHeader> headers) { return (*judge)(headers); };
  how.progress = [&](std::string_view stage, std::uint64_t done, std::uint64_t total) {
    stages(stage, done, total);
  };
  const auto report = verify_database(*path, how);
  stages.finish();
  if (!report) return failed(kCannotOpen, report.error());
  print_report(*report, options.json);
  return report->fine() ? kFine : kDamaged;
}

}  // namespace

Outcome<ExitCode> run_verify(const NodeOptions& options) {
  return verify(options, options.deep ? VerifyDepth::deep : VerifyDepth::whole);
}

Outcome<ExitCode> run_check(const NodeOptions& options) {
  return verify(options, VerifyDepth::quick);
}

}  // namespace quarry::db
