// SPDX-License-Identifier: GPL-2.0-or-later
// A script of packets and commands through one NatBox, and the packets through one StatefulFilter.
// The first five bytes choose settings; then come records:
//
//     +-------------+----------------+------------------+
//     | what (1)    | length (1)     | length bytes     |
//     +-------------+----------------+------------------+
//
// what: bit 0 = side; bit 1 = the bytes are patched over a right packet rather than being the
// packet; bits 2-4 = kind of that packet; bits 5-7 = how far time goes on. With bit 1 clear and no
// bytes it is a command: bits 2-4 say which.
#include "model/core/nat/nat-box.h"
#include "model/core/nat/stateful-filter.h"
#include "model/wire/packet-builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace
{

using Packet = std::vector<uint8_t>;

constexpr isb::Ipv4 EXTERNAL{0xcb007101};
constexpr isb::Endpoint INSIDER{isb::Ipv4{0x0a000002}, 5000};
constexpr isb::Endpoint REMOTE{isb::Ipv4{0xc6336401}, 80};

void
Require(bool claim, int line = __builtin_LINE())
{
    if (!claim)
    {
        std::fprintf(stderr, "the claim in line %d does not hold\n", line);
        std::abort();
    }
}

constexpr size_t HEADER = 5;
constexpr isb::Endpoint FORWARDED{EXTERNAL, 4999};

isb::NatAxes
ChooseAxes(uint8_t preset, uint8_t choice)
{
    isb::NatAxes axes = *isb::NatPreset(isb::NAT_PRESETS[preset % 4]);
    axes.assignment = static_cast<isb::NatPortAssignment>(preset / 4 % 4);
    axes.step = static_cast<uint16_t>(1 + choice % 4);
    axes.parity = (choice & 0x04) != 0;
    axes.contiguity = (choice & 0x08) != 0;
    axes.refresh = (choice & 0x10) != 0 ? isb::NatRefresh::Both : isb::NatRefresh::Outbound;
    return axes;
}

/// Settings of the header's bytes; the plainest ones where these would contradict themselves.
isb::NatSettings
ChooseSettings(const uint8_t* header)
{
    isb::NatSettings settings;
    settings.external = EXTERNAL;
    settings.internal = {isb::Subnet{isb::Ipv4{0x0a000000}, 24}};
    settings.firstPort = 4990;
    settings.lastPort = 5005;
    settings.limits.mappings = 12;
    settings.limits.sessions = 24;
    settings.limits.destinationsPerMapping = 4;
    settings.limits.fragmentedDatagrams = 4;
    settings.limits.heldFragments = 4;
    settings.limits.heldSyns = 3;
    settings.checksums = (header[0] & 0x40) == 0;
    const isb::NatSettings plain = settings;
    settings.udp = settings.tcp = settings.icmp = ChooseAxes(header[0], header[1]);
    settings.pooling =
        (header[1] & 0x20) != 0 ? isb::NatPooling::Arbitrary : isb::NatPooling::Paired;
    if ((header[1] & 0x40) != 0)
    {
        settings.furtherExternals = {isb::Ipv4{EXTERNAL.value + 1}, isb::Ipv4{EXTERNAL.value + 7}};
    }
    settings.eviction =
        (header[1] & 0x80) != 0 ? isb::NatEviction::OldestIdle : isb::NatEviction::RefuseNew;
    settings.hairpin = static_cast<isb::NatHairpin>(header[2] % 3);
    settings.unsolicitedSyn = static_cast<isb::NatSynAnswer>(header[2] / 4 % 4);
    settings.faults.killOnReset = (header[2] & 0x10) != 0;
    settings.faults.killOnIcmp = (header[2] & 0x20) != 0;
    settings.faults.rewritePayload = (header[2] & 0x40) != 0;
    settings.timers.portHold = std::chrono::seconds((header[2] & 0x80) != 0 ? 20 : 0);
    settings.blocks.size = static_cast<uint16_t>((header[3] & 0x01) != 0 ? 4 : 0);
    settings.blocks.mostEach = 2;
    settings.limits.mappingsPerSubscriber = (header[3] & 0x02) != 0 ? 3 : 0;
    settings.limits.sessionsPerSubscriber = (header[3] & 0x04) != 0 ? 5 : 0;
    settings.limits.newMappingsPerSecond = (header[3] & 0x08) != 0 ? 2 : 0;
    settings.insideMtu = static_cast<uint16_t>((header[3] & 0x10) != 0 ? 68 : 0);
    settings.outsideMtu = static_cast<uint16_t>((header[3] & 0x20) != 0 ? 70 : 0);
    if ((header[3] & 0x40) != 0)
    {
        settings.forwards = {{isb::Protocol::Udp, FORWARDED, {INSIDER, {INSIDER.address, 80}}},
                             {isb::Protocol::Tcp, {isb::Ipv4{}, 22}, {{INSIDER.address, 22}}}};
    }
    if ((header[3] & 0x80) != 0)
    {
        settings.untranslated = {isb::Subnet{isb::Ipv4{0xc6336480}, 25}};
    }
    if ((header[4] & 0x01) != 0)
    {
        settings.allowedDestinations = {REMOTE.address};
    }
    return isb::FindContradiction(settings) ? plain : settings;
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

/// A NatBox and what must hold of it after each input.
class NatRun
{
  public:
    explicit NatRun(const uint8_t* header)
        : m_header(header, header + HEADER),
          m_box(ChooseSettings(header), m_rng, nullptr)
    {
    }

    void Send(isb::TimePoint now, isb::NatSide from, Packet packet);
    void Command(isb::TimePoint now, uint8_t which);
    void End(isb::TimePoint now);

  private:
    void Check(isb::TimePoint now);

    Packet m_header;
    isb::SeededRng m_rng{1};
    isb::NatBox m_box;
    size_t m_held = 0; ///< packets whose ticket is out
};

void
NatRun::Send(isb::TimePoint now, isb::NatSide from, Packet packet)
{
    using Action = isb::NatVerdict::Action;
    const Packet before = packet;
    const isb::NatVerdict verdict = m_box.Process(now, from, packet, packet.size());
    const bool translated = verdict.action == Action::Forward || verdict.action == Action::Hairpin;
    Require(translated || packet == before);
    Require(!translated || !m_box.Settings().checksums ||
            isb::ChecksumsAreRight(packet) == isb::ChecksumsAreRight(before));
    Require((verdict.action == Action::Drop) != verdict.reason.empty());
    Require((verdict.action == Action::Hold) == (verdict.ticket != 0));
    m_held += verdict.action == Action::Hold ? 1 : 0;
    Check(now);
}

void
NatRun::Command(isb::TimePoint now, uint8_t which)
{
    switch (which)
    {
    case 0:
        Send(now, isb::NatSide::Inside, {});
        break;
    case 1:
        m_box.Reboot(now, EXTERNAL);
        break;
    case 2:
        m_box.Reboot(now, isb::Ipv4{EXTERNAL.value + 3});
        break;
    case 3:
        m_box.Rebind(now);
        break;
    case 4:
    case 5:
        m_box.SetFull(now, which == 4);
        break;
    case 6:
        // Every other setting, one after the other.
        m_header[static_cast<size_t>(now.count() / 1'000'000'000) % HEADER] ^= 0x15;
        static_cast<void>(m_box.Reconfigure(now, ChooseSettings(m_header.data())));
        break;
    default:
        m_box.Timeout(now);
    }
    Check(now);
}

void
NatRun::Check(isb::TimePoint now)
{
    const isb::NatLimits& limits = m_box.Settings().limits;
    Require(m_box.MappingCount() <= limits.mappings);
    std::map<isb::Ipv4, size_t> ofHost;
    size_t sessions = 0;
    for (const isb::NatMappingInfo& mapping : m_box.Mappings())
    {
        // A forward stays where the administrator put it, also when the box' address changes.
        const bool isForward = mapping.expiry == isb::TIME_NEVER;
        Require(isForward || m_box.Settings().IsExternal(mapping.external.address));
        Require(isForward || mapping.sessions <= limits.destinationsPerMapping);
        sessions += mapping.sessions;
        ofHost[mapping.internal.address] += isForward ? 0 : 1;
    }
    Require(sessions <= limits.sessions);
    for (const auto& [host, count] : ofHost)
    {
        Require(limits.mappingsPerSubscriber == 0 || count <= limits.mappingsPerSubscriber);
    }
    for (const isb::NatEmitted& emitted : m_box.TakeEmitted())
    {
        Require(isb::ChecksumsAreRight(emitted.packet));
    }
    m_held -= m_box.TakeReleased().size();
    m_held -= m_box.TakeAbandoned().size();
    Require(m_held <= 2 * limits.heldFragments);
    m_box.Timeout(now);
    static_cast<void>(m_box.TakeEmitted());
    m_held -= m_box.TakeAbandoned().size();
    Require(m_box.NextTimeout() > now);
}

void
NatRun::End(isb::TimePoint now)
{
    m_box.Timeout(now);
    for (int i = 0; m_box.NextTimeout() != isb::TIME_NEVER; ++i)
    {
        Require(i < 1000);
        m_box.Timeout(m_box.NextTimeout());
    }
    m_held -= m_box.TakeAbandoned().size();
    Require(m_box.MappingCount() == 0);
    Require(m_held == 0);
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size < HEADER)
    {
        return 0;
    }
    isb::SeededRng rng(1);
    NatRun nat(data);
    isb::StatefulFilter filter(ChooseRules(data[0]), rng, nullptr);
    isb::TimePoint now{0};
    for (size_t at = HEADER; at + 2 <= size;)
    {
        const uint8_t what = data[at];
        const size_t length = std::min<size_t>(data[at + 1], size - at - 2);
        const uint8_t* const bytes = data + at + 2;
        at += 2 + length;
        const auto from = (what & 1) != 0 ? isb::NatSide::Outside : isb::NatSide::Inside;
        now += std::chrono::seconds((what >> 5) * (what >> 5) * (what >> 5));
        if ((what & 2) == 0 && length == 0)
        {
            nat.Command(now, what >> 2 & 7);
            continue;
        }
        Packet packet(bytes, bytes + length);
        if ((what & 2) != 0)
        {
            packet = Base(what >> 2 & 7, from);
            for (size_t i = 0; i + 1 < length; i += 2) // pairs of place and value
            {
                packet[bytes[i] % packet.size()] = bytes[i + 1];
            }
        }
        Judge(filter, now, from, packet);
        if (what % 3 == 0) // and as an answer that names the insider
        {
            Judge(filter, now, isb::NatSide::Outside, isb::BuildUdp(REMOTE, INSIDER, packet));
        }
        nat.Send(now, from, packet);
    }
    filter.Timeout(now + std::chrono::hours(3));
    Require(filter.StateSize() == 0);
    nat.End(now + std::chrono::hours(3));
    return 0;
}
