// SPDX-License-Identifier: GPL-2.0-or-later
// Feeds IstEngine orders, pauses and packets that the input spells, one byte an operation. Packets
// are raw bytes, or well-formed ones from few users so that they meet, or the right answer to what
// the IST sent, so that deep states are reached. One of the two users lives behind IPv6: what is
// spelled for him is told in IPv6, what he gets is read as IPv4. Whatever happens: forwarded
// packets go to a user and keep right checksums, state stays bounded, and nothing is left when all
// timers have run out.
#include "model/core/ist/ist-engine.h"
#include "model/splice/ist-rewrite.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"
#include "model/wire/registration.h"
#include "tests/splice-cases/case-packet.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

namespace
{

using namespace isb;
using Packet = std::vector<uint8_t>;

constexpr Ipv4 IST{0xcb007101};
constexpr Ipv4 IPV6_USER{0x0a000001};
const IpAddress IST6 = IpAddress::Parse("2001:db8::ff").value();
const IpAddress USER6 = IpAddress::Parse("2001:db8::1").value();
constexpr size_t MAX_SPLICES = 8;
constexpr uint16_t FIRST_PORT = 100;

#define REQUIRE(condition)                                               \
    do                                                                   \
    {                                                                    \
        if (!(condition))                                                \
        {                                                                \
            std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            std::abort();                                                \
        }                                                                \
    } while (false)

constexpr size_t IPV6_HEADER = 40;

/// A packet of the user behind IPv6, whole or a fragment, as he sends it; checksums stay right.
Packet
ToIpv6(const Packet& packet)
{
    ist_packet fields;
    const auto size = static_cast<uint32_t>(packet.size());
    REQUIRE(ist_packet_parse(&fields, packet.data(), size, size) == 0);
    const bool isFragment =
        fields.fragment_offset != 0 || (fields.flags & IST_PACKET_MORE_FRAGMENTS) != 0;
    Packet body(packet.begin() + fields.transport_offset, packet.end());
    if (fields.fragment_offset == 0)
    {
        ist_tuple after = fields.tuple;
        after.source = USER6.ToWords();
        after.destination = IST6.ToWords();
        uint8_t* field = &body[fields.protocol == IST_PROTOCOL_TCP ? 16 : 6];
        ist_put16(field,
                  ist_checksum_update(ist_get16(field), ist_address_delta(&fields.tuple, &after)));
    }
    uint8_t next = fields.protocol;
    if (isFragment)
    {
        Packet header(8);
        header[0] = next;
        const auto more = (fields.flags & IST_PACKET_MORE_FRAGMENTS) != 0 ? 1U : 0U;
        ist_put16(&header[2], static_cast<uint16_t>(fields.fragment_offset | more));
        ist_put32(&header[4], fields.identification);
        body.insert(body.begin(), header.begin(), header.end());
        next = IST_EXTENSION_FRAGMENT;
    }
    cases::Ip ip;
    ip.ttl = fields.ttl;
    return cases::BuildIp(USER6, IST6, next, body, ip);
}

/// A TCP segment or datagram to the user behind IPv6, as it would be in IPv4; checksums made anew.
/// Empty: a fragment.
Packet
ToIpv4(const Packet& packet)
{
    if (packet.at(6) == IST_EXTENSION_FRAGMENT)
    {
        return {};
    }
    const Packet body(packet.begin() + IPV6_HEADER, packet.end());
    return cases::Complete(cases::BuildIp(IST, IPV6_USER, packet[6], body));
}

/// Reads every event, so that a text which is not there is found.
class Reader : public TraceSink
{
  public:
    void
    Emit(const TraceEvent& event) override
    {
        REQUIRE(!ToJson(event, "ist").empty());
        REQUIRE(event.kind != TraceKind::HeaderRewritten || !event.detail.empty());
    }
};

class Fuzz
{
  public:
    Fuzz(const uint8_t* data, size_t size)
        : m_data(data),
          m_left(size)
    {
    }

    void
    Run()
    {
        while (m_left > 0)
        {
            Operate(Byte() % 8);
            for (const Packet& packet : m_engine.TakeEmitted())
            {
                Got(packet);
            }
            m_released += m_engine.TakeReleased().size() + m_engine.TakeAbandoned().size();
            TakeNotices();
            REQUIRE(m_engine.Size() <= MAX_SPLICES);
            REQUIRE(m_engine.StateSize() <= 7 * MAX_SPLICES + 2 * MOST_FRAGMENTS);
        }
        Drain();
    }

  private:
    static constexpr size_t MOST_FRAGMENTS = 8;

    static IstSettings
    Settings()
    {
        IstSettings settings;
        settings.addresses = {IST, IST6};
        settings.maxSplices = MAX_SPLICES;
        settings.maxFragmented = MOST_FRAGMENTS;
        settings.maxHeldFragments = MOST_FRAGMENTS;
        settings.ownPortFirst = FIRST_PORT;
        settings.ownPortLast = FIRST_PORT + 7;
        settings.decrementTtl = true;
        return settings;
    }

