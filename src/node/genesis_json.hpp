#pragma once
/// \file
/// Genesis files in geth's JSON form, read into core's `Genesis` and written back. Pure functions but for
/// `read_genesis_file`.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/expected.hpp"

namespace quarry {

/// A genesis file may have as many bytes: some hundred thousand accounts.
inline constexpr std::size_t kMaxGenesisBytes = std::size_t{64} << 20;

struct GenesisFile {
  Genesis genesis;
  /// What the author may not have meant: unknown keys, keys given twice, values that do nothing.
  std::vector<std::string> warnings;
};

/// Numbers are hex strings, decimal strings or JSON numbers; keys are compared without case, as geth does.
/// Errors begin "invalid genesis file: " and name the line and the path, as in alloc.0x12….balance.
Result<GenesisFile> parse_genesis(std::string_view text);
Result<GenesisFile> read_genesis_file(const std::filesystem::path& path);

/// The form that `parse_genesis` reads, without loss: what a data dir keeps.
std::string genesis_to_json(const Genesis& genesis);

/// One line a field that differs: "difficulty: have 131072, new 512". The chain configs are not compared.
std::vector<std::string> genesis_differences(const Genesis& have, const Genesis& wanted);

}  // namespace quarry
