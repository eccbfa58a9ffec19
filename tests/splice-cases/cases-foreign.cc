// SPDX-License-Identifier: GPL-2.0-or-later
// Packets that are nobody's come back untouched; broken ones for the IST are dropped.
#include "tests/splice-cases/case-lists.h"

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

SpliceCase
NotOurs(const Families& families)
{
    Script s("PacketsOfOthersPassUntouched", families);
    Script elsewhere = s;
    elsewhere.At(A).ist.address =
        IpAddress::Parse(s.At(A).self.address.IsIpv4() ? "198.18.0.9" : "2001:db8:99::9").value();
    Script port = s;
    port.At(A).ist.port = 22;
    port.At(B).ist.port = 22;
    Script self = s;
    self.At(A).self.port = 1999;
    const IpAddress from = s.At(A).self.address;
    const IpAddress to = s.At(A).ist.address;
    Tcp reset;
    reset.flags = RST;
    const auto others = [&](const std::string& when)
    {
        s.Passes(when + "SYN to another port", A, port.From(A, s.Syn(A)))
            .Passes(when + "SYN through us", A, elsewhere.From(A, s.Syn(A)))
            .Passes(when + "data to another port", A, port.From(A, s.Segment(A, 0, 0, Text("x"))))
            .Passes(when + "RST to another port", B, port.From(B, reset))
            .Passes(when + "datagram to another port", A, port.DatagramFrom(A, Text("hello")))
            .Passes(when + "registration to another port", A, port.Registration(A))
            .Passes(when + "registration through us", A, elsewhere.Registration(A))
            .Passes(when + "GRE", A, BuildIp(from, to, 47, Bytes(12, 1)))
            .Passes(
                when + "echo",
                A,
                BuildIcmp(from, to, Bytes{uint8_t(from.IsIpv4() ? 8 : 128), 0, 0, 0, 0, 1, 0, 1}));
    };
    s.Passes("SYN without any order", A, s.From(A, s.Syn(A)));
    others("");
    s.Order(SpliceMethod::Passive).Handshake();
    others("beside a splice, ");
    s.Passes("another flow to a used port", A, self.From(A, s.Segment(A, 0, 0, Text("x"))));
    return s.made;
}

/// A packet with one byte changed.
Bytes
With(Bytes packet, size_t at, uint8_t value)
{
    packet.at(at) = value;
    return packet;
}

SpliceCase
Malformed(const Families& families)
{
    Script s("BrokenHeadersAreDropped", families);
    const bool ipv4 = s.At(A).self.address.IsIpv4();
    const size_t tcp = ipv4 ? 20 : 40;
    s.Order(SpliceMethod::Passive).Order(SpliceMethod::Udp).Handshake().Register();
    const Bytes data = s.From(A, s.Segment(A, 0, 0, Text("data")));
    const Bytes datagram = s.DatagramFrom(A, Text("data"));
    const std::string why = "ist.malformed";
    s.Drops("TCP header of 16 bytes", A, Fixed(With(data, tcp + 12, 0x40)), why)
        .Drops("TCP header beyond the end", A, Fixed(With(data, tcp + 12, 0xf0)), why)
        .Drops("option of length 0", A, Fixed(With(data, tcp + 23, 0)), why)
        .Drops("option beyond the header", A, Fixed(With(data, tcp + 23, 60)), why)
        .Drops("UDP length of 7", A, Fixed(With(datagram, tcp + 5, 7)), why)
        .Drops("UDP length beyond the end", A, Fixed(With(datagram, tcp + 5, 200)), why);
    if (ipv4)
    {
        s.Drops("total length beyond the end", A, Fixed(With(data, 3, 250)), why);
    }
    s.Carries("the splice goes on", A, s.Segment(A, 0, 0, Text("data")));
    return s.made;
}

SpliceCase
MalformedOfOthers(const Families& families)
{
    Script s("BrokenHeadersOfOthersPass", families);
    s.At(A).ist.port = 80;
    const size_t tcp = s.At(A).self.address.IsIpv4() ? 20 : 40;
    const Bytes data = s.From(A, s.Segment(A, 0, 0, Text("data")));
    s.Order(SpliceMethod::Passive)
        .Passes("TCP header of 16 bytes", A, With(data, tcp + 12, 0x40))
        .Passes("option of length 0", A, With(data, tcp + 23, 0));
    return s.made;
}

} // namespace

void
AddForeignCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(NotOurs(families));
    cases.push_back(Malformed(families));
    cases.push_back(MalformedOfOthers(families));
}

} // namespace isb::cases
