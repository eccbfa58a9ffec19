// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/network-namespace.h"

#include "emulation/sys/inet-socket.h"
#include "emulation/sys/subprocess.h"
#include "tests/emulation/sys/namespace-skip.h"

#include <cerrno>
#include <sys/stat.h>

namespace isb
{
namespace
{

ino_t
Inode(const NetworkNamespace& space)
{
    struct stat status
    {
    };

    EXPECT_EQ(fstat(space.Get(), &status), 0);
    return status.st_ino;
}

class NamespaceTest : public testing::Test
{
  protected:
    void
    SetUp() override
    {
        ISB_SKIP_WITHOUT_NAMESPACES();
    }
};

TEST_F(NamespaceTest, AScopeIsEnteredAndLeft)
{
    const NetworkNamespace home = NetworkNamespace::Current();
    const NetworkNamespace made = NetworkNamespace::Create();
    EXPECT_EQ(Inode(NetworkNamespace::Current()), Inode(home)) << "making one does not enter it";
    {
        const NamespaceScope scope(made);
        EXPECT_EQ(Inode(NetworkNamespace::Current()), Inode(made));
    }
    EXPECT_EQ(Inode(NetworkNamespace::Current()), Inode(home));
}

TEST_F(NamespaceTest, ASocketBelongsToWhereItWasMade)
{
    const NetworkNamespace made = NetworkNamespace::Create();
    RunCommand({{"ip", "link", "set", "dev", "lo", "up"}, &made, ""});
    OpenedSocket inside;
    {
        const NamespaceScope scope(made);
        inside = OpenListener({{0x7f000001}, 0});
    }
    ASSERT_EQ(inside.error, 0);
    const Endpoint there = LocalEndpoint(inside.socket.Get());
    const OpenedSocket here = OpenListener(there);
    EXPECT_EQ(here.error, 0) << "the same port is free in another namespace";
    const NamespaceScope scope(made);
    EXPECT_EQ(OpenListener(there).error, EADDRINUSE);
}

TEST_F(NamespaceTest, ASysctlIsOfItsNamespaceAlone)
{
    const NetworkNamespace a = NetworkNamespace::Create();
    const NetworkNamespace b = NetworkNamespace::Create();
    SetSysctl(a, "net/ipv4/ip_forward", "1");
    SetSysctl(b, "net/ipv4/ip_forward", "0");
    EXPECT_EQ(RunCommand({{"cat", "/proc/sys/net/ipv4/ip_forward"}, &a, ""}), "1\n");
    EXPECT_EQ(RunCommand({{"cat", "/proc/sys/net/ipv4/ip_forward"}, &b, ""}), "0\n");
    EXPECT_THROW(SetSysctl(a, "net/ipv4/no_such_key", "1"), SystemError);
}

TEST_F(NamespaceTest, OthersReachItByItsPath)
{
    const NetworkNamespace made = NetworkNamespace::Create();
    EXPECT_EQ(Inode(NetworkNamespace::Open(made.Path())), Inode(made));
    EXPECT_THROW((void)NetworkNamespace::Open("/run/netns/no-such-namespace"), SystemError);
}

TEST_F(NamespaceTest, AHostWithoutRoutesSaysSo)
{
    const NetworkNamespace made = NetworkNamespace::Create();
    const NamespaceScope scope(made);
    const Endpoint away{{0xc6336401}, 80};
    EXPECT_EQ(FailureText(StartConnection({}, away).error), "no route to host");
    EXPECT_EQ(SourceAddressTowards(away), Ipv4{});
}

} // namespace
} // namespace isb
