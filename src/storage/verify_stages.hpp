#pragma once
/// \file
/// The stages of verify and what they share. Private to storage.

#include <optional>

#include "storage/chain_store.hpp"
#include "storage/database.hpp"
#include "storage/state_store.hpp"
#include "storage/verify.hpp"

namespace quarry::verify {

/// A read that failed. Thrown by the failure handler that a database under verification is opened with, and
/// caught by Context::guard: it does not leave this folder.
struct ReadFailure {
  Error error;
};

/// Where what is found goes. One thread.
class Findings {
 public:
  Findings(const VerifyOptions& options, VerifyReport& report) : options_(options), report_(report) {}

  const VerifyOptions& options() const { return options_; }
  const VerifyReport& report() const { return report_; }

  void damage(std::string where, std::string what);
  void note(std::string where, std::string what);
  void checked(std::string what, std::uint64_t count) {
    report_.checked.emplace_back(std::move(what), count);
  }
  /// Tells how far a stage is, now and then.
  void step(std::string_view stage, std::uint64_t done, std::uint64_t total = 0);
  /// Runs `body`; a failed read in it becomes damage of `where`, and false.
  template <class Body>
  bool guard(std::string where, Body&& body) {
    try {
      body();
      return true;
    } catch (const ReadFailure& failure) {
      damage(std::move(where), failure.error.what);
      return false;
    }
  }

 private:
  void add(Finding finding);
  const VerifyOptions& options_;
  VerifyReport& report_;
};

/// What the stages know besides.
class Context : public Findings {
 public:
  Context(const Database& database, const VerifyOptions& options, VerifyReport& report)
      : Findings(options, report), database_(database) {}

  const Database& database() const { return database_; }
  HeaderIdentity identity = HeaderIdentity::keccak_rlp;
  Heads heads;
  std::optional<StateHead> state;
  BlockNum oldest_state = 0;

 private:
  const Database& database_;
};

/// "block 12 (0x…)".
std::string block_text(const BlockId& id);

/// Is this row of the change table one that its block's undo record lists?
bool is_listed(const Database& database, ByteView key);

/// Reads the records of meta into `context`. False when nothing more can be said.
bool read_meta(Context& context);
void check_files(Context& context);   ///< tables and logs, on the disk
void check_newest(Context& context);  ///< the heads and the blocks just below
void check_chain(Context& context);   ///< headers of all branches, bodies, receipts, indexes
void check_changes(Context& context);
void check_state(Context& context);  ///< every node, code and flat entry

}  // namespace quarry::verify
