#pragma once
/// \file
/// The parts that receipts have alike on the wire and in the database.

#include "core/receipt.hpp"

namespace quarry {

/// The state root, or 1 for success and 0 (as RLP has it: no bytes) for failure.
[[nodiscard]] rlp::Decoded<> read_outcome(rlp::Reader& from, Receipt& receipt);
void write_outcome(rlp::Writer& to, const Receipt& receipt);

/// [address, [topic, …], data], of four topics at most.
[[nodiscard]] rlp::Decoded<Log> read_log(rlp::Reader& from);
void write_log(rlp::Writer& to, const Log& log);

}  // namespace quarry
