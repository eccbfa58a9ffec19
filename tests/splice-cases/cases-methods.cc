// SPDX-License-Identifier: GPL-2.0-or-later
// Pure (thesis 4.4) and Active, IBM's TCP Splice (thesis 4.2).
#include "tests/splice-cases/case-lists.h"

namespace isb::cases
{
namespace
{

constexpr IstSide A = IstSide::A;
constexpr IstSide B = IstSide::B;

/// A comes from the port that B connects to, and the other way round.
void
Cross(Script& s)
{
    s.At(A).self.port = 6002;
    s.At(A).ist.port = 6001;
    s.At(B).self.port = 6001;
    s.At(B).ist.port = 6002;
}

void
Talk(Script& s)
{
    s.Handshake();
    s.Carries("to B", A, s.Segment(A, 0, 0, Text("hello")))
        .Carries("to A", B, s.Segment(B, 0, 5, Text("world")));
}

SpliceCase
Pure(const Families& families)
{
    Script s("PureKeepsPorts", families);
    Cross(s);
    s.Order(SpliceMethod::Pure, 6001, 6002);
    Talk(s);
    return s.made;
}

SpliceCase
PureFallsBack(const Families& families)
{
    Script s("PureFallsBackWhenAPortDiffers", families);
    Cross(s);
    s.At(B).self.port = 6101; // a NAT has changed it
    s.Order(SpliceMethod::Pure, 6001, 6002);
    Talk(s);
    return s.made;
}

SpliceCase
PureOnPortSeen(const Families& families)
{
    Script s("PureOpensThePortThatACameFrom", families);
    Cross(s);
    s.Passes("B comes before there is a port for him", B, s.From(B, s.Syn(B)));
    s.Order(SpliceMethod::Pure, 6001, 0);
    s.Passes("B still does", B, s.From(B, s.Syn(B)));
    Talk(s);
    return s.made;
}

/// What the IST of an Active splice says, with the numbers that it drew.
struct ActiveTalk
{
    explicit ActiveTalk(const Families& families, std::string_view name)
        : s(name, families)
    {
        for (const IstSide side : {A, B})
        {
            s.At(side).wishes.timestamps = false;
            s.At(side).wishes.wscale = -1;
        }
        IstPair pair;
        pair.method = SpliceMethod::Active;
        pair.portA = PORT_A;
        pair.portB = PORT_B;
        pair.activeTarget = s.At(B).self;
        pair.activeSource = s.At(B).ist.address;
        s.Order(pair);
    }

    /// A packet of the IST to a side; `numbers` puts what depends on them into the segment.
    template <typename Put>
    Sent
    Say(IstSide to, Tcp tcp, Put put) const
    {
        Ip ip;
        ip.identification = 0;
        const User user = s.At(to);
        return {to,
                [=](const Numbers& numbers)
                {
                    Tcp made = tcp;
                    put(made, numbers);
                    return BuildTcp(user.ist, user.self, made, ip);
                }};
    }

    [[nodiscard]] Sent
    SynAckToA() const
    {
        Tcp tcp;
        tcp.flags = SYN | ACK;
        tcp.ack = s.At(A).isn + 1;
        tcp.window = 0;
        const bool ipv4 = s.At(A).self.address.IsIpv4() && s.At(B).self.address.IsIpv4();
        tcp.options =
            Mss(ipv4 ? 1460 : 1440) + (s.At(A).wishes.sack ? SackPermitted() + Nops(2) : Bytes{});
        return Say(A, tcp, [](Tcp& made, const Numbers& n) { made.seq = n.shownToA; });
    }

    [[nodiscard]] Sent
    SynToB() const
    {
        Tcp tcp;
        tcp.flags = SYN;
        tcp.window = 0;
        tcp.options = Mss(s.MssTowards(B, s.At(A).wishes.mss)) +
                      (s.At(A).wishes.sack ? SackPermitted() + Nops(2) : Bytes{});
        return Say(B, tcp, [](Tcp& made, const Numbers& n) { made.seq = n.shownToB; });
    }

    /// A user's segment, his partner's space as it is shown to him.
    [[nodiscard]] Recipe
    From(IstSide side, Tcp tcp) const
    {
        const User user = s.At(side);
        return [=](const Numbers& n)
        {
            Tcp made = tcp;
            made.ack = (side == A ? n.shownToA : n.shownToB) + 1 + tcp.ack;
            return BuildTcp(user.self, user.ist, made);
        };
    }

    /// The same at the other user.
    [[nodiscard]] Recipe
    At(IstSide side, Tcp tcp, size_t options = 0) const
    {
        const IstSide from = OtherThan(side);
        const User to = s.At(side);
        const uint32_t offset = tcp.seq - s.At(from).isn;
        Ip ip = s.After(from, {}, 20 + options + tcp.payload.size());
        return [=](const Numbers& n)
        {
            Tcp made = tcp;
            made.seq = (side == A ? n.shownToA : n.shownToB) + offset;
            made.ack = to.isn + 1 + tcp.ack;
            return BuildTcp(to.ist, to.self, made, ip);
        };
    }

    void
    Open()
    {
        const Tcp synA = s.Syn(A);
        s.Consumes("SYN of A", A, Fixed(s.From(A, synA)), {SynAckToA()})
            .Consumes("again", A, Fixed(s.From(A, synA)), {SynAckToA()});
        Tcp ackA = Plain(A, 0, 0);
        s.Consumes("ACK of A", A, From(A, ackA), {SynToB()});
        Tcp synAckB = s.Syn(B);
        synAckB.flags = SYN | ACK;
        synAckB.ack = 0U - 1 + 1; // after the IST's SYN
        Tcp toA;
        toA.ack = s.At(A).isn + 1;
        toA.window = s.At(B).wishes.window;
        Tcp toB;
        toB.ack = s.At(B).isn + 1;
        toB.window = ackA.window;
        s.Consumes("SYN-ACK of B",
                   B,
                   From(B, synAckB),
                   {Say(A, toA, [](Tcp& made, const Numbers& n) { made.seq = n.shownToA + 1; }),
                    Say(B, toB, [](Tcp& made, const Numbers& n) { made.seq = n.shownToB + 1; })});
    }