    uint8_t
    Byte()
    {
        if (m_left == 0)
        {
            return 0;
        }
        --m_left;
        return *m_data++;
    }

    uint16_t
    Port()
    {
        return static_cast<uint16_t>(FIRST_PORT + Byte() % 8);
    }

    Endpoint
    User()
    {
        const uint8_t choice = Byte();
        return {{0x0a000000U + choice % 2}, static_cast<uint16_t>(FIRST_PORT + choice / 2 % 4)};
    }

    static IpAddress
    AddressOf(const Endpoint& user)
    {
        return user.address == IPV6_USER ? USER6 : IpAddress(user.address);
    }

    void
    Operate(unsigned int operation)
    {
        switch (operation)
        {
        case 0:
            Add();
            break;
        case 1:
            (void)m_engine.Remove(m_now, Byte());
            break;
        case 2:
            m_now += std::chrono::milliseconds(int64_t{1} << Byte() % 24);
            m_engine.Timeout(m_now);
            break;
        case 3:
            Segment();
            break;
        case 4:
            Datagram();
            break;
        case 5:
            Error();
            break;
        case 6:
            Raw();
            break;
        default:
            Answer();
        }
    }

    void
    Add()
    {
        IstPair pair;
        const uint8_t choice = Byte();
        pair.method = static_cast<SpliceMethod>(choice % 4);
        pair.portA = Port();
        pair.portB = choice & 0x10 ? 0 : Port();
        if (choice & 0x20)
        {
            pair.allowedA = AddressOf(User());
        }
        if (pair.method == SpliceMethod::Active)
        {
            const Endpoint target = User();
            pair.activeTarget = {AddressOf(target), target.port};
        }
        if (choice & 0x40)
        {
            pair.limits.rateBps = Byte();
            pair.limits.bytes = uint64_t{Byte()} * 16;
            pair.limits.lifetime = std::chrono::milliseconds(int64_t{1} << Byte() % 20);
        }
        if (choice & 0x80)
        {
            pair.label = m_labels + 1;
            pair.closedPorts = {Port()};
        }
        const bool added = static_cast<bool>(m_engine.Add(m_now, pair));
        m_labels += added && pair.label != 0 ? 1 : 0;
    }

    /// Every labelled splice ends once, and nothing is heard of it afterwards.
    void
    TakeNotices()
    {
        for (const CarrierNews& news : m_engine.TakeNotices())
        {
            REQUIRE(news.label != 0 && m_ended.count(news.label) == 0);
            REQUIRE((news.kind == CarrierNews::Ended) <= !news.reason.empty());
            if (news.kind == CarrierNews::Ended)
            {
                m_ended.insert(news.label);
            }
        }
    }

    void
    Segment()
    {
        const Endpoint from = User();
        TcpFields tcp;
        const Endpoint to{IST, Port()};
        tcp.flags = Byte();
        tcp.sequence = Byte() * 64U;
        tcp.acknowledgement = Byte() * 64U;
        tcp.window = Byte();
        tcp.options.resize(4U * (Byte() % 11));
        std::generate(tcp.options.begin(), tcp.options.end(), [this] { return Byte(); });
        Give(BuildTcp(from, to, tcp, Packet(Byte() % 32)));
    }

    void
    Datagram()
    {
        const Endpoint from = User();
        const Endpoint to{IST, Port()};
        const uint8_t choice = Byte();
        IpFields ip;
        ip.identification = choice % 4;
        if (choice & 0x10)
        {
            Give(BuildUdp(from,
                          to,
                          {REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size()},
                          ip));
            return;
        }
        const auto fragments = FragmentPacket(BuildUdp(from, to, Packet(Byte()), ip), 68);
        const size_t first = Byte() % fragments.size();
        for (size_t i = 0; i < fragments.size(); ++i) // rotated: later ones may come first
        {
            Give(fragments[(first + i) % fragments.size()]);
        }
    }

    /// About the packet that was forwarded or made last.
    void
    Error()
    {
        if (m_last.empty())
        {
            return;
        }
        if (!m_last6.empty())
        {
            Error6();
            return;
        }
        const uint8_t types[] = {ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM};
        const uint8_t type = types[Byte() % 3];
        Give(BuildIcmpError(User().address, IST, type, Byte() % 16, Byte(), m_last, 28 + Byte()));
    }

    void
    Error6()
    {
        Packet body(8);
        body[0] = static_cast<uint8_t>(1 + Byte() % 4);
        body[1] = Byte() % 8;
        ist_put32(&body[4], Byte() * 16U);
        const size_t quoted = std::min<size_t>(m_last6.size(), 48U + Byte());
        body.insert(body.end(), m_last6.begin(), m_last6.begin() + static_cast<long>(quoted));
        Put(cases::BuildIcmp(USER6, IST6, body));
    }

