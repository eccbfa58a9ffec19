// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams between two registered users (thesis 3.3, 5.2), whole and in fragments.
#include "tests/splice-cases/case-lists.h"

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

SpliceCase
Registered(const Families& families)
{
    Script s("DatagramsBetweenTheRegistered", families);
    s.Order(SpliceMethod::Udp)
        .Drops("a datagram before", A, Fixed(s.DatagramFrom(A, Text("early"))), "ist.unpaired")
        .Consumes("A registers", A, Fixed(s.Registration(A)))
        .Consumes("and again", A, Fixed(s.Registration(A)))
        .Drops("a datagram alone", A, Fixed(s.DatagramFrom(A, Text("alone"))), "ist.unpaired")
        .Consumes("B registers", B, Fixed(s.Registration(B)))
        .CarriesDatagram("to B", A, Text("hello"))
        .CarriesDatagram("to A", B, Text("hello, you"))
        .CarriesDatagram("empty", B, {})
        .Consumes("keepalive", B, Fixed(s.Registration(B)))
        .CarriesDatagram("long", A, Bytes(1400, 0x5a));
    Ip odd;
    odd.trafficClass = 0xb8;
    odd.ttl = 2;
    s.CarriesDatagram("expedited, TTL 2", A, Text("odd"), odd);
    odd.ttl = 1;
    s.Drops("TTL 1", A, Fixed(s.DatagramFrom(A, Text("last"), odd)), "ist.ttl");
    return s.made;
}

SpliceCase
BFirst(const Families& families)
{
    Script s("BRegistersFirst", families);
    s.Order(SpliceMethod::Udp)
        .Consumes("B registers", B, Fixed(s.Registration(B)))
        .Consumes("A registers", A, Fixed(s.Registration(A)))
        .CarriesDatagram("to A", B, Text("hello"))
        .CarriesDatagram("to B", A, Text("hello"));
    return s.made;
}

SpliceCase
Stranger(const Families& families)
{
    Script s("AStrangerCannotTakeASideOfDatagrams", families);
    Script stranger = s;
    stranger.At(A).self.port = 4444;
    s.Order(SpliceMethod::Udp)
        .Consumes("A registers", A, Fixed(s.Registration(A)))
        .Drops("a stranger", A, Fixed(stranger.Registration(A)), "ist.side-taken")
        .Consumes("B registers", B, Fixed(s.Registration(B)))
        .Passes("a stranger later", A, stranger.DatagramFrom(A, Text("guess")))
        .CarriesDatagram("to B", A, Text("hello"));
    return s.made;
}

/// The checksum is the payload's complement: sums of 0 and 0xffff, and a field that may not be 0.
SpliceCase
Checksums(const Families& families)
{
    Script s("DatagramChecksumsAroundZero", families);
    s.Order(SpliceMethod::Udp).Register();
    for (unsigned int step = 0; step < 4; ++step)
    {
        const Bytes built = s.DatagramFrom(A, Bytes(2, 0));
        const size_t at = s.At(A).self.address.IsIpv4() ? 26 : 46;
        const unsigned int word = (built[at] * 256U + built[at + 1] - 2 + step) & 0xffff;
        s.CarriesDatagram("as sent near zero",
                          A,
                          {static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)});
        const Bytes arrives = s.DatagramTo(B, Bytes(2, 0));
        const size_t there = s.At(B).self.address.IsIpv4() ? 26 : 46;
        const unsigned int other = (arrives[there] * 256U + arrives[there + 1] - 2 + step) & 0xffff;
        s.CarriesDatagram("as received near zero",
                          A,
                          {static_cast<uint8_t>(other >> 8), static_cast<uint8_t>(other)});
    }
    return s.made;
}

SpliceCase
NoChecksum(const Families& families)
{
    Script s("DatagramsWithoutChecksum", families);
    s.Order(SpliceMethod::Udp).Register();
    Bytes in = s.DatagramFrom(A, Text("no checksum"));
    Bytes out = s.DatagramTo(B, Text("no checksum"), s.After(A, {}, 19));
    in[26] = in[27] = out[26] = out[27] = 0;
    s.Forwards("to B", A, Fixed(Complete(in)), Fixed(Complete(out)));
    return s.made;
}

SpliceCase
TcpToUdpPort(const Families& families)
{
    Script s("ProtocolsHavePortsOfTheirOwn", families);
    s.Order(SpliceMethod::Udp)
        .Passes("a SYN to a UDP port", A, s.From(A, s.Syn(A)))
        .Order(SpliceMethod::Passive)
        .Consumes("and to its own", A, Fixed(s.From(A, s.Syn(A))))
        .Consumes("a registration", A, Fixed(s.Registration(A)));
    return s.made;
}

} // namespace