    /// `acknowledged`: bytes of the other, without its SYN.
    [[nodiscard]] Tcp
    Plain(IstSide of, uint32_t offset, uint32_t acknowledged, const Bytes& payload = {}) const
    {
        Tcp tcp;
        tcp.seq = s.At(of).isn + 1 + offset;
        tcp.ack = acknowledged;
        tcp.window = 4000;
        tcp.payload = payload;
        return tcp;
    }

    void
    Carry(const std::string& what, IstSide from, const Tcp& tcp)
    {
        s.Forwards(what, from, From(from, tcp), At(OtherThan(from), tcp, tcp.options.size()));
    }

    Script s;
};

SpliceCase
Active(const Families& families)
{
    ActiveTalk talk(families, "ActiveTranslatesSequenceNumbers");
    talk.Open();
    talk.Carry("to B", A, talk.Plain(A, 0, 0, Text("hello")));
    talk.Carry("to A", B, talk.Plain(B, 0, 5, Text("worlds")));
    Tcp fin = talk.Plain(A, 5, 6);
    fin.flags = ACK | FIN;
    talk.Carry("FIN of A", A, fin);
    fin = talk.Plain(B, 6, 6);
    fin.flags = ACK | FIN;
    talk.Carry("FIN of B", B, fin);
    talk.Carry("last ACK", A, talk.Plain(A, 6, 7));
    return talk.s.made;
}

SpliceCase
ActiveSack(const Families& families, bool refused)
{
    ActiveTalk talk(families, refused ? "ActiveBlanksSackThatBRefused" : "ActiveTranslatesSack");
    talk.s.At(B).wishes.sack = !refused;
    talk.Open();
    // A has a gap in what B sent: blocks count in the space that the IST shows to A.
    const Tcp plain = talk.Plain(A, 0, 0);
    const User a = talk.s.At(A);
    const User b = talk.s.At(B);
    const Ip after = talk.s.After(A, {}, 20 + 20);
    talk.s.Forwards(
        "two blocks",
        A,
        [=](const Numbers& n)
        {
            Tcp tcp = plain;
            const uint32_t p = n.shownToA;
            tcp.ack = p + 1;
            tcp.options = Nops(2) + Sack({p + 101, p + 201, p + 301, p + 401});
            return BuildTcp(a.self, a.ist, tcp);
        },
        [=](const Numbers& n)
        {
            Tcp tcp = plain;
            tcp.seq = n.shownToB + 1;
            tcp.ack = b.isn + 1;
            tcp.options = Nops(20);
            if (!refused)
            {
                tcp.options = Nops(2) + Sack({b.isn + 101, b.isn + 201, b.isn + 301, b.isn + 401});
            }
            return BuildTcp(b.ist, b.self, tcp, after);
        });
    return talk.s.made;
}

SpliceCase
ActiveRefused(const Families& families)
{
    ActiveTalk talk(families, "ActiveTellsAThatBRefuses");
    Script& s = talk.s;
    const Tcp synA = s.Syn(A);
    s.Consumes("SYN of A", A, Fixed(s.From(A, synA)), {talk.SynAckToA()});
    s.Consumes("ACK of A", A, talk.From(A, talk.Plain(A, 0, 0)), {talk.SynToB()});
    Tcp refusal;
    refusal.flags = RST | ACK;
    refusal.window = 0;
    Tcp reset;
    reset.flags = RST | ACK;
    reset.window = 0;
    reset.ack = s.At(A).isn + 1;
    s.Drops("B has no such port",
            B,
            talk.From(B, refusal),
            "ist.reset",
            {talk.Say(A, reset, [](Tcp& made, const Numbers& n) { made.seq = n.shownToA + 1; })});
    return s.made;
}

SpliceCase
ActiveStray(const Families& families)
{
    ActiveTalk talk(families, "ActiveDropsWhatDoesNotFit");
    Script& s = talk.s;
    s.Consumes("SYN of A", A, Fixed(s.From(A, s.Syn(A))), {talk.SynAckToA()});
    Tcp wrong = talk.Plain(A, 0, 0);
    wrong.ack += 9;
    s.Drops("ACK of nothing sent", A, talk.From(A, wrong), "ist.bad-ack");
    s.Consumes("ACK of A", A, talk.From(A, talk.Plain(A, 0, 0)), {talk.SynToB()});
    s.Drops("data before B is there",
            A,
            talk.From(A, talk.Plain(A, 0, 0, Text("x"))),
            "ist.unpaired");
    Tcp synAck = s.Syn(B);
    synAck.flags = SYN | ACK;
    synAck.ack = 77;
    s.Drops("SYN-ACK of another SYN", B, talk.From(B, synAck), "ist.bad-ack");
    return s.made;
}

} // namespace

void
AddMethodCases(const Families& families, std::vector<SpliceCase>& cases)
{
    cases.push_back(Pure(families));
    cases.push_back(PureFallsBack(families));
    cases.push_back(PureOnPortSeen(families));
    cases.push_back(Active(families));
    cases.push_back(ActiveSack(families, false));
    cases.push_back(ActiveSack(families, true));
    cases.push_back(ActiveRefused(families));
    cases.push_back(ActiveStray(families));
}

} // namespace isb::cases
