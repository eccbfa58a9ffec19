// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/capabilities.h"
#include "emulation/sys/subprocess.h"
#include "tests/emulation/carrier/bpf-world.h"

#include <algorithm>
#include <gmock/gmock.h>
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

TEST_F(BpfProbe, SaysWhichRightsAreMissing)
{
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
    {
        DropCapabilities();
        const CapabilityReport report = BpfCarrier::Probe({bpffs, {}, XdpMode::None});
        const Capability* right = Named(report, "CAP_NET_ADMIN");
        const bool told = right && !right->present && !report.IsUsable() &&
                          right->detail.find("run as root") != std::string::npos;
        _exit(told ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

} // namespace
} // namespace isb