void
AddUdpCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(Registered(families));
    cases.push_back(BFirst(families));
    cases.push_back(Stranger(families));
    cases.push_back(Checksums(families));
    cases.push_back(TcpToUdpPort(families));
    if (families.a == IST_FAMILY_IPV4 && families.b == IST_FAMILY_IPV4)
    {
        cases.push_back(NoChecksum(families));
    }
}

namespace
{

Bytes
LongPayload()
{
    Bytes payload(3900);
    for (size_t i = 0; i < payload.size(); ++i)
    {
        payload[i] = static_cast<uint8_t>(i * 7 + i / 256);
    }
    return payload;
}

/// A datagram in fragments as A sends it and as B gets it.
struct Pieces
{
    Pieces(const Script& s, const Bytes& payload, uint16_t identification)
    {
        Ip ip;
        ip.dontFragment = false;
        Ip after = s.After(A, ip, 8 + payload.size());
        after.dontFragment = false;
        in = Fragments(s.DatagramFrom(A, payload, ip), 1408, identification);
        out = Fragments(s.DatagramTo(B, payload, after), 1408, identification);
    }

    std::vector<Bytes> in;
    std::vector<Bytes> out;
};

SpliceCase
InOrder(const Families& families)
{
    Script s("FragmentsFollowTheirFirst", families);
    const Pieces one(s, LongPayload(), 77);
    const Pieces two(s, Text("short") + LongPayload(), 78);
    s.Order(SpliceMethod::Udp).Register();
    for (size_t i = 0; i < 3; ++i)
    {
        s.Forwards("of the first datagram", A, Fixed(one.in[i]), Fixed(one.out[i]));
        s.Forwards("of the second", A, Fixed(two.in[i]), Fixed(two.out[i]));
    }
    s.CarriesDatagram("a whole one", A, Text("whole"));
    return s.made;
}

SpliceCase
LastBeforeMiddle(const Families& families)
{
    Script s("LaterFragmentsInAnyOrder", families);
    const Pieces one(s, LongPayload(), 1000);
    s.Order(SpliceMethod::Udp)
        .Register()
        .Forwards("the first", A, Fixed(one.in[0]), Fixed(one.out[0]))
        .Forwards("the last", A, Fixed(one.in[2]), Fixed(one.out[2]))
        .Forwards("the middle", A, Fixed(one.in[1]), Fixed(one.out[1]));
    return s.made;
}

SpliceCase
Overtaking(const Families& families)
{
    Script s("AFragmentThatOvertakesItsFirst", families);
    const Pieces one(s, LongPayload(), 2000);
    s.Order(SpliceMethod::Udp).Register();
    s.Drops("the last comes first", A, Fixed(one.in[2]), "ist.fragment-limit");
    s.made.steps.back().overtakes = true;
    s.Forwards("the first", A, Fixed(one.in[0]), Fixed(one.out[0]));
    s.made.steps.back().released = {{B, Fixed(one.out[2])}};
    s.Forwards("the middle", A, Fixed(one.in[1]), Fixed(one.out[1]));
    return s.made;
}

SpliceCase
FragmentedTcp(const Families& families)
{
    Script s("FragmentedTcpIsRefused", families);
    s.Order(SpliceMethod::Passive).Handshake();
    const Tcp data = s.Segment(A, 0, 0, LongPayload());
    const auto pieces = Fragments(s.From(A, data), 1408, 5);
    s.Drops("its first fragment", A, Fixed(pieces[0]), "ist.fragment");
    return s.made;
}

SpliceCase
UnpairedFragments(const Families& families)
{
    Script s("FragmentsShareTheFateOfTheirFirst", families);
    s.Order(SpliceMethod::Udp);
    const Pieces one(s, LongPayload(), 3000);
    s.Drops("the first", A, Fixed(one.in[0]), "ist.unpaired");
    s.Drops("the second", A, Fixed(one.in[1]), "ist.unpaired");
    return s.made;
}

SpliceCase
ForeignFragments(const Families& families)
{
    Script s("FragmentsOfOthersPass", families);
    s.Order(SpliceMethod::Udp).Register();
    Script other = s;
    other.At(A).self.address =
        IpAddress::Parse(s.At(A).self.address.IsIpv4() ? "10.0.1.8" : "2001:db8:1::8").value();
    other.At(A).ist.port = 9;
    const Pieces pieces(other, LongPayload(), 4000);
    for (const Bytes& piece : pieces.in)
    {
        s.Passes("of another host", A, piece);
    }
    return s.made;
}

} // namespace

void
AddFragmentCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(InOrder(families));
    cases.push_back(LastBeforeMiddle(families));
    cases.push_back(Overtaking(families));
    cases.push_back(FragmentedTcp(families));
    cases.push_back(UnpairedFragments(families));
    cases.push_back(ForeignFragments(families));
}

} // namespace isb::cases
