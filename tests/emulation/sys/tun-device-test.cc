// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/tun-device.h"

#include "emulation/sys/capabilities.h"
#include "emulation/sys/network-interface.h"
#include "emulation/sys/system-error.h"
#include "emulation/sys/vnet-header.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace isb
{
namespace
{

bool
HasTun()
{
    return geteuid() == 0 && MayAdministerNetworks() && access("/dev/net/tun", R_OK | W_OK) == 0;
}

/// Runs it in a child process in a network namespace of its own; what it returns, or what it threw.
std::string
InNamespace(const std::function<std::string()>& what)
{
    int ends[2];
    if (pipe(ends) != 0)
    {
        return "no pipe";
    }
    const pid_t child = fork();
    if (child == 0)
    {
        std::string said;
        try
        {
            said = unshare(CLONE_NEWNET) == 0 ? what() : "no namespace";
        }
        catch (const SystemError& error)
        {
            said = error.what();
        }
        const bool isWritten =
            write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
        _exit(isWritten ? 0 : 1);
    }
    close(ends[1]);
    std::string said;
    char buffer[512];
    for (ssize_t size; (size = read(ends[0], buffer, sizeof(buffer))) > 0;)
    {
        said.append(buffer, static_cast<size_t>(size));
    }
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return said;
}

class Tun : public testing::Test
{
  protected:
    void
    SetUp() override
    {
        if (!HasTun())
        {
            GTEST_SKIP() << "TUN interfaces need root and /dev/net/tun";
        }
    }
};

TEST_F(Tun, TellsItsOffloads)
{
    EXPECT_EQ(InNamespace(
                  []
                  {
                      TunDevice device("t0");
                      const TunOffload all = device.SetOffload({true, true, true});
                      const TunOffload none = device.SetOffload({});
                      return std::to_string(all.checksums) + std::to_string(all.tcpSegments) +
                             std::to_string(none.checksums) + std::to_string(none.tcpSegments);
                  }),
              "1100");
}

TEST_F(Tun, GivesWhatTheKernelRoutesThere)
{
    EXPECT_EQ(InNamespace(
                  []
                  {
                      TunDevice device("t0");
                      ConfigureInterface("t0", {InterfaceAddress{{0x0a090001}, 24}, 1400, 10});
                      if (std::system("bash -c 'printf x > /dev/udp/10.9.0.2/9'") != 0)
                      {
                          return std::string("not sent");
                      }
                      uint8_t buffer[2000];
                      pollfd wait{device.Get(), POLLIN, 0};
                      while (poll(&wait, 1, 10'000) == 1)
                      {
                          const ssize_t size = read(device.Get(), buffer, sizeof(buffer));
                          if (size == static_cast<ssize_t>(VNET_HEADER_SIZE + 29) &&
                              buffer[VNET_HEADER_SIZE] == 0x45)
                          {
                              return std::string("read");
                          }
                      }
                      return std::string("nothing came");
                  }),
              "read");
}

TEST_F(Tun, RefusesAnInterfaceThatIsInUse)
{
    const std::string said = InNamespace(
        []
        {
            const TunDevice first("t0");
            const TunDevice second("t0");
            return std::string("two");
        });
    EXPECT_EQ(said,
              "attach to TUN interface t0 (another program uses it): Device or resource busy");
}

TEST_F(Tun, SaysWhatItNeedsWithoutCapability)
{
    const std::string said = InNamespace(
        []
        {
            DropCapabilities();
            const TunDevice device("t0");
            return std::string("made");
        });
    EXPECT_NE(said.find("attach to TUN interface t0 (needs CAP_NET_ADMIN"), std::string::npos)
        << said;
    EXPECT_NE(said.find("Operation not permitted"), std::string::npos) << said;
}

TEST_F(Tun, CapabilitiesAreGoneForGood)
{
    EXPECT_EQ(InNamespace(
                  []
                  {
                      const bool before = MayAdministerNetworks();
                      DropCapabilities();
                      const bool after = MayAdministerNetworks();
                      const int status = std::system("ip link set dev lo up 2>/dev/null");
                      return std::to_string(before) + std::to_string(after) +
                             std::to_string(status != 0);
                  }),
              "101");
}

TEST_F(Tun, AnInterfaceThatIsNotThereIsNamed)
{
    EXPECT_EQ(InNamespace(
                  []
                  {
                      ConfigureInterface("t9", {});
                      return std::string("done");
                  }),
              "set MTU 1500 of t9: No such device");
}

} // namespace
} // namespace isb
