#pragma once
/// \file
/// Host names to addresses, without blocking the loop. For .cpp files of this folder: brings in uv.h.

#include <functional>
#include <vector>

#include "core/expected.hpp"
#include "net/loop.hpp"
#include "net/uv_address.hpp"

namespace quarry::net {

/// The addresses tried for one name at most: a name with more is a load balancer's.
constexpr std::size_t kMaxAddresses = 8;

using Addresses = std::vector<sockaddr_storage>;

/// Looks `host` up on libuv's thread pool and calls `done` from the loop, always, in a later turn.
/// What `done` captures must outlive its caller or be weak: there is no cancelling.
void resolve(Loop& loop, const std::string& host, std::uint16_t port,
             std::function<void(Result<Addresses>)> done);

/// The same at once, on the calling thread: for addresses to listen on, at start only.
Result<Addresses> resolve_now(const std::string& host, std::uint16_t port);

}  // namespace quarry::net
