// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/daemon-sockets.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

class Owner : public SocketOwner
{
};

TEST(DaemonSockets, GivesEachSocketANumberOfItsOwn)
{
    DaemonSockets sockets;
    Owner owner;
    const SocketId listener = sockets.Listen(&owner, Protocol::Tcp, Endpoint{});
    const SocketId connection = sockets.Connect(&owner, Endpoint{}, Endpoint{});
    const SocketId accepted = sockets.Accept(listener);
    EXPECT_NE(listener, 0U);
    EXPECT_LT(listener, connection);
    EXPECT_LT(connection, accepted);
    EXPECT_EQ(sockets.OwnerOf(accepted), &owner);
}

TEST(DaemonSockets, KnowsNobodyForWhatIsClosed)
{
    DaemonSockets sockets;
    Owner owner;
    const SocketId socket = sockets.Connect(&owner, Endpoint{}, Endpoint{});
    sockets.Close(socket, true);
    EXPECT_EQ(sockets.OwnerOf(socket), nullptr);
    EXPECT_TRUE(sockets.IsEmpty());
    EXPECT_EQ(sockets.Remove(socket), nullptr);
}

TEST(DaemonSockets, ClosesOnceAndOnlyWhatIsOpen)
{
    DaemonSockets sockets;
    Owner owner;
    const SocketId socket = sockets.Connect(&owner, Endpoint{}, Endpoint{});
    (void)sockets.TakeOrders();
    sockets.Close(socket, false);
    sockets.Close(socket, true);
    sockets.Close(0, true);
    EXPECT_EQ(sockets.TakeOrders().size(), 1U);
}

TEST(DaemonSockets, ResetsWhatAClosedListenerAccepts)
{
    DaemonSockets sockets;
    Owner owner;
    const SocketId listener = sockets.Listen(&owner, Protocol::Tcp, Endpoint{});
    sockets.Close(listener, false);
    (void)sockets.TakeOrders();
    const SocketId late = sockets.Accept(listener);
    EXPECT_EQ(sockets.OwnerOf(late), nullptr);
    const auto orders = sockets.TakeOrders();
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(std::get<CloseOrder>(orders[0]).socket, late);
    EXPECT_TRUE(std::get<CloseOrder>(orders[0]).reset);
}

TEST(DaemonSockets, PassesASocketOn)
{
    DaemonSockets sockets;
    Owner first;
    Owner second;
    const SocketId socket = sockets.Connect(&first, Endpoint{}, Endpoint{});
    sockets.Give(socket, &second);
    EXPECT_EQ(sockets.Remove(socket), &second);
    sockets.Give(socket, &first);
    EXPECT_EQ(sockets.OwnerOf(socket), nullptr);
}

TEST(DaemonSockets, EndsARelayOnce)
{
    DaemonSockets sockets;
    Owner owner;
    const uint64_t relay = sockets.Relay(&owner, 1, Endpoint{}, 2, Endpoint{});
    EXPECT_EQ(sockets.OwnerOfRelay(relay), &owner);
    EXPECT_FALSE(sockets.IsEmpty());
    (void)sockets.TakeOrders();
    sockets.Unrelay(relay);
    sockets.Unrelay(relay);
    EXPECT_EQ(sockets.TakeOrders().size(), 1U);
    EXPECT_TRUE(sockets.IsEmpty());
}

} // namespace
} // namespace isb::test
