// Genesis files, as files.
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <fstream>

#include "node/genesis_json.hpp"

namespace quarry {

Result<GenesisFile> read_genesis_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    return fail(fmt::format("Failed to read genesis file: open {}: {}", path.string(),
                            file ? "is a directory" : std::strerror(errno)),
                "Give the path of a genesis file: quarry init PrivateGenesis.json --datadir DIR");
  std::string text;
  std::array<char, 1 << 16> piece;
  while (text.size() <= kMaxGenesisBytes && (file.read(piece.data(), piece.size()), file.gcount() > 0))
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  auto parsed = parse_genesis(text);
  if (!parsed) {
    std::string& remedy = parsed.error().remedy;
    remedy += fmt::format("{}The file is {}.", remedy.empty() ? "" : " ", path.string());
  }
  return parsed;
}

}  // namespace quarry
