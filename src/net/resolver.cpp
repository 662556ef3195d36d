#include "net/resolver.hpp"

#include <memory>

namespace quarry::net {
namespace {

struct Lookup {
  uv_getaddrinfo_t request{};
  std::string host;
  std::uint16_t port = 0;
  std::function<void(Result<Addresses>)> done;
};

const addrinfo* hints() {
  static const addrinfo value = [] {
    addrinfo h{};
    h.ai_family = AF_UNSPEC;
    h.ai_socktype = SOCK_STREAM;
    return h;
  }();
  return &value;
}

/// The first kMaxAddresses of the list.
Addresses addresses_of(const addrinfo* list, std::uint16_t port) {
  Addresses out;
  for (const auto* entry = list; entry != nullptr && out.size() < kMaxAddresses; entry = entry->ai_next) {
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                reinterpret_cast<char*>(&address));
    set_port(address, port);
    out.push_back(address);
  }
  return out;
}

Result<Addresses> take(const std::string& host, std::uint16_t port, int status, addrinfo* list) {
  auto out = status == 0 ? addresses_of(list, port) : Addresses{};
  uv_freeaddrinfo(list);
  if (out.empty()) {
    const std::string why = status != 0 ? uv_strerror(status) : "it has no addresses";
    return fail("host name " + host + " was not found: " + why,
                "Check the spelling, or give the machine's IP address.");
  }
  return out;
}

}  // namespace

void resolve(Loop& loop, const std::string& host, std::uint16_t port,
             std::function<void(Result<Addresses>)> done) {
  if (const auto address = literal_address(host, port)) {
    loop.post([done = std::move(done), found = Addresses{*address}] { done(found); });
    return;
  }
  auto* lookup = new Lookup{{}, host, port, std::move(done)};
  lookup->request.data = lookup;
  const auto found = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    const std::unique_ptr<Lookup> own(static_cast<Lookup*>(request->data));
    own->done(take(own->host, own->port, status, list));
  };
  const int status = uv_getaddrinfo(loop.raw(), &lookup->request, found, host.c_str(), nullptr, hints());
  if (status == 0) return;
  loop.post([own = std::shared_ptr<Lookup>(lookup), status] {
    own->done(take(own->host, own->port, status, nullptr));
  });
}

Result<Addresses> resolve_now(const std::string& host, std::uint16_t port) {
  if (const auto address = literal_address(host, port)) return Addresses{*address};
  addrinfo* list = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, hints(), &list);
  auto out = status == 0 ? addresses_of(list, port) : Addresses{};
  if (list != nullptr) freeaddrinfo(list);
  if (out.empty()) {
    return fail("host name " + host + " was not found", "Check the spelling, or give an IP address.");
  }
  return out;
}

}  // namespace quarry::net
