#include "consensus/engine.hpp"

#include "consensus/clique/engine.hpp"
#include "consensus/ethash_engine.hpp"
#include "consensus/jbc/engine.hpp"
#include "consensus/merge_engine.hpp"

namespace quarry {
namespace {
Result<std::unique_ptr<Engine>> make_sealed_engine(const ChainSpec& spec, EngineContext context) {
  switch (spec.engine) {
    case EngineKind::ethash:
      return std::make_unique<EthashEngine>(context.caches);
    case EngineKind::clique:
      return std::make_unique<clique::CliqueEngine>(spec.clique, context.database);
    case EngineKind::jbc:
      return std::make_unique<JbcEngine>(spec.jbc);
  }
  return fail("the genesis asks for an engine that is not known");
}
}  // namespace

Result<std::unique_ptr<Engine>> make_engine(const ChainSpec& spec, EngineContext context) {
  auto engine = make_sealed_engine(spec, context);
  if (!engine || !spec.terminal_total_difficulty) return engine;
  return std::make_unique<MergeEngine>(std::move(*engine), context.seals);
}

}  // namespace quarry
