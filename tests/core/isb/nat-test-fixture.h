// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_ISB_NAT_TEST_FIXTURE_H
#define ISB_TESTS_CORE_ISB_NAT_TEST_FIXTURE_H

#include "model/core/isb/nat-prober.h"
#include "model/wire/service-preface.h"
#include "tests/core/isb/broker-fixture.h"

namespace isb
{

/// A broker with a second address, and ann behind a NAT.
class NatTestFixture : public BrokerFixture
{
  protected:
    NatTestFixture()
    {
        settings.probeFrom = At("198.51.100.2", 0);
        Restart();
    }

    /// Logged in from behind a NAT, willing to be tested and to serve.
    BrokerPeer&
    LogIn(bool isPublic = false, const std::string& address = "203.0.113.1")
    {
        BrokerPeer& peer = Connect(address);
        LoginMessage login = MakeLogin(peer, "ann", {isPublic});
        login.abilities.natTest = true;
        login.abilities.loginPort = true;
        login.abilities.volunteer = true;
        login.abilities.volunteerRateBps = 500'000;
        login.abilities.volunteerConnections = 3;
        Say(peer, login);
        return peer;
    }

    /// An IST that sends test packets.
    BrokerPeer&
    ProbingIst(const std::string& address, Ipv4 claimed = {})
    {
        BrokerPeer& peer = Connect(address);
        LoginMessage login = MakeLogin(peer, "ist", {});
        login.role = IsbRole::Ist;
        login.ist.methods = {ForwardingMethod::Proxy};
        login.ist.capacity = 10;
        login.ist.address = claimed;
        login.abilities.natTest = true;
        Say(peer, login);
        return peer;
    }

    static NatReportMessage
    Came(const Token& token)
    {
        NatReportMessage report;
        report.token = token;
        return report;
    }

    /// What the newest test connection shows, of which ann is told half.
    Token
    Shown(BrokerPeer& ann)
    {
        const Token told = Take<NatProbeMessage>(ann).token;
        const SocketId socket = probes.back().socket;
        broker->Connected(now, socket, At("198.51.100.2", 50'000));
        Drain();
        return Shown(told, probeBytes[socket]);
    }

    /// The same over UDP.
    Token
    ShownUdp(BrokerPeer& ann)
    {
        const Token told = Take<NatProbeMessage>(ann).token;
        Advance(Duration(0));
        return datagrams.empty() ? Token{} : Shown(told, datagrams.back().bytes);
    }

    static Token
    Shown(const Token& told, const std::vector<uint8_t>& bytes)
    {
        const std::optional<Token> token = ReadServicePreface({bytes.data(), bytes.size()});
        EXPECT_TRUE(token && ToldHalf(*token) == told && *token != told);
        return token.value_or(Token{});
    }

    void
    ExpectKnown(const std::string& to, const std::string& reason, const std::string& sender)
    {
        const KeptEvent event = trace.Last(TraceKind::NatTypeKnown);
        EXPECT_EQ(event.to, to);
        EXPECT_EQ(event.reason, reason);
        EXPECT_EQ(event.detail, sender);
        EXPECT_EQ(event.user, "ann");
    }
};

} // namespace isb

#endif
