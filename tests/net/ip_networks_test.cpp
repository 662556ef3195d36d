#include "net/ip_networks.hpp"

#include <gtest/gtest.h>

using quarry::net::IpNetworks;

TEST(IpNetworks, ContainWhatTheyCover) {
  const auto networks = IpNetworks::parse({"10.0.0.0/8", "192.168.1.0/24", "fd00::/8"});
  ASSERT_TRUE(networks);
  for (const char* in : {"10.1.2.3", "192.168.1.255", "fd12::1", "::ffff:10.0.0.1"})
    EXPECT_TRUE(networks->allow(in)) << in;
  for (const char* out : {"11.0.0.1", "192.168.2.1", "fe80::1", "127.0.0.1", "no address"})
    EXPECT_FALSE(networks->allow(out)) << out;
}

TEST(IpNetworks, NoneAllowEverything) {
  EXPECT_TRUE(IpNetworks::parse({})->allow("1.2.3.4"));
}

TEST(IpNetworks, RefuseWhatIsNoNetwork) {
  for (const char* bad :
       {"10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", "10.0.0.0/8x", "fd00::/129", "/8", ""})
    EXPECT_FALSE(IpNetworks::parse({bad})) << bad;
}
