// SPDX-License-Identifier: GPL-2.0-or-later
// What an established splice carries: addresses and ports change, nothing else (thesis 4.3).
#include "tests/splice-cases/case-lists.h"

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

Bytes
Payload(size_t size)
{
    Bytes payload(size);
    for (size_t i = 0; i < size; ++i)
    {
        payload[i] = static_cast<uint8_t>(i * 31 + 7);
    }
    return payload;
}

SpliceCase
Lengths(const Families& families)
{
    Script s("DataOfEveryLengthBothWays", families);
    s.Order(SpliceMethod::Passive).Handshake();
    uint32_t at = 0;
    for (const size_t size : {1U, 2U, 3U, 7U, 64U, 99U, 536U, 1000U, 1200U, 1388U})
    {
        const auto moved = static_cast<uint32_t>(size);
        s.Carries("to B", A, s.Segment(A, at, at, Payload(size), ACK | PSH));
        s.Carries("to A", B, s.Segment(B, at, at + moved, Payload(size)));
        at += moved;
    }
    return s.made;
}

SpliceCase
HeaderFields(const Families& families)
{
    Script s("HeaderFieldsAreCarriedThrough", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Tcp urgent = s.Segment(A, 0, 0, Text("urgent"), ACK | URG | PSH);
    urgent.urgent = 6;
    Tcp ecn = s.Segment(B, 0, 6, Text("marked"), ACK | ECE | CWR);
    Ip marked;
    marked.trafficClass = 0x2b; // a DSCP and CE
    marked.ttl = 33;
    marked.identification = 0xffff;
    marked.flowLabel = 0xabcde;
    Tcp closed = s.Segment(A, 6, 0);
    closed.window = 0;
    s.Carries("urgent", A, urgent)
        .Carries("ECE, CWR, CE, DSCP", B, ecn, marked)
        .Carries("closed window", A, closed)
        .Carries("keepalive", A, s.Segment(A, 5, 0));
    return s.made;
}

SpliceCase
SackBlocks(const Families& families)
{
    Script s("SackBlocksStayAsTheyAre", families);
    s.Order(SpliceMethod::Passive).Handshake();
    const uint32_t b = s.At(B).isn;
    Tcp sack = s.Segment(A, 0, 0);
    sack.options = sack.options + Nops(2) + Sack({b + 101, b + 201, b + 301, b + 401});
    Tcp three = s.Segment(A, 0, 0, Text("and data"));
    three.options =
        three.options + Nops(2) + Sack({b + 11, b + 21, b + 31, b + 41, b + 51, b + 61});
    s.Carries("two blocks", A, sack).Carries("three, the longest header", A, three);
    return s.made;
}

/// The one's complement sum has two zeroes: payloads that make the checksum 0x0000 or 0xffff
/// nearly.
SpliceCase
ChecksumCorners(const Families& families)
{
    Script s("ChecksumsAroundZero", families);
    s.Order(SpliceMethod::Passive).Handshake();
    for (const uint8_t fill : {uint8_t{0}, uint8_t{0xff}})
    {
        Tcp tcp = s.Segment(A, 0, 0, Bytes(4, fill));
        for (unsigned int step = 0; step < 3; ++step)
        {
            const Bytes built = s.From(A, tcp);
            const size_t at = s.At(A).self.address.IsIpv4() ? 20 : 40;
            // The checksum becomes -step when it is added to the payload.
            const unsigned int sum = built[at + 16] * 256U + built[at + 17];
            Tcp next = tcp;
            const unsigned int word = (sum + step) & 0xffff;
            next.payload = {static_cast<uint8_t>(word >> 8),
                            static_cast<uint8_t>(word),
                            fill,
                            fill};
            s.Carries("near zero " + std::to_string(step), A, next);
        }
    }
    return s.made;
}

SpliceCase
Ttl(const Families& families)
{
    Script s("TtlIsCountedDownAndEnds", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Ip last;
    last.ttl = 1;
    Ip enough;
    enough.ttl = 2;
    const Tcp data = s.Segment(A, 0, 0, Text("data"));
    s.Drops("TTL 1", A, Fixed(s.From(A, data, last)), "ist.ttl").Carries("TTL 2", A, data, enough);
    enough.ttl = 255;
    s.Carries("TTL 255", A, data, enough);
    return s.made;
}

SpliceCase
Ipv4Options(const Families& families)
{
    Script s("Ipv4OptionsAreCarried", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Ip options;
    options.options = {148, 4, 0, 0}; // router alert
    s.Carries("router alert", A, s.Segment(A, 0, 0, Text("data")), options);
    options.options = Nops(40);
    s.Carries("the longest header", A, s.Segment(A, 4, 0, Text("data")), options);
    return s.made;
}

SpliceCase
Outside(const Families& families)
{
    Script s("DataOutsideTheWindowIsTheReceiversToJudge", families);
    s.Order(SpliceMethod::Passive).Handshake();
    s.Carries("far ahead", A, s.Segment(A, 0x7000'0000, 0, Text("ahead")))
        .Carries("long ago", A, s.Segment(A, 0xf000'0000, 0, Text("ago")))
        .Carries("an ACK of what was never sent", A, s.Segment(A, 0, 0x3000'0000))
        .Carries("the right one", A, s.Segment(A, 0, 0, Text("right")));
    return s.made;
}

} // namespace

void
AddDataCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(Lengths(families));
    cases.push_back(HeaderFields(families));
    cases.push_back(SackBlocks(families));
    cases.push_back(ChecksumCorners(families));
    cases.push_back(Ttl(families));
    cases.push_back(Outside(families));
    if (families.a == IST_FAMILY_IPV4 && families.b == IST_FAMILY_IPV4)
    {
        cases.push_back(Ipv4Options(families));
    }
}

} // namespace isb::cases
