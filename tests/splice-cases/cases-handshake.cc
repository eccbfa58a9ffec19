// SPDX-License-Identifier: GPL-2.0-or-later
// Two SYNs become one connection (thesis 4.3): order, repeats, options, and what is refused.
#include "tests/splice-cases/case-lists.h"

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

SpliceCase
EitherFirst(const Families& families, IstSide first)
{
    Script script(first == A ? "AComesFirst" : "BComesFirst", families);
    script.Order(SpliceMethod::Passive).Handshake(first);
    return script.made;
}

SpliceCase
Duplicates(const Families& families)
{
    Script s("DuplicatesAreAbsorbedOrAnswered", families);
    s.Order(SpliceMethod::Passive)
        .Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))))
        .Consumes("again", A, Fixed(s.From(A, s.Syn(A))))
        .Consumes("SYN of B", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(A), s.SynAck(B)})
        .Consumes("A asks again", A, Fixed(s.From(A, s.Syn(A))), {s.SynAck(A)})
        .Consumes("B asks again", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(B)})
        .Consumes("ACK of A", A, Fixed(s.From(A, s.FirstAck(A))))
        .Consumes("again", A, Fixed(s.From(A, s.FirstAck(A))))
        .Carries("ACK of B", B, s.FirstAck(B), {}, {s.AckTo(B, s.FirstAck(A))})
        .Carries("ACK of B again", B, s.FirstAck(B))
        .Carries("ACK of A once more", A, s.FirstAck(A));
    return s.made;
}

SpliceCase
NewIsnWhileHeld(const Families& families)
{
    Script s("LatestIsnOfAHeldSynCounts", families);
    s.Order(SpliceMethod::Passive).Consumes("SYN", A, Fixed(s.From(A, s.Syn(A))));
    s.At(A).isn += 777777;
    s.Handshake();
    return s.made;
}

SpliceCase
NewIsnBeforeProof(const Families& families)
{
    Script s("NewIsnBeforeTheFirstAckBeginsAnew", families);
    s.Order(SpliceMethod::Passive)
        .Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))))
        .Consumes("SYN of B", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(A), s.SynAck(B)})
        .Consumes("B answers", B, Fixed(s.From(B, s.FirstAck(B))));
    // B, who is proven, is told that his connection is over.
    Tcp reset;
    reset.seq = s.At(A).isn + 1;
    reset.ack = s.At(B).isn + 1;
    reset.flags = RST | ACK;
    reset.window = 0;
    const Sent toB = s.AckTo(B, reset);
    s.At(A).isn += 500000;
    s.Consumes("A with another ISN", A, Fixed(s.From(A, s.Syn(A))), {toB});
    s.At(B).isn += 12345;
    s.Consumes("B anew", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(A), s.SynAck(B)});
    return s.made;
}

SpliceCase
NewIsnAfterProof(const Families& families)
{
    Script s("NewIsnOfAProvenSideIsChallenged", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Tcp syn = s.Syn(A);
    syn.seq += 1000;
    Tcp challenge = s.FirstAck(B);
    challenge.seq = s.At(B).isn + 1;
    s.Drops("SYN of somebody else",
            A,
            Fixed(s.From(A, syn)),
            "ist.syn-challenged",
            {s.AckTo(A, challenge)})
        .Drops("so soon again", A, Fixed(s.From(A, syn)), "ist.syn-challenged")
        .Carries("A goes on", A, s.Segment(A, 0, 0, Text("hello")));
    return s.made;
}

struct OptionMix
{
    const char* name;
    Wishes a;
    Wishes b;
};

SpliceCase
Options(const Families& families, const OptionMix& mix)
{
    Script s(std::string("Options") + mix.name, families);
    s.At(A).wishes = mix.a;
    s.At(B).wishes = mix.b;
    s.Order(SpliceMethod::Passive).Handshake();
    s.Carries("data", A, s.Segment(A, 0, 0, Text("data")));
    return s.made;
}

const std::vector<OptionMix>&
OptionMixes()
{
    constexpr unsigned int ECN = ECE | CWR;
    static const std::vector<OptionMix> ALL{
        {"NoneAtAll", {0, -1, false, false}, {0, -1, false, false}},
        {"OfOneSideOnly", {1460, 7, true, true}, {0, -1, false, false}},
        {"MssOnly", {1460, -1, false, false}, {536, -1, false, false}},
        {"SackOnly", {1460, -1, true, false}, {1200, -1, true, false}},
        {"TimestampsOnly", {0, -1, false, true}, {0, -1, false, true}},
        {"WscaleOnly", {0, 14, false, false}, {0, 0, false, false}},
        {"WithoutSack", {1460, 3, true, true}, {1460, 3, false, true}},
        {"WithoutTimestamps", {1460, 3, true, true}, {1460, 3, true, false}},
        {"WithoutWscale", {1460, 3, true, true}, {1460, -1, true, true}},
        {"Ecn", {1460, 7, true, true, ECN}, {1460, 7, true, true, ECN}},
        {"EcnOfOneSide", {1460, 7, true, true, ECN}, {1460, 7, true, true, 0}},
        {"AccEcn", {1460, 7, true, true, ECN | AE}, {1460, 7, true, true, ECN | AE}},
        {"AccEcnAndEcn", {1460, 7, true, true, ECN | AE}, {1460, 7, true, true, ECN}},
    };
    return ALL;
}

SpliceCase
TooEarly(const Families& families)
{
    Script s("WhatComesTooEarlyIsDropped", families);
    Tcp synAck = s.Syn(B);
    synAck.flags = SYN | ACK;
    Tcp early = s.Segment(A, 0, 0, Text("early"));
    Tcp wrong = s.FirstAck(A);
    wrong.ack += 99;
    Tcp noAck = s.Segment(A, 0, 0);
    noAck.flags = FIN;
    s.Order(SpliceMethod::Passive)
        .Drops("data before any SYN", A, Fixed(s.From(A, early)), "ist.unpaired")
        .Drops("SYN-ACK", B, Fixed(s.From(B, synAck)), "ist.unexpected-syn-ack")
        .Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))))
        .Drops("data while held", A, Fixed(s.From(A, early)), "ist.unpaired")
        .Consumes("SYN of B", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(A), s.SynAck(B)})
        .Drops("ACK of nothing sent", A, Fixed(s.From(A, wrong)), "ist.bad-ack")
        .Drops("FIN without ACK", A, Fixed(s.From(A, noAck)), "ist.no-ack")
        .Drops("data for an unproven side", A, Fixed(s.From(A, early)), "ist.unproven");
    return s.made;
}