    void
    Raw()
    {
        Packet packet(std::min<size_t>(Byte(), m_left));
        std::generate(packet.begin(), packet.end(), [this] { return Byte(); });
        if (packet.size() >= 20)
        {
            packet[0] = static_cast<uint8_t>(0x40 | (packet[0] & 0xf));
            const uint8_t destination[] = {0xcb, 0x00, 0x71, 0x01};
            std::copy(std::begin(destination), std::end(destination), packet.begin() + 16);
        }
        IstVerdict verdict = m_engine.Process(m_now, packet, packet.size() + Byte());
        m_held += verdict.action == IstVerdict::Hold;
    }

    /// What a TCP would say to the last segment that it got.
    void
    Answer()
    {
        PacketView got;
        if (m_last.empty() || !got.Read(m_last, m_last.size()) || got.Protocol() != Protocol::Tcp)
        {
            return;
        }
        const bool counts = (got.TcpFlags() & (TCP_SYN | TCP_FIN)) != 0;
        TcpFields tcp;
        tcp.sequence = got.Acknowledgement();
        tcp.acknowledgement =
            got.Sequence() + static_cast<uint32_t>(got.PayloadLength()) + (counts ? 1 : 0);
        const uint8_t choice = Byte();
        tcp.flags = static_cast<uint8_t>(TCP_ACK | (choice & (TCP_FIN | TCP_SYN | TCP_RST)));
        Give(BuildTcp(got.DestinationEndpoint(), got.SourceEndpoint(), tcp, Packet(choice / 8U)));
    }

    /// A packet that is spelled in IPv4, from whichever user; errors are IPv4's.
    void
    Give(const Packet& packet)
    {
        PacketView view;
        const bool isRead = view.Read(packet, packet.size());
        const bool isIpv6 =
            isRead && view.Source() == IPV6_USER && view.Protocol() != Protocol::Icmp;
        Put(isIpv6 ? ToIpv6(packet) : packet);
    }

    void
    Put(Packet packet)
    {
        const IstVerdict verdict = m_engine.Process(m_now, packet, packet.size());
        m_held += verdict.action == IstVerdict::Hold;
        REQUIRE((verdict.action == IstVerdict::Drop) == !verdict.reason.empty());
        REQUIRE((verdict.action == IstVerdict::Hold) == (verdict.ticket != 0));
        REQUIRE((verdict.replaced != 0) == !verdict.header.empty());
        if (verdict.action == IstVerdict::Forward)
        {
            REQUIRE(verdict.replaced <= packet.size());
            packet.erase(packet.begin(), packet.begin() + static_cast<long>(verdict.replaced));
            packet.insert(packet.begin(), verdict.header.begin(), verdict.header.end());
            Got(packet);
        }
        else
        {
            REQUIRE(verdict.replaced == 0);
        }
    }

    /// A packet that the IST sent.
    void
    Got(const Packet& packet)
    {
        ist_packet fields;
        const auto size = static_cast<uint32_t>(packet.size());
        REQUIRE(ist_packet_parse_any(&fields, packet.data(), size, size) == 0);
        REQUIRE(fields.total_length == size);
        REQUIRE(cases::Complete(packet) == packet);
        if (fields.family == IST_FAMILY_IPV4)
        {
            REQUIRE(fields.tuple.source.word[0] == IST.value);
            REQUIRE(fields.tuple.destination.word[0] >> 8 == 0x0a0000);
            m_last = packet;
            m_last6.clear();
            return;
        }
        REQUIRE(IpAddress(fields.family, fields.tuple.source) == IST6);
        REQUIRE(IpAddress(fields.family, fields.tuple.destination) == USER6);
        m_last = fields.protocol == IST_PROTOCOL_ICMPV6 ? Packet{} : ToIpv4(packet);
        m_last6 = packet;
    }

    void
    Drain()
    {
        for (int i = 0; m_engine.NextTimeout() != TIME_NEVER; ++i)
        {
            REQUIRE(i < 10000);
            m_now = std::max(m_now, m_engine.NextTimeout());
            m_engine.Timeout(m_now);
        }
        m_released += m_engine.TakeReleased().size() + m_engine.TakeAbandoned().size();
        TakeNotices();
        REQUIRE(m_ended.size() == m_labels);
        REQUIRE(m_engine.StateSize() == 0);
        REQUIRE(m_held == m_released); // no ticket is lost
    }

    const uint8_t* m_data;
    size_t m_left;
    SeededRng m_random{1};
    Reader m_reader;
    IstEngine m_engine{Settings(), m_random, &m_reader};
    TimePoint m_now{1};
    Packet m_last;  ///< as in IPv4; empty: none, or it is no segment or datagram
    Packet m_last6; ///< the same if it was IPv6
    size_t m_held = 0;
    size_t m_released = 0;
    uint64_t m_labels = 0; ///< labelled pairs added
    std::set<uint64_t> m_ended;
};

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Fuzz(data, size).Run();
    return 0;
}
