// SPDX-License-Identifier: GPL-2.0-or-later
// Errors about spliced packets go to whoever sent them first (RFC 5927, RFC 7915
// sections 4.2, 5.2).
#include "tests/splice-cases/case-lists.h"

#include <algorithm>

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

/// The same error in both families' words.
struct Trouble
{
    const char* what;
    uint8_t type4;
    uint8_t code4;
    uint8_t type6;
    uint8_t code6;
    bool mtu; ///< too big
};

constexpr Trouble TOO_BIG{"too big", 3, 4, 2, 0, true};
constexpr Trouble NO_HOST{"no route", 3, 1, 1, 0, false};
constexpr Trouble NO_PORT{"no port", 3, 3, 1, 4, false};
constexpr Trouble TIME_OUT{"TTL over", 11, 0, 3, 0, false};

Bytes
Body(const Trouble& trouble, bool ipv4, uint16_t mtu, const Bytes& quoted)
{
    Bytes body{ipv4 ? trouble.type4 : trouble.type6,
               ipv4 ? trouble.code4 : trouble.code6,
               0,
               0,
               0,
               0,
               0,
               0};
    if (trouble.mtu)
    {
        body[6] = static_cast<uint8_t>(mtu >> 8);
        body[7] = static_cast<uint8_t>(mtu);
    }
    return body + quoted;
}

Bytes
Head(const Bytes& packet, size_t size)
{
    return {packet.begin(),
            packet.begin() + static_cast<std::ptrdiff_t>(std::min(size, packet.size()))};
}

/// A router before B reports a packet that A sent.
struct Report
{
    Report(const Script& script, const Trouble& which)
        : s(script),
          trouble(which)
    {
        router = IpAddress::Parse(s.At(B).self.address.IsIpv4() ? "10.0.2.254" : "2001:db8:2::fe")
                     .value();
    }

    /// As the IST gets it; `left` is what the IST sent to B.
    [[nodiscard]] Bytes
    In(const Bytes& left, size_t quoted) const
    {
        const IpAddress& ist = s.At(B).ist.address;
        return BuildIcmp(router,
                         ist,
                         Body(trouble, ist.IsIpv4(), 1400, Head(left, quoted)),
                         Plain());
    }

    /// As A gets it; `sent` is what A sent. Across families the MTU counts the other header.
    [[nodiscard]] Bytes
    Out(const Bytes& sent, size_t quoted) const
    {
        const IpAddress& ist = s.At(A).ist.address;
        uint16_t mtu = 1400;
        if (s.Of().Cross())
        {
            mtu = ist.IsIpv4() ? 1380 : 1420;
        }
        const Bytes body = Body(trouble, ist.IsIpv4(), mtu, Head(sent, quoted));
        Ip ip = s.After(B, Plain(), body.size());
        return BuildIcmp(ist, s.At(A).self.address, body, ip);
    }

    /// The header with which a packet of A left for B, and the same in A's family.
    [[nodiscard]] Ip
    Left(size_t payload) const
    {
        return s.After(A, {}, payload);
    }

    [[nodiscard]] Ip
    Quoted(size_t payload) const
    {
        Ip ip = s.After(B, Left(payload), payload);
        ++ip.ttl;
        return ip;
    }

    static Ip
    Plain()
    {
        Ip ip;
        ip.dontFragment = false;
        return ip;
    }

    Script s;
    Trouble trouble;
    IpAddress router;
};

size_t
IpHeader(const Script& s, IstSide side)
{
    return s.At(side).self.address.IsIpv4() ? 20 : 40;
}

/// A sends `payload`; it leaves for B; the quoted packet has the TTL that it left with.
SpliceCase
AboutTcp(const Families& families, const Trouble& trouble, size_t beyondIp, const char* name)
{
    Script s(name, families);
    s.Order(SpliceMethod::Passive).Handshake();
    const Tcp data = s.Segment(A, 0, 0, Bytes(1200, 'x'));
    s.Carries("data", A, data);
    const Report report(s, trouble);
    const size_t payload = 32 + data.payload.size();
    s.Forwards(
        trouble.what,
        B,
        Fixed(report.In(s.To(B, data, report.Left(payload)), IpHeader(s, B) + beyondIp)),
        Fixed(report.Out(s.From(A, data, report.Quoted(payload)), IpHeader(s, A) + beyondIp)));
    return s.made;
}

SpliceCase
AboutUdp(const Families& families)
{
    Script s("ErrorsAboutDatagramsAreTranslated", families);
    const Bytes hello = Text("hello");
    s.Order(SpliceMethod::Udp).Register().CarriesDatagram("hello", A, hello);
    for (const Trouble& trouble : {TOO_BIG, NO_HOST, NO_PORT, TIME_OUT})
    {
        const Report report(s, trouble);
        s.Forwards(trouble.what,
                   B,
                   Fixed(report.In(s.DatagramTo(B, hello, report.Left(13)), 1000)),
                   Fixed(report.Out(s.DatagramFrom(A, hello, report.Quoted(13)), 1000)));
    }
    return s.made;
}

SpliceCase
OutOfWindow(const Families& families)
{
    Script s("ErrorsAboutWhatWasNotUnderWayAreDropped", families);
    s.Order(SpliceMethod::Passive)
        .Handshake()
        .Carries("data", A, s.Segment(A, 0, 0, Text("data")))
        .Carries("its ACK", B, s.Segment(B, 0, 4));
    const Report report(s, TOO_BIG);
    for (const uint32_t offset : {0xffff'0000U, 0x1000'0000U})
    {
        const Tcp guess = s.Segment(A, offset, 0, Text("guess"));
        s.Drops("guessed sequence number",
                B,
                Fixed(report.In(s.To(B, guess), 1000)),
                "ist.icmp-out-of-window");
    }
    return s.made;
}

SpliceCase
OfOthers(const Families& families)
{
    Script s("ErrorsAboutOthersPass", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Script other = s;
    other.At(B).ist.port = 77;
    const Report report(s, NO_PORT);
    s.Passes("about another flow", B, report.In(other.To(B, s.Segment(A, 0, 0, Text("x"))), 1000))
        .Passes("about a datagram", B, report.In(s.DatagramTo(B, Text("x")), 1000));
    return s.made;
}

} // namespace

void
AddIcmpCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(OutOfWindow(families));
    cases.push_back(OfOthers(families));
    cases.push_back(AboutTcp(families, TOO_BIG, 8, "TooBigWithEightBytes"));
    cases.push_back(AboutTcp(families, TOO_BIG, 500, "TooBigWithTheWholeHeader"));
    cases.push_back(AboutTcp(families, NO_HOST, 32, "UnreachableWithHeaders"));
    cases.push_back(AboutTcp(families, TIME_OUT, 20, "TtlOverOnTheWay"));
    cases.push_back(AboutUdp(families));
}

} // namespace isb::cases
