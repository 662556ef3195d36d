#include "core/chain_spec.hpp"

#include <array>

namespace quarry {
namespace {
struct PublicSchedule {
  Fork fork;
  std::optional<BlobParams> params;  ///< none: as before
};
/// Latest first.
constexpr std::array kPublicSchedule = {
    PublicSchedule{Fork::bpo5, {}},
    PublicSchedule{Fork::bpo4, {}},
    PublicSchedule{Fork::bpo3, {}},
    PublicSchedule{Fork::bpo2, BlobParams{14, 21, 11'684'671}},
    PublicSchedule{Fork::bpo1, BlobParams{10, 15, 8'346'193}},
    PublicSchedule{Fork::osaka, {}},
    PublicSchedule{Fork::prague, BlobParams{6, 9, 5'007'716}},
    PublicSchedule{Fork::cancun, BlobParams{3, 6, 3'338'477}},
};
}  // namespace

std::optional<BlobParams> blob_params(const ChainSpec& spec, const Rules& rules) {
  for (const auto& [fork, params] : kPublicSchedule) {
    if (!rules.has(fork)) continue;
    if (const auto own = spec.blob_schedule.find(fork); own != spec.blob_schedule.end()) return own->second;
    if (params) return params;
  }
  return std::nullopt;
}

}  // namespace quarry
