// SPDX-License-Identifier: GPL-2.0-or-later
// Two hosts that connect to each other, as hole punching does it.
#include "emulation/io/machine-driver.h"
#include "emulation/sys/subprocess.h"
#include "tests/emulation/io/scripted-machine.h"
#include "tests/emulation/sys/namespace-skip.h"

namespace isbtest
{
namespace
{

constexpr isb::SocketId CALL = 2;
constexpr isb::SocketId LISTENER = 1;
const isb::Endpoint LEFT{*isb::Ipv4::Parse("192.0.2.1"), 4000};
const isb::Endpoint RIGHT{*isb::Ipv4::Parse("192.0.2.2"), 4000};

class SimultaneousOpen : public LoopTest
{
  protected:
    void
    SetUp() override
    {
        ISB_SKIP_WITHOUT_NAMESPACES();
        left.emplace(isb::NetworkNamespace::Create());
        right.emplace(isb::NetworkNamespace::Create());
        isb::RunCommand({{"ip", "-batch", "-"},
                         &*left,
                         "link add eth0 type veth peer name eth0 netns " + right->Path() +
                             "\naddress add 192.0.2.1/24 dev eth0\nlink set dev eth0 up\n"});
        isb::RunCommand({{"ip", "-batch", "-"},
                         &*right,
                         "address add 192.0.2.2/24 dev eth0\nlink set dev eth0 up\n"});
        a.emplace(context, clock, &*left);
        b.emplace(context, clock, &*right);
    }

    /// The right host hears nothing, as behind a NAT with no hole yet.
    void
    Deafen(bool deaf)
    {
        isb::RunCommand(
            {{"ip", "route", deaf ? "add" : "del", "blackhole", "192.0.2.1/32"}, &*right, ""});
    }

    void
    ExpectConversation()
    {
        a->Do(isb::SendOrder{CALL, Bytes("from the left")}, isb::ReadOrder{CALL, isb::READ_ALL});
        b->Do(isb::SendOrder{CALL, Bytes("from the right")}, isb::ReadOrder{CALL, isb::READ_ALL});
        Until(
            [this]
            {
                return a->machine.bytes[CALL] == "from the right" &&
                       b->machine.bytes[CALL] == "from the left";
            });
    }

    std::optional<isb::NetworkNamespace> left;
    std::optional<isb::NetworkNamespace> right;
    std::optional<ScriptedHost> a;
    std::optional<ScriptedHost> b;
};

TEST_F(SimultaneousOpen, OfTwoHostsIsOneConnection)
{
    Deafen(true); // answers of the right host to the first SYN go nowhere
    a->Do(isb::ConnectOrder{CALL, LEFT, RIGHT});
    ExpectRest();
    Deafen(false);
    b->Do(isb::ConnectOrder{CALL, RIGHT, LEFT});
    Until([this] { return a->machine.Has("connected 2") && b->machine.Has("connected 2"); });
    EXPECT_EQ(a->machine.locals[CALL], LEFT);
    EXPECT_EQ(b->machine.locals[CALL], RIGHT);
    ExpectConversation();
}

TEST_F(SimultaneousOpen, BesideListenersOnBothPortsIsTheSame)
{
    Deafen(true);
    a->Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, {{}, LEFT.port}},
          isb::ConnectOrder{CALL, {{}, LEFT.port}, RIGHT});
    ExpectRest();
    Deafen(false);
    b->Do(isb::ConnectOrder{CALL, {{}, RIGHT.port}, LEFT});
    Until([this] { return a->machine.Has("connected 2") && b->machine.Has("connected 2"); });
    EXPECT_TRUE(a->machine.accepted.empty())
        << "the connection is the caller's, not the listener's";
    ExpectConversation();
}

TEST_F(SimultaneousOpen, AnAttemptThatWasResetIsMadeAgainFromTheSamePort)
{
    b->Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, RIGHT});
    a->Do(isb::ConnectOrder{CALL, LEFT, RIGHT});
    Until([this] { return a->machine.Has("connected 2") && !b->machine.accepted.empty(); });
    a->Do(isb::CloseOrder{CALL, true}, isb::ConnectOrder{3, LEFT, RIGHT});
    Until([this] { return a->machine.Has("connected 3"); });
    EXPECT_EQ(a->machine.locals[3], LEFT);
}

} // namespace
} // namespace isbtest
