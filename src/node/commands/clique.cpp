/// \file
/// `quarry clique recover`: leads an authority chain out of a deadlock.

#include <fmt/format.h>

#include <algorithm>

#include "consensus/stored_headers.hpp"
#include "core/cpu.hpp"
#include "node/clique_recover.hpp"
#include "node/commands/commands.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "storage/rewind.hpp"

namespace quarry {
namespace {
constexpr std::size_t kMaxTasks = 4096;

std::string short_name(const BlockId& id) {
  return fmt::format("block {} ({})", id.number, id.hash.hex());
}

/// The node's data while the command has them.
struct Recovery {
  const NodeOptions& options;
  const DataDirLock& lock;
  WorkerPool& workers;
  LocalChain local;
  std::vector<Address> present;

  const clique::CliqueEngine& engine() { return *local.engine->authority(); }
  BlockId head() { return local.chain->head().id(); }

  /// Takes the chain back, and puts `branch` on it.
  Result<> go_back(BlockNum to, std::span<const Block> branch = {});
  Result<int> rewind(BlockNum to);
  Result<int> take(const Rival& rival);
  Result<int> recover();
  Result<int> stay(const clique::Snapshot& at);
};

Result<> Recovery::go_back(BlockNum to, std::span<const Block> branch) {
  local.chain.reset();  // it knows the head that is left
  if (const auto done = rewind_chain(*local.database, to); !done) return tl::unexpected(done.error());
  auto chain = Chain::open(*local.database, local.genesis.spec, *local.engine, workers);
  if (!chain) return tl::unexpected(chain.error());
  local.chain = std::move(*chain);
  const ImportResult result = local.chain->insert_blocks(branch);
  if (result.disk) return tl::unexpected(*result.disk);
  if (result.bad) return fail(fmt::format("{}: {}", short_name(result.bad->id), result.bad->error.detail));
  return {};
}

Result<int> Recovery::rewind(BlockNum to) {
  const BlockId from = head();
  if (options.dry_run) {
    fmt::print("Would take the chain back from {} to block {}. Nothing was changed.\n", short_name(from), to);
    return 0;
  }
  if (auto done = go_back(to); !done) return tl::unexpected(done.error());
  fmt::print(
      "Took the chain back from {} to {}.\n"
      "{} blocks were removed; their transactions are in no block now and have to be sent again.\n"
      "On the other nodes: stop each, run\n"
      "  quarry clique recover --rewind-to {} --datadir DIR\n"
      "and start it only when all are done: a node that has the removed blocks still would hand them out "
      "again.\n",
      short_name(from), short_name(head()), from.number - head().number, head().number);
  return 0;
}

Result<int> Recovery::take(const Rival& rival) {
  const BlockId from = head();
  const SealedHeader& tip = rival.blocks.back().header;
  const BlockId to{tip->number, tip.hash()};
  if (options.dry_run) {
    fmt::print("Would leave {} for {}, a branch of the same weight. Nothing was changed.\n", short_name(from),
               short_name(to));
    return 0;
  }
  if (auto done = go_back(rival.ancestor.number, rival.blocks); !done) return tl::unexpected(done.error());
  fmt::print(
      "Left {} for {}: both branches, which part after block {}, have the same weight, and by EIP-3436 all "
      "take this "
      "one.\n"
      "On the other nodes: stop each, run `quarry clique recover --datadir DIR`, start it again. Those that "
      "stand on "
      "{} already say so.\n",
      short_name(from), short_name(head()), rival.ancestor.number, to.number);
  return 0;
}

/// The head is as good as any here.
Result<int> Recovery::stay(const clique::Snapshot& at) {
  std::string next;
  for (const Address& signer : at.signers)
    if (!at.signed_recently(at.id.number + 1, signer))
      next += fmt::format("{}{}", next.empty() ? "" : ", ", signer.hex());
  const BlockNum back = at.id.number - std::min<BlockNum>(at.id.number, at.window());
  fmt::print(
      "Nothing was changed: this node's head is {}, and no branch here is to be preferred to it.\n"
      "Of the {} signers {} must be running. Those that may sign the next block: {}.\n"
      "If nodes stand on other blocks, with all of them connected, they do not know of each other's "
      "branches: keep\n"
      "this node as it is, and on the others, stopped, run\n"
      "  quarry clique recover --rewind-to {} --datadir DIR\n"
      "so that they take over this branch when they start.\n",
      short_name(at.id), at.signers.size(), at.window(), next.empty() ? "none" : next, back);
  return 0;
}

Result<int> Recovery::recover() {
  if (options.rewind_to) return rewind(*options.rewind_to);
  const StoredHeaders headers(*local.database);
  const auto at = engine().snapshot(head(), headers);
  if (!at) return fail(at.error().detail, "`quarry db verify` lists what is damaged.");
  const auto& who = present.empty() ? (*at)->signers : present;
  if (can_go_on(**at, who)) {
    const auto rival = better_rival(*local.database, engine());
    if (!rival) return tl::unexpected(rival.error());
    return *rival ? take(**rival) : stay(**at);
  }
  const auto target = last_to_go_on(*local.database, engine(), who);
  if (!target) return tl::unexpected(target.error());
  if (!*target)
    return fail(
        fmt::format("the signers named are too few at every block: at the head, {} of {} must be there",
                    (*at)->window(), (*at)->signers.size()),
        "Bring back another signer's key, or start a new chain: quarry genesis new --clique ADDR…");
  fmt::print(
      "At the head {} of {} signers must be there. Block {} is the last where those named suffice: {} of {}, "
      "{} "
      "needed.\n",
      (*at)->window(), (*at)->signers.size(), (*target)->id.number, (*target)->present, (*target)->signers,
      (*target)->needed);
  return rewind((*target)->id.number);
}
}  // namespace

Result<int> run_clique(const NodeOptions& options) {
  if (options.args[0] != "recover")
    return fail(fmt::format("unknown command \"clique {}\"", options.args[0]),
                "Write: quarry clique recover");
  std::vector<Address> present;
  for (const std::string& text : options.present_signers) {
    const auto address = Address::from_hex(text);
    if (!address) return fail(fmt::format("\"{}\" is not an address", text));
    if (std::find(present.begin(), present.end(), *address) == present.end()) present.push_back(*address);
  }
  const auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return tl::unexpected(lock.error());
  WorkerPool workers("worker", core_count(), kMaxTasks);
  auto local = open_local_chain(lock->paths(), options, workers);
  if (!local) return tl::unexpected(local.error());
  if (local->engine->authority() == nullptr)
    return fail("this chain is no authority chain", "Only chains whose genesis says clique have signers.");
  return Recovery{options, *lock, workers, std::move(*local), std::move(present)}.recover();
}

}  // namespace quarry
