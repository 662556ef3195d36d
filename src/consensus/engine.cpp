#include "consensus/engine.hpp"

#include "consensus/ethash_engine.hpp"
#include "consensus/jbc/engine.hpp"

namespace quarry {

Result<std::unique_ptr<Engine>> make_engine(const ChainSpec& spec, EngineContext context) {
  switch (spec.engine) {
    case EngineKind::ethash:
      return std::make_unique<EthashEngine>(context.caches);
    case EngineKind::clique:
      return fail("the genesis asks for the engine clique, which this version does not have",
                  "use a genesis with \"ethash\": {} in its config, or without an engine");
    case EngineKind::jbc:
      return std::make_unique<JbcEngine>(spec.jbc);
  }
  return fail("the genesis asks for an engine that is not known");
}

}  // namespace quarry
