#include "consensus/clique/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/keccak.hpp"
#include "core/secp256k1.hpp"

namespace quarry::clique {
namespace {
/// Signers and votes a stored snapshot may have: far above what any chain elects.
constexpr std::size_t kMostStored = std::size_t{1} << 16;

/// Is there something to vote on: a stranger can be let in, a signer can be put out.
bool is_meaningful(const Snapshot& snapshot, const Address& subject, bool authorize) {
  return snapshot.is_signer(subject) != authorize;
}

void cast(Snapshot& snapshot, const Vote& vote) {
  if (!is_meaningful(snapshot, vote.subject, vote.authorize)) return;
  Tally& tally = snapshot.tally[vote.subject];
  tally.authorize = vote.authorize;
  ++tally.votes;
  snapshot.votes.push_back(vote);
}

void uncast(Snapshot& snapshot, const Vote& vote) {
  const auto tally = snapshot.tally.find(vote.subject);
  if (tally == snapshot.tally.end() || tally->second.authorize != vote.authorize) return;
  if (--tally->second.votes == 0) snapshot.tally.erase(tally);
}

/// Takes back the votes that `which` picks.
template <class Which>
void withdraw(Snapshot& snapshot, Which which) {
  std::erase_if(snapshot.votes, [&](const Vote& vote) {
    if (!which(vote)) return false;
    uncast(snapshot, vote);
    return true;
  });
}

/// Whoever signed `number - window` may sign again.
void let_sign_again(Snapshot& snapshot, BlockNum number) {
  if (number >= snapshot.window()) snapshot.recents.erase(number - snapshot.window());
}

void elect(Snapshot& snapshot, BlockNum number, const Address& subject) {
  const auto tally = snapshot.tally.find(subject);
  if (tally == snapshot.tally.end() || tally->second.votes <= snapshot.signers.size() / 2) return;
  auto& signers = snapshot.signers;
  const auto place = std::lower_bound(signers.begin(), signers.end(), subject);
  if (tally->second.authorize) {
    signers.insert(place, subject);
  } else {
    signers.erase(place);
    let_sign_again(snapshot, number);  // the window shrank
    withdraw(snapshot, [&](const Vote& vote) { return vote.signer == subject; });
  }
  std::erase_if(snapshot.votes, [&](const Vote& vote) { return vote.subject == subject; });
  snapshot.tally.erase(subject);
}

BlockError refuse(BlockRule rule, const SealedHeader& header, std::string why) {
  return {rule, fmt::format("block {} ({}): {}", header->number, header.hash().hex(), why)};
}
}  // namespace

bool Snapshot::is_signer(const Address& address) const {
  return std::binary_search(signers.begin(), signers.end(), address);
}

bool Snapshot::in_turn(BlockNum number, const Address& signer) const {
  return !signers.empty() && signers[number % signers.size()] == signer;
}

std::optional<BlockNum> Snapshot::signed_recently(BlockNum number, const Address& signer) const {
  for (const auto& [block, recent] : recents)
    if (recent == signer && block + window() > number) return block;
  return std::nullopt;
}

Expected<Snapshot, BlockError> Snapshot::next(const SealedHeader& header, const Address& signer,
                                              const CliqueParams& params) const {
  const BlockNum number = header->number;
  Snapshot after = *this;
  after.id = {number, header.hash()};
  if (number % params.epoch == 0) after.votes.clear(), after.tally.clear();
  let_sign_again(after, number);
  if (!is_signer(signer))
    return tl::unexpected(refuse(
        BlockRule::unauthorized_signer, header,
        fmt::format("unauthorized signer: {} is none of the {} signers", signer.hex(), signers.size())));
  if (const auto block = signed_recently(number, signer))
    return tl::unexpected(
        refuse(BlockRule::signed_recently, header,
               fmt::format("signed recently: {} signed block {}, and signs one of {} blocks", signer.hex(),
                           *block, window())));
  after.recents[number] = signer;
  const Address& subject = header->beneficiary;
  withdraw(after, [&](const Vote& vote) { return vote.signer == signer && vote.subject == subject; });
  cast(after, {signer, number, subject, header->nonce == kVoteFor});
  elect(after, number, subject);
  return after;
}

std::optional<std::vector<Address>> listed_signers(ByteView extra_data) {
  if (extra_data.size() < kVanityBytes + kSealBytes) return std::nullopt;
  const ByteView list = extra_data.subspan(kVanityBytes, extra_data.size() - kVanityBytes - kSealBytes);
  if (list.size() % Address::kSize != 0) return std::nullopt;
  std::vector<Address> signers;
  for (std::size_t at = 0; at < list.size(); at += Address::kSize)
    signers.push_back(*Address::from(list.subspan(at, Address::kSize)));
  return signers;
}

Hash256 signed_hash(const Header& header) {
  Header unsigned_header = header;
  unsigned_header.extra_data.resize(header.extra_data.size() -
                                    std::min(kSealBytes, header.extra_data.size()));
  return keccak256(encode_header(unsigned_header));
}

std::optional<Address> signer_of(const Header& header) {
  if (header.extra_data.size() < kVanityBytes + kSealBytes) return std::nullopt;
  const auto signature = RecoverableSignature::from(ByteView(header.extra_data).last(kSealBytes));
  const auto key = recover(*signature, signed_hash(header));
  if (!key) return std::nullopt;
  return address_of(*key);
}

std::optional<Snapshot> snapshot_of_checkpoint(const SealedHeader& header) {
  auto signers = listed_signers(header->extra_data);
  if (!signers) return std::nullopt;
  Snapshot snapshot;
  snapshot.id = {header->number, header.hash()};
  snapshot.signers = *std::move(signers);
  std::sort(snapshot.signers.begin(), snapshot.signers.end());
  // A genesis may list one twice; later checkpoints are compared with the votes' outcome.
  const auto twice = std::unique(snapshot.signers.begin(), snapshot.signers.end());
  snapshot.signers.erase(twice, snapshot.signers.end());
  return snapshot;
}

Bytes encode_snapshot(const Snapshot& snapshot) {
  rlp::Writer to;
  const auto whole = to.begin_list();
  to.write(snapshot.id.number).write(snapshot.id.hash);
  const auto signers = to.begin_list();
  for (const Address& signer : snapshot.signers) to.write(signer);
  to.end_list(signers);
  const auto recents = to.begin_list();
  for (const auto& [block, signer] : snapshot.recents) to.write(block).write(signer);
  to.end_list(recents);
  const auto votes = to.begin_list();
  for (const Vote& vote : snapshot.votes)
    to.write(vote.signer).write(vote.block).write(vote.subject).write(std::uint64_t{vote.authorize});
  to.end_list(votes).end_list(whole);
  return to.take();
}

namespace {
/// Reads the items of a list until its end.
template <class ReadOne>
rlp::Decoded<> read_all(rlp::Reader& from, ReadOne read_one) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  for (std::size_t i = 0; !list->at_end(); ++i) {
    if (i == kMostStored) return rlp::fail(rlp::DecodeError::too_many);
    if (auto done = read_one(*list); !done) return done;
  }
  return {};
}

template <class... T>
rlp::Decoded<> read_fields(rlp::Reader& from, T&... fields) {
  rlp::Decoded<> status;
  (void)((status = from.read(fields), status.has_value()) && ...);
  return status;
}
}  // namespace

rlp::Decoded<Snapshot> decode_snapshot(ByteView bytes) {
  auto from = rlp::decode_list(bytes);
  if (!from) return rlp::fail(from.error());
  Snapshot out;
  auto done = read_fields(*from, out.id.number, out.id.hash);
  if (done) done = read_all(*from, [&](rlp::Reader& list) { return list.read(out.signers.emplace_back()); });
  if (done)
    done = read_all(*from, [&](rlp::Reader& list) {
      BlockNum block = 0;
      Address signer;
      auto read = read_fields(list, block, signer);
      out.recents[block] = signer;
      return read;
    });
  if (done)
    done = read_all(*from, [&](rlp::Reader& list) {
      Vote& vote = out.votes.emplace_back();
      std::uint64_t authorize = 0;
      auto read = read_fields(list, vote.signer, vote.block, vote.subject, authorize);
      vote.authorize = authorize != 0;
      if (read) {
        out.tally[vote.subject].authorize = vote.authorize;
        ++out.tally[vote.subject].votes;
      }
      return read;
    });
  if (!done) return rlp::fail(done.error());
  std::sort(out.signers.begin(), out.signers.end());
  return out;
}

}  // namespace quarry::clique
