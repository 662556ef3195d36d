#include "node/clique_extra.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "consensus/clique/snapshot.hpp"

namespace quarry {
namespace {
constexpr std::size_t kVanity = clique::kVanityBytes, kSeal = clique::kSealBytes, kSigner = Address::kSize;

std::string form() {
  return fmt::format("clique wants {} bytes of vanity, {} a signer (at least one), then {} zero bytes",
                     kVanity, kSigner, kSeal);
}

std::optional<std::string> wrong_length(std::size_t size) {
  if (size < kVanity) return fmt::format("it ends at byte {}, within the {} bytes of vanity", size, kVanity);
  if (size <= kVanity + kSeal)
    return fmt::format(
        "at byte {} the first signer's {} bytes belong, and {} zero bytes after the last: {} are left",
        kVanity, kSigner, kSeal, size - kVanity);
  const std::size_t list = size - kVanity - kSeal, whole = list / kSigner, rest = list % kSigner;
  if (rest == 0) return std::nullopt;
  return fmt::format(
      "at byte {} signer {} begins, {} bytes; the {} zero bytes that end extraData begin {} further on "
      "already, at byte {}",
      kVanity + whole * kSigner, whole + 1, kSigner, kSeal, rest, size - kSeal);
}

std::vector<std::string> odd_content(ByteView extra) {
  std::vector<std::string> out;
  std::map<Address, std::size_t> seen;
  for (std::size_t at = kVanity; at + kSeal < extra.size(); at += kSigner) {
    const Address signer = *Address::from(extra.subspan(at, kSigner));
    if (signer.is_zero())
      out.push_back(fmt::format("extraData: the signer at byte {} is the zero address", at));
    const auto [first, fresh] = seen.emplace(signer, at);
    if (!fresh)
      out.push_back(fmt::format("extraData: the signer at byte {}, {}, stands at byte {} already", at,
                                signer.hex(), first->second));
  }
  const ByteView seal = extra.last(kSeal);
  if (const auto odd = std::find_if(seal.begin(), seal.end(), [](auto byte) { return byte != 0; });
      odd != seal.end())
    out.push_back(fmt::format("extraData: byte {} is 0x{:02x}; the last {} bytes are zero in a genesis",
                              extra.size() - kSeal + static_cast<std::size_t>(odd - seal.begin()), *odd,
                              kSeal));
  return out;
}
}  // namespace

CliqueExtra check_clique_extra(ByteView extra) {
  if (const auto wrong = wrong_length(extra.size()))
    return {fmt::format("{} bytes: {}. {}", extra.size(), *wrong, form()), {}};
  return {std::nullopt, odd_content(extra)};
}

}  // namespace quarry