SpliceCase
BadFlags(const Families& families)
{
    Script s("ContradictoryFlagsAreDropped", families);
    s.Order(SpliceMethod::Passive);
    for (const unsigned int flags : {0U, PSH, SYN | FIN, SYN | RST, FIN | RST | ACK})
    {
        Tcp tcp = s.Syn(A);
        tcp.flags = flags;
        s.Drops("flags " + std::to_string(flags), A, Fixed(s.From(A, tcp)), "ist.bad-flags");
    }
    s.Handshake();
    for (const unsigned int flags : {0U, SYN | FIN | ACK, SYN | RST | ACK})
    {
        Tcp tcp = s.Segment(A, 0, 0, Text("x"));
        tcp.flags = flags;
        s.Drops("later " + std::to_string(flags),
                A,
                Fixed(s.From(A, tcp)),
                flags == 0 ? "ist.no-ack" : "ist.bad-flags");
    }
    return s.made;
}

SpliceCase
GivingUp(const Families& families)
{
    Script s("AHeldSideThatGivesUpFreesItsPlace", families);
    Tcp reset;
    reset.flags = RST;
    reset.seq = s.At(A).isn + 5000;
    s.Order(SpliceMethod::Passive)
        .Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))))
        .Drops("a RST guessed", A, Fixed(s.From(A, reset)), "ist.rst-out-of-window");
    reset.seq = s.At(A).isn + 1;
    s.Drops("A's RST", A, Fixed(s.From(A, reset)), "ist.reset");
    s.At(A).self.port = 1112;
    s.At(A).isn = 42;
    s.Handshake();
    return s.made;
}

SpliceCase
ThirdHost(const Families& families)
{
    Script s("AThirdHostCannotTakeASide", families);
    Script third = s;
    third.At(A).self.port = 3333;
    s.Order(SpliceMethod::Passive)
        .Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))))
        .Drops("SYN from another port", A, Fixed(third.From(A, s.Syn(A))), "ist.side-taken")
        .Consumes("SYN of B", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(A), s.SynAck(B)})
        // The ports are used up: what comes to them now is not the IST's.
        .Passes("SYN after pairing", A, third.From(A, s.Syn(A)));
    return s.made;
}

SpliceCase
AllowedSource(const Families& families)
{
    Script s("OnlyTheAllowedSourceTakesASide", families);
    const char* other = s.At(A).self.address.IsIpv4() ? "10.0.1.9" : "2001:db8:1::9";
    Script stranger = s;
    stranger.At(A).self.address = IpAddress::Parse(other).value();
    IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    pair.allowedA = s.At(A).self.address;
    s.Order(pair)
        .Drops("SYN of a stranger", A, Fixed(stranger.From(A, s.Syn(A))), "ist.source-refused")
        .Handshake();
    return s.made;
}

} // namespace

void
AddHandshakeCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(EitherFirst(families, A));
    cases.push_back(EitherFirst(families, B));
    cases.push_back(Duplicates(families));
    cases.push_back(NewIsnWhileHeld(families));
    cases.push_back(NewIsnBeforeProof(families));
    cases.push_back(NewIsnAfterProof(families));
    for (const OptionMix& mix : OptionMixes())
    {
        cases.push_back(Options(families, mix));
    }
    cases.push_back(TooEarly(families));
    cases.push_back(BadFlags(families));
    cases.push_back(GivingUp(families));
    cases.push_back(ThirdHost(families));
    cases.push_back(AllowedSource(families));
}

} // namespace isb::cases
