// SPDX-License-Identifier: GPL-2.0-or-later
// The end of a splice: FIN, half close, RST (RFC 5961), IST_TIME_WAIT and ports used again.
#include "tests/splice-cases/case-lists.h"

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

SpliceCase
OneAfterTheOther(const Families& families)
{
    Script s("FinOfOneThenDataThenFinOfTheOther", families);
    s.Order(SpliceMethod::Passive)
        .Handshake()
        .Carries("data", A, s.Segment(A, 0, 0, Text("last")))
        .Carries("FIN of A with data", A, s.Segment(A, 4, 0, Text("words"), ACK | FIN))
        .Carries("B acknowledges", B, s.Segment(B, 0, 10))
        .Carries("B still talks", B, s.Segment(B, 0, 10, Text("still here")))
        .Carries("A still listens", A, s.Segment(A, 10, 10))
        .Drops("data beyond the FIN",
               A,
               Fixed(s.From(A, s.Segment(A, 10, 10, Text("ghost")))),
               "ist.beyond-fin")
        .Carries("FIN of A again", A, s.Segment(A, 4, 0, Text("words"), ACK | FIN))
        .Carries("FIN of B", B, s.Segment(B, 10, 10, {}, ACK | FIN))
        .Carries("last ACK", A, s.Segment(A, 10, 11))
        .Carries("FIN of B again, its ACK was lost", B, s.Segment(B, 10, 10, {}, ACK | FIN))
        .Carries("ACK again", A, s.Segment(A, 10, 11));
    return s.made;
}

SpliceCase
AtTheSameTime(const Families& families)
{
    Script s("BothFinsCross", families);
    s.Order(SpliceMethod::Passive)
        .Handshake()
        .Carries("FIN of A", A, s.Segment(A, 0, 0, {}, ACK | FIN))
        .Carries("FIN of B", B, s.Segment(B, 0, 0, {}, ACK | FIN))
        .Carries("ACK of A", A, s.Segment(A, 1, 1))
        .Carries("ACK of B", B, s.Segment(B, 1, 1));
    return s.made;
}

SpliceCase
ResetExact(const Families& families, IstSide from)
{
    Script s(from == A ? "ResetOfAEndsTheSplice" : "ResetOfBEndsTheSplice", families);
    const IstSide to = OtherThan(from);
    s.Order(SpliceMethod::Passive)
        .Handshake()
        .Carries("data", from, s.Segment(from, 0, 0, Text("data")))
        .Carries("its ACK", to, s.Segment(to, 0, 4));
    Tcp reset = s.Segment(from, 4, 0, {}, RST | ACK);
    reset.options.clear();
    s.Carries("RST", from, reset)
        .Passes("what comes after is nobody's", to, s.From(to, s.Segment(to, 0, 4)));
    return s.made;
}

SpliceCase
ResetGuessed(const Families& families)
{
    Script s("GuessedResetsAreChallengedOrDropped", families);
    s.Order(SpliceMethod::Passive)
        .Handshake()
        .Carries("data", A, s.Segment(A, 0, 0, Text("data")))
        .Carries("its ACK", B, s.Segment(B, 0, 4));
    Tcp reset = s.Segment(A, 4 + 100, 0, {}, RST);
    reset.options.clear();
    Tcp outside = s.Segment(A, 0x4000'0000, 0, {}, RST);
    outside.options.clear();
    Tcp before = s.Segment(A, 0, 0, {}, RST);
    before.seq -= 10;
    before.options.clear();
    // From B's place: what B has said last.
    Tcp challenge = s.Segment(B, 0, 4);
    if (s.BothTimestamps())
    {
        challenge.options = Nops(2) + Timestamps(s.At(B).tsval + 1, s.At(A).tsval + 1);
    }
    s.Drops("in the window",
            A,
            Fixed(s.From(A, reset)),
            "ist.rst-challenged",
            {s.AckTo(A, challenge)})
        .Drops("so soon again", A, Fixed(s.From(A, reset)), "ist.rst-challenged")
        .Drops("beyond it", A, Fixed(s.From(A, outside)), "ist.rst-out-of-window")
        .Drops("before it", A, Fixed(s.From(A, before)), "ist.rst-out-of-window")
        .Carries("the splice goes on", A, s.Segment(A, 4, 0, Text("more")));
    return s.made;
}

SpliceCase
ResetInHandshake(const Families& families)
{
    Script s("ResetAfterTheSynAckReachesAProvenSide", families);
    Tcp reset;
    reset.flags = RST;
    reset.seq = s.At(A).isn + 1;
    s.Order(SpliceMethod::Passive)
        .Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))))
        .Consumes("SYN of B", B, Fixed(s.From(B, s.Syn(B))), {s.SynAck(A), s.SynAck(B)})
        .Consumes("B answers", B, Fixed(s.From(B, s.FirstAck(B))))
        .Carries("A refuses", A, reset);
    return s.made;
}

/// To IST_TIME_WAIT.
void
Close(Script& s)
{
    s.Carries("FIN of A", A, s.Segment(A, 0, 0, {}, ACK | FIN))
        .Carries("FIN of B", B, s.Segment(B, 0, 1, {}, ACK | FIN))
        .Carries("last ACK", A, s.Segment(A, 1, 1));
}

SpliceCase
UsedAgain(const Families& families)
{
    Script s("PortsAreUsedAgainWithinTwoMsl", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Close(s);
    s.Order(SpliceMethod::Passive);
    s.At(A).isn += 100000;
    s.At(B).isn += 100000;
    s.Handshake(B);
    s.Carries("data of the new one", A, s.Segment(A, 0, 0, Text("new")));
    return s.made;
}

SpliceCase
NotUsedAgain(const Families& families)
{
    Script s("OldSynInTimeWaitIsChallenged", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Close(s);
    Tcp challenge = s.Segment(B, 1, 1);
    Tcp syn = s.Syn(A);
    syn.seq -= 100000;
    s.Drops("an old SYN", A, Fixed(s.From(A, syn)), "ist.syn-challenged", {s.AckTo(A, challenge)});
    return s.made;
}

SpliceCase
ResetInTimeWait(const Families& families)
{
    Script s("ResetDoesNotCutTimeWaitShort", families);
    s.Order(SpliceMethod::Passive).Handshake();
    Close(s);
    Tcp reset = s.Segment(A, 1, 1, {}, RST | ACK);
    s.Carries("RST", A, reset).Carries("FIN of B again", B, s.Segment(B, 0, 1, {}, ACK | FIN));
    return s.made;
}

} // namespace

void
AddCloseCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(OneAfterTheOther(families));
    cases.push_back(AtTheSameTime(families));
    cases.push_back(ResetExact(families, A));
    cases.push_back(ResetExact(families, B));
    cases.push_back(ResetGuessed(families));
    cases.push_back(ResetInHandshake(families));
    cases.push_back(UsedAgain(families));
    cases.push_back(NotUsedAgain(families));
    cases.push_back(ResetInTimeWait(families));
}

} // namespace isb::cases
