#pragma once
/// \file
/// The object that eth_call, eth_estimateGas and eth_sendTransaction take.

#include "core/transaction.hpp"
#include "rpc/params.hpp"

namespace quarry::rpc {

struct CallArgs {
  std::optional<Address> from, to;
  std::optional<Gas> gas;
  std::optional<U256> gas_price, max_fee, max_tip, value;
  std::optional<std::uint64_t> nonce;
  Bytes data;  ///< "input", or "data" as older clients have it
  std::optional<U256> chain_id;
  std::optional<std::vector<AccessListEntry>> access_list;
  std::optional<U256> max_blob_fee;
  std::vector<Hash256> blob_hashes;
  std::vector<Authorization> authorizations;

  /// The oldest type that has all that was given.
  TxnType type() const;
  /// What it pays for one gas at most; zero when no price was given.
  U256 fee_cap() const;
  /// The transaction without a signature; what was not given is zero.
  Transaction transaction() const;
};

/// Reads parameter `index`; errors are left in `params`.
CallArgs read_call_args(Params& params, std::size_t index);
/// Reads an object that lies inside a parameter.
CallArgs read_call_args(FieldReader& fields);

}  // namespace quarry::rpc
