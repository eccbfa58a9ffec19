// SPDX-License-Identifier: GPL-2.0-or-later
// A script of packets through one NatBox, and the same through one StatefulFilter. The first byte
// chooses settings; then come records:
//
//     +-------------+----------------+------------------+
//     | what (1)    | length (1)     | length bytes     |
//     +-------------+----------------+------------------+
//
// what: bit 0 = side; bit 1 = the bytes are patched over a right packet rather than being the
// packet; bits 2-4 = kind of that packet; bits 5-7 = how far time goes on.
#include "model/core/nat/nat-box.h"
#include "model/core/nat/stateful-filter.h"
#include "model/wire/packet-builder.h"

#include <algorithm>
#include <cstdlib>

namespace
{

using Packet = std::vector<uint8_t>;

constexpr isb::Ipv4 EXTERNAL{0xcb007101};
constexpr isb::Endpoint INSIDER{isb::Ipv4{0x0a000002}, 5000};
constexpr isb::Endpoint REMOTE{isb::Ipv4{0xc6336401}, 80};

void
Require(bool claim)
{
    if (!claim)
    {
        std::abort();
    }
}

isb::NatSettings
ChooseSettings(uint8_t choice)
{
    isb::NatSettings settings;
    settings.external = EXTERNAL;
    settings.internal = {isb::Subnet{isb::Ipv4{0x0a000000}, 24}};
    settings.udp = settings.tcp = settings.icmp = *isb::NatPreset(isb::NAT_PRESETS[choice % 4]);
    settings.SetAssignment(static_cast<isb::NatPortAssignment>(choice / 4 % 3));
    settings.firstPort = 4990;
    settings.lastPort = 5005;
    settings.checksums = (choice & 0x40) == 0;
    settings.hairpin =
        (choice & 0x80) == 0 ? isb::NatHairpin::ExternalSource : isb::NatHairpin::None;
    settings.limits.mappings = 12;
    settings.limits.sessions = 24;
    settings.limits.destinationsPerMapping = 4;
    settings.limits.fragmentedDatagrams = 4;
    settings.limits.heldFragments = 4;
    return settings;
}

isb::FilterSettings
ChooseRules(uint8_t choice)
{
    isb::FilterSettings rules;
    rules.internal = {isb::Subnet{isb::Ipv4{0x0a000000}, 24}};
    rules.own = {EXTERNAL};
    if ((choice & 0x20) != 0)
    {
        rules.allowedDestinations = {REMOTE.address};
    }
    rules.checksums = (choice & 0x40) == 0;
    rules.flows = 8;
    rules.fragmentedDatagrams = 4;
    rules.heldFragments = 4;
    return rules;
}

/// What must hold of every packet that a filter judges.
void
Judge(isb::StatefulFilter& filter, isb::TimePoint now, isb::NatSide from, const Packet& packet)
{
    const isb::FilterVerdict verdict = filter.Process(now, from, packet, packet.size());
    Require((verdict.action == isb::FilterVerdict::Action::Drop) != verdict.reason.empty());
    Require((verdict.action == isb::FilterVerdict::Action::Hold) == (verdict.ticket != 0));
    Require(filter.StateSize() <= 8 + 2 * (4 + 4));
    Require(filter.NextTimeout() > now);
    static_cast<void>(filter.TakeReleased());
    static_cast<void>(filter.TakeAbandoned());
}

/// A right packet of a kind, to be patched.
Packet
Base(uint8_t kind, isb::NatSide from)
{
    const bool inside = from == isb::NatSide::Inside;
    const isb::Endpoint external{EXTERNAL, 5000};
    const isb::Endpoint source = inside ? INSIDER : REMOTE;
    const isb::Endpoint destination = inside ? REMOTE : external;
    const Packet payload(40, 0x5a);
    isb::TcpFields tcp;
    switch (kind)
    {
    case 0:
        return isb::BuildUdp(source, destination, payload);
    case 1:
        tcp.flags = isb::TCP_SYN;
        return isb::BuildTcp(source, destination, tcp, {});
    case 2:
        return isb::BuildTcp(source, destination, tcp, payload);
    case 3:
        return isb::BuildEcho(source.address,
                              destination.address,
                              inside ? isb::ICMP_ECHO_REQUEST : isb::ICMP_ECHO_REPLY,
                              5000,
                              1,
                              payload);
    case 4:
        return isb::BuildIcmpError(source.address,
                                   destination.address,
                                   isb::ICMP_UNREACHABLE,
                                   3,
                                   0,
                                   isb::BuildUdp(destination, source, payload));
    case 5:
        return isb::FragmentPacket(isb::BuildUdp(source, destination, payload), 44)[0];
    case 6:
        return isb::FragmentPacket(isb::BuildUdp(source, destination, payload), 44)[1];
    default:
        return isb::BuildUdp(source, external, payload);
    }
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0)
    {
        return 0;
    }
    isb::SeededRng rng(1);
    const isb::NatSettings settings = ChooseSettings(data[0]);
    isb::NatBox box(settings, rng, nullptr);
    isb::StatefulFilter filter(ChooseRules(data[0]), rng, nullptr);
    isb::TimePoint now{0};
    for (size_t at = 1; at + 2 <= size;)
    {
        const uint8_t what = data[at];
        const size_t length = std::min<size_t>(data[at + 1], size - at - 2);
        const uint8_t* const bytes = data + at + 2;
        at += 2 + length;
        const auto from = (what & 1) != 0 ? isb::NatSide::Outside : isb::NatSide::Inside;
        Packet packet(bytes, bytes + length);
        if ((what & 2) != 0)
        {
            packet = Base(what >> 2 & 7, from);
            for (size_t i = 0; i + 1 < length; i += 2) // pairs of place and value
            {
                packet[bytes[i] % packet.size()] = bytes[i + 1];
            }
        }
        now += std::chrono::seconds((what >> 5) * (what >> 5) * (what >> 5));
        const Packet before = packet;
        Judge(filter, now, from, packet);
        if (what % 3 == 0) // and as an answer that names the insider
        {
            Judge(filter, now, isb::NatSide::Outside, isb::BuildUdp(REMOTE, INSIDER, packet));
        }
        const isb::NatVerdict verdict = box.Process(now, from, packet, packet.size());
        const bool translated = verdict.action == isb::NatVerdict::Action::Forward ||
                                verdict.action == isb::NatVerdict::Action::Hairpin;
        Require(translated || packet == before);
        Require(!translated || !settings.checksums ||
                isb::ChecksumsAreRight(packet) == isb::ChecksumsAreRight(before));
        Require((verdict.action == isb::NatVerdict::Action::Drop) != verdict.reason.empty());
        Require(box.MappingCount() <= settings.limits.mappings);
        Require(box.NextTimeout() > now);
        static_cast<void>(box.TakeReleased());
        static_cast<void>(box.TakeAbandoned());
    }
    filter.Timeout(now + std::chrono::hours(3));
    Require(filter.StateSize() == 0);
    box.Timeout(now + std::chrono::hours(3));
    Require(box.MappingCount() == 0);
    Require(box.NextTimeout() == isb::TIME_NEVER);
    return 0;
}
