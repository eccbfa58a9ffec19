// SPDX-License-Identifier: GPL-2.0-or-later
// JoinOrder: machine-driver's byte pump.
#include "emulation/io/machine-driver.h"
#include "tests/emulation/io/scripted-machine.h"

namespace isbtest
{
namespace
{

constexpr isb::SocketId LISTENER = 1;
constexpr isb::SocketId CALLER = 2;
constexpr isb::SocketId OUTER = 50;
constexpr isb::SocketId FIRST = 1000;
constexpr isb::Endpoint ANY_LOCAL{{0x7f000001}, 0};
constexpr size_t MORE_THAN_BUFFERS = 96U << 20U;

/// client -- middle (join) -- server
class MachineJoin : public LoopTest
{
  protected:
    void
    SetUp() override
    {
        server.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, ANY_LOCAL});
        middle.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, ANY_LOCAL});
        target = server.machine.locals.at(LISTENER);
        // What the middle accepts is joined with a connection of its own.
        middle.machine.onAccepted = [this](isb::SocketId id)
        {
            middle.machine.orders = {isb::ConnectOrder{OUTER, {}, target},
                                     isb::SendOrder{OUTER, Bytes("preface")},
                                     isb::JoinOrder{id, OUTER}};
        };
        server.machine.onAccepted = [this](isb::SocketId id) {
            server.machine.orders = {isb::ReadOrder{id, 7}};
        };
    }

    void
    Connect()
    {
        client.Do(isb::ConnectOrder{CALLER, {}, middle.machine.locals.at(LISTENER)},
                  isb::ReadOrder{CALLER, isb::READ_ALL});
        Until([this] { return server.machine.bytes[FIRST] == "preface"; });
    }

    isb::Endpoint target;
    ScriptedHost client{context, clock};
    ScriptedHost middle{context, clock};
    ScriptedHost server{context, clock};
};

TEST_F(MachineJoin, CarriesBytesBothWaysAndEachFin)
{
    const std::string question = Pattern(300'000);
    const std::string answer = Pattern(200'001);
    Connect();
    client.Do(isb::SendOrder{CALLER, Bytes(question)}, isb::ShutdownOrder{CALLER});
    server.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([this] { return server.machine.Has("end 1000"); });
    EXPECT_TRUE(server.machine.bytes[FIRST] == "preface" + question);
    EXPECT_FALSE(client.machine.Has("end 2")) << "the other way is open";
    server.Do(isb::SendOrder{FIRST, Bytes(answer)}, isb::ShutdownOrder{FIRST});
    Until([this] { return client.machine.Has("end 2"); });
    EXPECT_TRUE(client.machine.bytes[CALLER] == answer);
    EXPECT_TRUE(middle.machine.Has("join-ended 1000 50 300000 200001"));
    EXPECT_EQ(middle.driver.Descriptors(), 1U) << "the listener alone";
    ExpectRest();
}

TEST_F(MachineJoin, AReaderThatDoesNotReadStopsTheWriter)
{
    const std::string all = Pattern(MORE_THAN_BUFFERS);
    Connect();
    client.Do(isb::SendOrder{CALLER, Bytes(all)});
    server.Do(isb::ReadOrder{FIRST, 1000});
    Until([this] { return server.machine.bytes[FIRST].size() >= 1007; });
    ExpectRest();
    EXPECT_EQ(server.machine.bytes[FIRST].size(), 1007U);
    EXPECT_LT(client.machine.sent[CALLER], all.size());
    server.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([&] { return server.machine.bytes[FIRST].size() >= all.size() + 7; });
    EXPECT_TRUE(server.machine.bytes[FIRST] == "preface" + all);
}

TEST_F(MachineJoin, CarriesAReset)
{
    Connect();
    client.Do(isb::SendOrder{CALLER, Bytes("x")});
    server.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([this] { return server.machine.bytes[FIRST] == "prefacex"; });
    client.Do(isb::CloseOrder{CALLER, true});
    Until([this] { return server.machine.log.back() == "failed 1000 connection reset"; });
    EXPECT_TRUE(middle.machine.Has("join-ended 1000 50 1 0 reset"));
    EXPECT_EQ(middle.driver.Descriptors(), 1U);
}

TEST_F(MachineJoin, EndsWhenTheOtherConnectionCannotBeMade)
{
    server.Do(isb::CloseOrder{LISTENER, false});
    client.Do(isb::ConnectOrder{CALLER, {}, middle.machine.locals.at(LISTENER)});
    Until([this] { return client.machine.log.back() == "failed 2 connection reset"; });
    EXPECT_TRUE(middle.machine.Has("join-ended 1000 50 0 0 reset"));
}

TEST_F(MachineJoin, OfAConnectionThatIsGoneEndsAtOnce)
{
    Connect();
    middle.Do(isb::JoinOrder{FIRST, 77});
    EXPECT_EQ(middle.machine.log.back(), "join-ended 1000 77 0 0 reset");
}

TEST_F(MachineJoin, IsDissolvedByAClose)
{
    Connect();
    const size_t heard = middle.machine.log.size();
    middle.Do(isb::CloseOrder{FIRST, true});
    Until([this] { return client.machine.log.back() == "failed 2 connection reset"; });
    EXPECT_FALSE(server.machine.Has("failed 1000 connection reset")) << "the other one is open";
    server.Do(isb::ShutdownOrder{FIRST});
    Until([this] { return middle.machine.log.back() == "end 50"; });
    EXPECT_EQ(middle.machine.log.size(), heard + 1) << "no end of the join is told";
}

TEST_F(MachineJoin, AClosedEndLosesNothingOfTheOtherDirection)
{
    const std::string all = Pattern(MORE_THAN_BUFFERS);
    Connect();
    client.Do(isb::SendOrder{CALLER, Bytes(all)});
    ExpectRest(); // all buffers on the way are full
    middle.Do(isb::CloseOrder{OUTER, false}, isb::ReadOrder{FIRST, isb::READ_ALL});
    server.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([this] { return server.machine.Has("end 1000"); });
    const std::string passed = server.machine.bytes[FIRST].substr(7);
    Until([&] { return middle.machine.bytes[FIRST].size() + passed.size() >= all.size(); });
    EXPECT_TRUE(passed + middle.machine.bytes[FIRST] == all);
}

} // namespace
} // namespace isbtest
