// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice-cases/case-script.h"

#include <algorithm>
#include <stdexcept>

namespace isb::cases
{
namespace
{

IpAddress
Address(const char* ipv4, const char* ipv6, ist_family family)
{
    return IpAddress::Parse(family == IST_FAMILY_IPV4 ? ipv4 : ipv6).value();
}

} // namespace

Script::Script(std::string_view name, const Families& families)
    : m_families(families)
{
    made.name = std::string(name) + "_" + std::string(families.name);
    made.crossesFamilies = families.Cross();
    made.ipv4Only = families.a == IST_FAMILY_IPV4 && families.b == IST_FAMILY_IPV4;
    made.settings.decrementTtl = true;
    for (const char* address : {"203.0.113.1", "203.0.113.2", "2001:db8:a::1", "2001:db8:b::1"})
    {
        made.settings.addresses.push_back(IpAddress::Parse(address).value());
    }
    m_users[0].self = {Address("10.0.1.1", "2001:db8:1::1", families.a), 1111};
    m_users[0].ist = {Address("203.0.113.1", "2001:db8:a::1", families.a), PORT_A};
    m_users[0].isn = 1000;
    m_users[0].tsval = 70000;
    m_users[1].self = {Address("10.0.2.1", "2001:db8:2::1", families.b), 2222};
    m_users[1].ist = {Address("203.0.113.2", "2001:db8:b::1", families.b), PORT_B};
    m_users[1].isn = 0xfffffff0; // wraps soon
    m_users[1].tsval = 0xffffff00;
    m_users[1].wishes.mss = 1400;
    m_users[1].wishes.wscale = 9;
    m_users[1].wishes.window = 29200;
}

User&
Script::At(IstSide side)
{
    return m_users[static_cast<size_t>(side)];
}

const User&
Script::At(IstSide side) const
{
    return m_users[static_cast<size_t>(side)];
}

Script&
Script::Order(SpliceMethod method, uint16_t portA, uint16_t portB)
{
    IstPair pair;
    pair.method = method;
    pair.portA = portA;
    pair.portB = portB;
    return Order(pair);
}

Script&
Script::Order(const IstPair& pair)
{
    made.pairs.emplace_back(made.steps.size(), pair);
    return *this;
}

Script&
Script::Consumes(std::string what, IstSide from, Recipe in, std::vector<Sent> out)
{
    Step step{std::move(what), from, std::move(in), Fate::Consumed};
    step.out = std::move(out);
    made.steps.push_back(std::move(step));
    return *this;
}

Script&
Script::Drops(std::string what, IstSide from, Recipe in, std::string reason, std::vector<Sent> out)
{
    Step step{std::move(what), from, std::move(in), Fate::Dropped, std::move(reason)};
    step.out = std::move(out);
    made.steps.push_back(std::move(step));
    return *this;
}

Script&
Script::Passes(std::string what, IstSide at, Bytes in)
{
    made.steps.push_back({std::move(what), at, Fixed(std::move(in)), Fate::Passes});
    return *this;
}

Script&
Script::Forwards(std::string what,
                 IstSide from,
                 Recipe in,
                 Recipe forwarded,
                 std::vector<Sent> more)
{
    Step step{std::move(what), from, std::move(in), Fate::Forwarded};
    step.out = std::move(more);
    step.out.insert(step.out.begin(), {OtherThan(from), std::move(forwarded)});
    made.steps.push_back(std::move(step));
    return *this;
}

Script&
Script::Carries(std::string what,
                IstSide from,
                const Tcp& tcp,
                const Ip& ip,
                std::vector<Sent> more)
{
    const size_t options = (tcp.options.size() + 3) / 4 * 4;
    const Ip after = After(from, ip, 20 + options + tcp.payload.size());
    return Forwards(std::move(what),
                    from,
                    Fixed(From(from, tcp, ip)),
                    Fixed(To(OtherThan(from), tcp, after)),
                    std::move(more));
}

Script&
Script::CarriesDatagram(std::string what, IstSide from, const Bytes& payload, const Ip& ip)
{
    return Forwards(
        std::move(what),
        from,
        Fixed(DatagramFrom(from, payload, ip)),
        Fixed(DatagramTo(OtherThan(from), payload, After(from, ip, 8 + payload.size()))));
}

Bytes
Script::From(IstSide side, const Tcp& tcp, const Ip& ip) const
{
    return BuildTcp(At(side).self, At(side).ist, tcp, ip);
}

Bytes
Script::To(IstSide side, const Tcp& tcp, const Ip& ip) const
{
    return BuildTcp(At(side).ist, At(side).self, tcp, ip);
}

Bytes
Script::DatagramFrom(IstSide side, const Bytes& payload, const Ip& ip) const
{
    return BuildUdp(At(side).self, At(side).ist, payload, ip);
}

Bytes
Script::DatagramTo(IstSide side, const Bytes& payload, const Ip& ip) const
{
    return BuildUdp(At(side).ist, At(side).self, payload, ip);
}

/// Across families RFC 7915: sections 4.1 and 5.1.
Ip
Script::After(IstSide from, Ip ip, size_t payload) const
{
    --ip.ttl;
    if (!m_families.Cross())
    {
        return ip;
    }
    ip.options.clear();
    ip.flowLabel = 0;
    if (At(OtherThan(from)).self.address.IsIpv4())
    {
        ip.identification = 0;
        ip.dontFragment = 20 + payload > 1260;
    }
    return ip;
}

bool
Script::BothTimestamps() const
{
    return m_users[0].wishes.timestamps && m_users[1].wishes.timestamps;
}

bool
Script::BothWscale() const
{
    return m_users[0].wishes.wscale >= 0 && m_users[1].wishes.wscale >= 0;
}

bool
Script::BothSack() const
{
    return m_users[0].wishes.sack && m_users[1].wishes.sack;
}

/// As Linux orders them.
Tcp
Script::Syn(IstSide of) const
{
    const User& user = At(of);
    const Wishes& wishes = user.wishes;
    Tcp syn;
    syn.flags = SYN | wishes.flags;
    syn.seq = user.isn;
    syn.window = wishes.window;
    if (wishes.mss != 0)
    {
        syn.options = Mss(wishes.mss);
    }
    if (wishes.sack)
    {
        syn.options = syn.options + SackPermitted();
    }
    if (wishes.timestamps)
    {
        syn.options = syn.options + Timestamps(user.tsval, 0);
    }
    if (wishes.wscale >= 0)
    {
        syn.options = syn.options + Nops(1) + Wscale(static_cast<uint8_t>(wishes.wscale));
    }
    return syn;
}

uint16_t
Script::MssTowards(IstSide side, uint16_t mss) const
{
    const bool grows = !At(side).self.address.IsIpv4() && At(OtherThan(side)).self.address.IsIpv4();
    if (!grows)
    {
        return mss;
    }
    return mss == 0 ? 536 : std::max<uint16_t>(std::min<uint16_t>(mss, 1220), mss - 20);
}

/// RFC 7323, 2018, 3168: what both asked for, with the other's values. The window stays closed.
Sent
Script::SynAck(IstSide to) const
{
    const User& self = At(to);
    const User& other = At(OtherThan(to));
    Tcp answer;
    answer.seq = other.isn;
    answer.ack = self.isn + 1;
    answer.flags = SYN | ACK;
    answer.window = 0;
    const unsigned int ecn = ECE | CWR;
    if ((self.wishes.flags & ecn) == ecn && (other.wishes.flags & ecn) == ecn)
    {
        answer.flags |= ECE;
    }
    if (const uint16_t mss = self.wishes.mss == 0 ? 0 : MssTowards(to, other.wishes.mss))
    {
        answer.options = Mss(mss);
    }
    if (BothSack() || BothTimestamps())
    {
        answer.options = answer.options + (BothSack() ? SackPermitted() : Nops(2)) +
                         (BothTimestamps() ? Timestamps(other.tsval, self.tsval) : Nops(2));
    }
    if (BothWscale())
    {
        answer.options =
            answer.options + Nops(1) + Wscale(static_cast<uint8_t>(other.wishes.wscale));
    }
    return AckTo(to, answer);
}

Sent
Script::AckTo(IstSide to, const Tcp& tcp) const
{
    Ip ip;
    ip.identification = 0;
    return {to, Fixed(To(to, tcp, ip))};
}

Tcp
Script::FirstAck(IstSide of) const
{
    return Segment(of, 0, 0);
}

Bytes
Script::Registration(IstSide of) const
{
    Bytes payload = Text("ISBREG1");
    payload.resize(16);
    return DatagramFrom(of, payload);
}

Tcp
Script::Segment(IstSide of,
                uint32_t offset,
                uint32_t acknowledged,
                const Bytes& payload,
                unsigned int flags) const
{
    const User& self = At(of);
    const User& other = At(OtherThan(of));
    Tcp tcp;
    tcp.seq = self.isn + 1 + offset;
    tcp.ack = other.isn + 1 + acknowledged;
    tcp.flags = flags;
    tcp.window = static_cast<uint16_t>(500 + self.isn % 7);
    tcp.payload = payload;
    if (BothTimestamps())
    {
        tcp.options = Nops(2) + Timestamps(self.tsval + 1, other.tsval + 1);
    }
    return tcp;
}

Script&
Script::Handshake(IstSide first)
{
    const IstSide second = OtherThan(first);
    Consumes("SYN, held", first, Fixed(From(first, Syn(first))));
    Consumes("partner's SYN",
             second,
             Fixed(From(second, Syn(second))),
             {SynAck(IstSide::A), SynAck(IstSide::B)});
    Consumes("first ACK", first, Fixed(From(first, FirstAck(first))));
    // What the first one's ACK said is said again to the second.
    return Carries("second ACK", second, FirstAck(second), {}, {AckTo(second, FirstAck(first))});
}

Script&
Script::Register()
{
    return Consumes("A registers", IstSide::A, Fixed(Registration(IstSide::A)))
        .Consumes("B registers", IstSide::B, Fixed(Registration(IstSide::B)));
}

const std::vector<Families>&
AllFamilies()
{
    static const std::vector<Families> ALL{
        {"v4", IST_FAMILY_IPV4, IST_FAMILY_IPV4},
        {"v6", IST_FAMILY_IPV6, IST_FAMILY_IPV6},
        {"v4v6", IST_FAMILY_IPV4, IST_FAMILY_IPV6},
        {"v6v4", IST_FAMILY_IPV6, IST_FAMILY_IPV4},
    };
    return ALL;
}

} // namespace isb::cases
