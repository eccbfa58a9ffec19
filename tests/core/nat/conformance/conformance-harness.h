// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_NAT_CONFORMANCE_CONFORMANCE_HARNESS_H
#define ISB_TESTS_CORE_NAT_CONFORMANCE_CONFORMANCE_HARNESS_H

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>
#include <vector>

namespace isb::test
{

//     10.0.0.2 (alice), 10.0.0.3 (bob) --- NAT 203.0.113.1, .2, .3 --- router --- 198.51.100.1, .2
inline constexpr Ipv4 SECOND_EXTERNAL{0xcb007102};
inline constexpr Ipv4 THIRD_EXTERNAL{0xcb007103};
inline constexpr Ipv4 ROUTER{0xc6330001};        // somewhere on the way outside
inline constexpr Ipv4 INSIDE_ROUTER{0x0a0000fe}; // somewhere on the way inside
inline constexpr uint8_t SYN_ACK = TCP_SYN | TCP_ACK;
inline constexpr uint8_t FIN_ACK = TCP_FIN | TCP_ACK;
inline constexpr NatSide IN = NatSide::Inside;
inline constexpr NatSide OUT = NatSide::Outside;
inline constexpr Protocol EVERY_PROTOCOL[] = {Protocol::Udp, Protocol::Tcp, Protocol::Icmp};

/// ALICE's other remotes, after SERVER.
inline constexpr Endpoint OTHER_REMOTES[] = {SERVER_OTHER_PORT, STRANGER};

inline NatSettings
WithMapping(NatBehaviour mapping)
{
    NatAxes axes;
    axes.mapping = mapping;
    return TestSettings(axes);
}

inline NatSettings
WithFiltering(NatBehaviour filtering)
{
    NatAxes axes;
    axes.filtering = filtering;
    return TestSettings(axes);
}

inline NatSettings
WithThreeAddresses(NatPooling pooling)
{
    NatSettings settings = Preset("full-cone");
    settings.furtherExternals = {SECOND_EXTERNAL, THIRD_EXTERNAL};
    settings.pooling = pooling;
    return settings;
}

/// True when the NAT lets a packet pass, translated with right checksums.
inline bool
Passes(NatUnderTest& nat, NatSide from, Packet packet)
{
    const Action action = nat.Send(from, packet).action;
    const bool passes = action == Action::Forward || action == Action::Hairpin;
    EXPECT_TRUE(!passes || ChecksumsAreRight(packet));
    return passes;
}

/// True when an opening packet from `remote` to `external` reaches ALICE.
inline bool
Enters(NatUnderTest& nat, Protocol protocol, Endpoint remote, Endpoint external)
{
    return InboundResult(nat, protocol, remote, external, ALICE).empty();
}

/// The same remotes for ICMP, which has no ports.
inline Endpoint
RemoteOf(Protocol protocol, Endpoint remote)
{
    return protocol == Protocol::Icmp ? Endpoint{remote.address, 0} : remote;
}

/// ALICE's TCP connection with SERVER, established; her external endpoint.
inline Endpoint
Establish(NatUnderTest& nat)
{
    const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, external, SYN_ACK)));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, SERVER, TCP_ACK)));
    return external;
}

/// A packet from ALICE to SERVER as a router outside sees it: what its errors quote.
inline Packet
SentOutside(NatUnderTest& nat, Protocol protocol)
{
    Packet packet = Opening(protocol, IN, ALICE, SERVER);
    EXPECT_EQ(nat.Send(IN, packet).action, Action::Forward);
    return packet;
}

/// The one packet that the NAT emitted; nothing for none, a failure for more.
inline std::optional<NatEmitted>
Emitted(NatUnderTest& nat)
{
    const std::vector<NatEmitted> all = nat.box.TakeEmitted();
    EXPECT_LE(all.size(), 1U);
    return all.empty() ? std::nullopt : std::optional<NatEmitted>(all.front());
}

/// Lets time pass, with every Timeout() when it is due.
inline void
Wait(NatUnderTest& nat, Duration duration)
{
    const TimePoint end = nat.now + duration;
    while (nat.box.NextTimeout() <= end)
    {
        nat.now = nat.box.NextTimeout();
        nat.box.Timeout(nat.now);
    }
    nat.now = end;
}

} // namespace isb::test

#endif
