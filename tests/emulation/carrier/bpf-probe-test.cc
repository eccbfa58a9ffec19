// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/subprocess.h"
#include "emulation/sys/system-error.h"
#include "tests/emulation/carrier/bpf-world.h"

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <sys/capability.h>
#include <sys/wait.h>

namespace isb
{
namespace
{

using testing::HasSubstr;

using BpfProbe = BpfWorld;

const Capability*
Named(const CapabilityReport& report, const std::string& what)
{
    const auto& all = report.capabilities;
    const auto found = std::find_if(all.begin(),
                                    all.end(),
                                    [&](const Capability& one) { return one.what == what; });
    return found == all.end() ? nullptr : &*found;
}

TEST_F(BpfProbe, SaysThatWhatCanBeAttachedCan)
{
    const CapabilityReport report = BpfCarrier::Probe({bpffs, {"ia"}, XdpMode::None});
    EXPECT_EQ(report.carrier, "bpf");
    for (const Capability& one : report.capabilities)
    {
        EXPECT_TRUE(one.present || !one.needed) << one.what << ": " << one.detail;
    }
    EXPECT_TRUE(report.IsUsable());
    EXPECT_NE(Named(report, "CAP_BPF"), nullptr);
    EXPECT_NE(Named(report, "eBPF timers"), nullptr);
    EXPECT_EQ(TracesOn("ia"), "") << "probing changes nothing";
    EXPECT_EQ(Pinned(), "");
}

TEST_F(BpfProbe, SaysWhatWouldHelpWhereNoFileSystemIs)
{
    const CapabilityReport report = BpfCarrier::Probe({"/proc", {}, XdpMode::None});
    EXPECT_FALSE(report.IsUsable());
    const Capability* missing = Named(report, "bpf file system");
    ASSERT_NE(missing, nullptr);
    EXPECT_FALSE(missing->present);
    EXPECT_THAT(missing->detail, HasSubstr("mount -t bpf bpf /proc"));
}

TEST_F(BpfProbe, SaysThatADeviceIsNotThere)
{
    const CapabilityReport report = BpfCarrier::Probe({bpffs, {"nosuch"}, XdpMode::None});
    EXPECT_FALSE(report.IsUsable());
    ASSERT_NE(Named(report, "nosuch"), nullptr);
    EXPECT_FALSE(Named(report, "nosuch")->present);
}

TEST_F(BpfProbe, SaysWhichOffloadsAreInTheWayOfXdp)
{
    const std::string what = "ia: transmit checksum offload off";
    const CapabilityReport with = BpfCarrier::Probe({bpffs, {"ia"}, XdpMode::Native});
    EXPECT_EQ(with.carrier, "bpf+xdp");
    EXPECT_TRUE(with.IsUsable()) << "XDP leaves to tc what it cannot do";
    ASSERT_NE(Named(with, what), nullptr);
    EXPECT_THAT(Named(with, what)->detail, HasSubstr("ethtool -K ia tx off"));
    EXPECT_NE(Named(with, "ia: native XDP"), nullptr);

    (void)RunCommand({{"ethtool", "-K", "ia", "tx", "off"}, &*ist, ""});
    const CapabilityReport without = BpfCarrier::Probe({bpffs, {"ia"}, XdpMode::Native});
    EXPECT_EQ(Named(without, what), nullptr);
    const CapabilityReport tc = BpfCarrier::Probe({bpffs, {"ia"}, XdpMode::None});
    EXPECT_EQ(Named(tc, "ia: native XDP"), nullptr) << "of no interest to tc";
}

TEST_F(BpfProbe, TellsWhetherTheOtherEndOfAVethPairTakesRedirectedPackets)
{
    const std::string what = "ia: XDP towards it";
    const auto takes = [&]
    {
        const CapabilityReport report = BpfCarrier::Probe({bpffs, {"ia"}, XdpMode::Native});
        const Capability* one = Named(report, what);
        return one && one->present;
    };
    EXPECT_FALSE(takes());
    (void)RunCommand({{"ethtool", "-K", "a", "gro", "on"}, &*a, ""});
    EXPECT_TRUE(takes());
}

/// Does something in another process with no capabilities but these; whether it said yes.
bool
WithCapabilities(const std::vector<cap_value_t>& some, const std::function<bool()>& action)
{
    const pid_t child = fork();
    if (child == 0)
    {
        const cap_t set = cap_init();
        const int count = static_cast<int>(some.size());
        const bool dropped = cap_set_flag(set, CAP_PERMITTED, count, some.data(), CAP_SET) == 0 &&
                             cap_set_flag(set, CAP_EFFECTIVE, count, some.data(), CAP_SET) == 0 &&
                             cap_set_proc(set) == 0;
        _exit(dropped && action() ? 0 : 1);
    }
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(BpfProbe, SaysWhichRightsAreMissing)
{
    const auto lacks = [&](const char* name)
    {
        const CapabilityReport report = BpfCarrier::Probe({bpffs, {}, XdpMode::None});
        const Capability* right = Named(report, name);
        return right && !right->present && !report.IsUsable() &&
               right->detail.find("run as root") != std::string::npos;
    };
    EXPECT_TRUE(WithCapabilities({CAP_BPF, CAP_PERFMON}, [&] { return lacks("CAP_NET_ADMIN"); }));
    EXPECT_TRUE(WithCapabilities({CAP_BPF, CAP_NET_ADMIN}, [&] { return lacks("CAP_PERFMON"); }));
    EXPECT_TRUE(WithCapabilities({CAP_PERFMON, CAP_NET_ADMIN}, [&] { return lacks("CAP_BPF"); }));
    EXPECT_FALSE(lacks("CAP_BPF"));
}

TEST_F(BpfProbe, TheRightsThatItNamesAreEnoughToAttachAndOneLessIsNot)
{
    const auto attaches = [&] { return static_cast<bool>(BpfCarrier::Attach(Options())); };
    const auto isRefused = [&]
    {
        try
        {
            (void)BpfCarrier::Attach(Options());
        }
        catch (const SystemError& error)
        {
            return std::string(error.what()).find("CAP_PERFMON") != std::string::npos;
        }
        return false;
    };
    EXPECT_TRUE(WithCapabilities({CAP_BPF, CAP_NET_ADMIN}, isRefused));
    EXPECT_EQ(TracesOn("ia"), "");
    EXPECT_EQ(Pinned(), "");
    EXPECT_TRUE(WithCapabilities({CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON}, attaches));
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
}

} // namespace
} // namespace isb
