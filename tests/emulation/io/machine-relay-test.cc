// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams and RelayOrder.
#include "emulation/io/machine-driver.h"
#include "model/wire/registration.h"
#include "model/wire/service-preface.h"
#include "tests/emulation/io/scripted-machine.h"

namespace isbtest
{
namespace
{

constexpr isb::SocketId INNER = 10;
constexpr isb::SocketId OUTER = 11;
constexpr isb::SocketId PORT = 12;
constexpr uint64_t RELAY = 77;
constexpr isb::Endpoint ANY_LOCAL{{0x7f000001}, 0};

/// client -- inner [relay] outer -- server
class MachineRelay : public LoopTest
{
  protected:
    void
    SetUp() override
    {
        for (ScriptedHost* host : {&client, &server, &stranger})
        {
            host->Do(isb::ListenOrder{PORT, isb::Protocol::Udp, ANY_LOCAL});
        }
        relay.Do(isb::ListenOrder{INNER, isb::Protocol::Udp, ANY_LOCAL},
                 isb::ListenOrder{OUTER, isb::Protocol::Udp, ANY_LOCAL});
        relay.Do(isb::RelayOrder{RELAY,
                                 INNER,
                                 client.machine.locals.at(PORT),
                                 OUTER,
                                 server.machine.locals.at(PORT)});
    }

    void
    Send(ScriptedHost& from, isb::SocketId to, const std::string& text)
    {
        from.Do(isb::SendToOrder{PORT, relay.machine.locals.at(to), Bytes(text)});
    }

    ScriptedHost client{context, clock};
    ScriptedHost server{context, clock};
    ScriptedHost stranger{context, clock};
    ScriptedHost relay{context, clock};
};

TEST_F(MachineRelay, MovesDatagramsBothWays)
{
    Send(client, INNER, "question");
    Until([this] { return server.machine.bytes[PORT] == "question"; });
    EXPECT_EQ(server.machine.peers[PORT], relay.machine.locals[OUTER]);
    EXPECT_EQ(relay.machine.log.back(), "relayed 77 8 out");
    Send(server, OUTER, "answer");
    Until([this] { return client.machine.bytes[PORT] == "answer"; });
    EXPECT_EQ(client.machine.peers[PORT], relay.machine.locals[INNER]);
    EXPECT_EQ(relay.machine.log.back(), "relayed 77 6 in");
}

TEST_F(MachineRelay, CarriesTheEmptyAndTheLargestDatagram)
{
    Send(client, INNER, "");
    Until([this] { return server.machine.Has("datagram 12"); });
    const std::string largest = Pattern(65'507);
    Send(client, INNER, largest);
    Until([&] { return server.machine.bytes[PORT].size() == largest.size(); });
    EXPECT_TRUE(server.machine.bytes[PORT] == largest);
}

TEST_F(MachineRelay, GivesPrefacesToTheMachine)
{
    const auto preface = isb::MakeServicePreface({});
    Send(client, INNER, std::string(preface.begin(), preface.end()));
    Until([this] { return relay.machine.Has("datagram 10"); });
    Send(client, INNER, "payload");
    Until([this] { return server.machine.bytes[PORT] == "payload"; });
}

TEST_F(MachineRelay, GivesDatagramsOfOtherSourcesToTheMachine)
{
    Send(stranger, INNER, "who are you");
    Until([this] { return relay.machine.bytes[INNER] == "who are you"; });
    EXPECT_EQ(relay.machine.peers[INNER], stranger.machine.locals[PORT]);
    EXPECT_EQ(server.machine.bytes.count(PORT), 0U);
}

TEST_F(MachineRelay, EndsByItsOrder)
{
    relay.Do(isb::UnrelayOrder{RELAY});
    Send(client, INNER, "to the machine");
    Until([this] { return relay.machine.bytes[INNER] == "to the machine"; });
}

TEST_F(MachineRelay, EndsWhenEitherSocketIsClosed)
{
    relay.Do(isb::CloseOrder{OUTER, false});
    Send(client, INNER, "to the machine");
    Until([this] { return relay.machine.bytes[INNER] == "to the machine"; });
}

TEST_F(MachineRelay, ALaterOneTakesThePlace)
{
    relay.Do(isb::RelayOrder{78,
                             INNER,
                             client.machine.locals.at(PORT),
                             OUTER,
                             stranger.machine.locals.at(PORT)},
             isb::UnrelayOrder{RELAY});
    Send(client, INNER, "moved");
    Until([this] { return stranger.machine.bytes[PORT] == "moved"; });
    EXPECT_EQ(relay.machine.log.back(), "relayed 78 5 out");
}

TEST_F(MachineRelay, AFloodDoesNotStarveATcpConnection)
{
    constexpr isb::SocketId LISTENER = 1;
    relay.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, ANY_LOCAL});
    for (int i = 0; i < 2000; ++i)
    {
        Send(stranger, INNER, "flood");
    }
    client.Do(isb::ConnectOrder{2, {}, relay.machine.locals.at(LISTENER)});
    Until([this] { return relay.machine.Has("accepted 1"); });
    ExpectRest();
}

} // namespace
} // namespace isbtest
