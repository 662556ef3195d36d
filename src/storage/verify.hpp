#pragma once
/// \file
/// Is a database what it should be? Files by their checksums, then the chain by its rules of storage (links,
/// indexes, roots, total difficulty), then the state. Nothing is changed; a running owner is not disturbed.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/expected.hpp"
#include "core/header.hpp"

namespace quarry {

class DatabaseReader;

struct Finding {
  enum class Kind : std::uint8_t {
    damage,
    note,  ///< worth knowing, and as it may be: a write cut short by a kill, a download under way
  };
  Kind kind = Kind::damage;
  std::string where;  ///< a file, a block, a row: what it is about
  std::string what;
};

enum class VerifyDepth : std::uint8_t {
  quick,  ///< heads, the newest blocks, the root, files by their size: milliseconds
  whole,  ///< every byte of the files, every header, body, receipt, index and change set
  deep,   ///< besides, every trie node and code, and that the flat tables say what the trie says
};

struct VerifyOptions {
  VerifyDepth depth = VerifyDepth::whole;
  /// How the chain that this genesis (the JSON in the database) starts hashes its headers.
  std::function<Result<HeaderIdentity>(std::string_view genesis)> identity;
  /// Judges the seals of some headers, a text for each, empty when it is right. None: seals are not checked.
  std::function<std::vector<std::string>(std::span<const SealedHeader>)> seals = nullptr;
  /// What is being looked at and how far; `total` 0: not known.
  std::function<void(std::string_view stage, std::uint64_t done, std::uint64_t total)> progress = nullptr;
};

struct VerifyReport {
  /// In the report at most; more are only counted.
  static constexpr std::size_t kMostFindings = 1000;

  std::vector<Finding> findings;
  std::uint64_t damage = 0;  ///< findings of that kind, also those that did not fit
  /// What was looked at: "headers" 361, "trie nodes" 1000, …
  std::vector<std::pair<std::string, std::uint64_t>> checked;

  bool fine() const { return damage == 0; }
};

/// An error when the database cannot be opened at all.
[[nodiscard]] Result<VerifyReport> verify_database(const std::string& path, const VerifyOptions& options);

/// The quick part over a database that is open, at a node's start: do the heads name what is there, and is
/// the state the head block's?
std::vector<Finding> check_heads(const DatabaseReader& reader);

}  // namespace quarry
