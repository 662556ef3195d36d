#pragma once
/// \file
/// Bytecode with what its analysis found, kept by code hash.

#include <memory>

#include "core/fixed_bytes.hpp"
#include "core/forks.hpp"

namespace quarry::evm {

/// Immutable once analysed; shared between threads.
class Code;
using CodeRef = std::shared_ptr<const Code>;

/// Analyses `bytes` to be run under `rules`.
CodeRef analyse(Bytes bytes, const Rules& rules);
/// As deployed.
ByteView bytes_of(const Code& code);

/// Analysed code by hash and rules. Thread-safe; the least recently used goes first.
class CodeCache {
 public:
  /// A bound on bytecode and analysis together.
  explicit CodeCache(std::size_t most_bytes = std::size_t{64} << 20);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  /// nullptr when it is not here.
  CodeRef find(const CodeHash& hash, const Rules& rules);
  CodeRef insert(const CodeHash& hash, const Rules& rules, Bytes bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The process's own, for those who need no other.
CodeCache& shared_code_cache();

}  // namespace quarry::evm
