// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-pins.h"
#include "emulation/carrier/bpf-record.h"
#include "emulation/sys/system-error.h"
#include "tests/emulation/carrier/bpf-world.h"

#include <filesystem>
#include <gmock/gmock.h>

namespace isb
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;

using BpfAttachment = BpfWorld;

TEST_F(BpfAttachment, AttachesToItsDevicesAndDetachesWithoutATrace)
{
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    EXPECT_FALSE((*carrier)->IsAdopted());
    EXPECT_EQ((*carrier)->Name(), "bpf");
    EXPECT_THAT((*carrier)->Devices(), ElementsAre("ia", "ib"));
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");
    EXPECT_EQ(TracesOn("ib"), "clsact filter ");
    EXPECT_THAT(BpfCarrier::Names(bpffs), ElementsAre("ist"));

    const auto detached = BpfCarrier::Detach(Folder());
    ASSERT_TRUE(detached) << detached.Why();
    EXPECT_TRUE(*detached);
    EXPECT_EQ(TracesOn("ia"), "");
    EXPECT_EQ(TracesOn("ib"), "");
    EXPECT_EQ(Pinned(), "");
}

TEST_F(BpfAttachment, DetachingNothingIsNoFault)
{
    const auto detached = BpfCarrier::Detach(Folder());
    ASSERT_TRUE(detached) << detached.Why();
    EXPECT_FALSE(*detached);
}

TEST_F(BpfAttachment, DetachingRemovesNothingElsewhere)
{
    const std::filesystem::path folder = bpffs + "-other";
    std::filesystem::create_directory(folder);
    const auto detached = BpfCarrier::Detach(folder.string());
    ASSERT_FALSE(detached);
    EXPECT_THAT(detached.Why(), HasSubstr("no file system of type bpf"));
    EXPECT_TRUE(std::filesystem::remove(folder)) << "it is still there";
}

TEST_F(BpfAttachment, WhatSomebodyTookOffIsAttachedAgain)
{
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    (void)Tc("qdisc del dev ia clsact");
    EXPECT_EQ(TracesOn("ia"), "");
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
    EXPECT_EQ(TracesOn("ia"), "");
}

TEST_F(BpfAttachment, XdpComesAndGoesWithTc)
{
    for (const XdpMode mode : {XdpMode::Native, XdpMode::Generic})
    {
        BpfAttachOptions options = Options();
        options.xdp = mode;
        const auto carrier = BpfCarrier::Attach(options);
        ASSERT_TRUE(carrier) << carrier.Why();
        EXPECT_EQ((*carrier)->Name(), "bpf+xdp");
        EXPECT_EQ(TracesOn("ia"), "xdp clsact filter ");
        ASSERT_TRUE(BpfCarrier::Detach(Folder()));
        EXPECT_EQ(TracesOn("ia"), "");
        EXPECT_EQ(Pinned(), "");
    }
}

TEST_F(BpfAttachment, AQdiscOfOthersStays)
{
    (void)Tc("qdisc add dev ia clsact");
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
    EXPECT_EQ(TracesOn("ia"), "clsact ");
    EXPECT_EQ(TracesOn("ib"), "");
}

TEST_F(BpfAttachment, AFilterOfOthersKeepsOurQdisc)
{
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    AddForeignFilter("ia");
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
    EXPECT_EQ(TracesOn("ia"), "clsact ");
    EXPECT_THAT(Tc("filter show dev ia egress"), HasSubstr("foreign"));
}

TEST_F(BpfAttachment, TwoNamesLiveSideBySide)
{
    const auto one = BpfCarrier::Attach(Options("one"));
    ASSERT_TRUE(one) << one.Why();
    const auto two = BpfCarrier::Attach(Options("two"));
    ASSERT_TRUE(two) << two.Why();
    EXPECT_FALSE((*two)->IsAdopted());
    EXPECT_THAT(BpfCarrier::Names(bpffs), ElementsAre("one", "two"));

    ASSERT_TRUE(BpfCarrier::Detach(Folder("one"))) << "which made the qdisc";
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");
    ASSERT_TRUE(BpfCarrier::Adopt(Folder("two")));
    ASSERT_TRUE(BpfCarrier::Detach(Folder("two")));
    EXPECT_EQ(TracesOn("ia"), "") << "the last one takes the qdisc with it";
    EXPECT_EQ(Pinned(), "");
}

TEST_F(BpfAttachment, TheNextAttachAdoptsWhatAKilledProcessLeft)
{
    InAKilledProcess(
        [&]
        {
            const auto carrier = BpfCarrier::Attach(Options());
            IstPair pair;
            pair.portA = 5000;
            pair.portB = 5001;
            (void)(*carrier)->Add(pair);
        });
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");

    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    EXPECT_TRUE((*carrier)->IsAdopted());
    EXPECT_EQ((*carrier)->List().size(), 1);
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
    EXPECT_EQ(TracesOn("ia"), "");
}

TEST_F(BpfAttachment, AdoptingAddsTheDevicesThatAreMissing)
{
    BpfAttachOptions options = Options();
    options.devices = {"ia"};
    ASSERT_TRUE(BpfCarrier::Attach(options));
    EXPECT_EQ(TracesOn("ib"), "");
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    EXPECT_THAT((*carrier)->Devices(), ElementsAre("ia", "ib"));
    EXPECT_EQ(TracesOn("ib"), "clsact filter ");
    EXPECT_EQ(Tc("filter show dev ia ingress").find(" handle "),
              Tc("filter show dev ia ingress").rfind(" handle "))
        << "the program is there once";
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
}

TEST_F(BpfAttachment, ADeviceMadeAnewIsAttachedAgain)
{
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    (void)Ip("link del dev ia");
    (void)Ip("link add ia type veth peer name ja");
    (void)Ip("addr add 10.1.0.254/24 dev ia");
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    EXPECT_TRUE((*carrier)->IsAdopted());
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
    EXPECT_EQ(TracesOn("ia"), "");
}

TEST_F(BpfAttachment, AnInterruptedAttachIsClearedAway)
{
    InAKilledProcess([&] { (void)BpfCarrier::Attach(Options()); });
    const auto map = BpfRecordMap::Open(Folder() + "/record");
    ASSERT_TRUE(map);
    BpfRecord record = *map->Read();
    record.complete = 0;
    record.devices[0].tcPriority = 0; // attached, but not noted where
    map->Write(record);
    const auto refused = BpfCarrier::Adopt(Folder());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.Why(), HasSubstr("interrupted"));

    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    EXPECT_FALSE((*carrier)->IsAdopted());
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
    EXPECT_EQ(TracesOn("ia"), "");
    EXPECT_EQ(Pinned(), "");
}

TEST_F(BpfAttachment, AnotherVersionIsNotAdopted)
{
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    const auto map = BpfRecordMap::Open(Folder() + "/record");
    BpfRecord record = *map->Read();
    ++record.version;
    map->Write(record);
    const auto adopted = BpfCarrier::Adopt(Folder());
    ASSERT_FALSE(adopted);
    EXPECT_THAT(adopted.Why(), HasSubstr("another version"));
    EXPECT_FALSE(BpfCarrier::Attach(Options()));
    EXPECT_EQ(TracesOn("ia"), "clsact filter ") << "it goes on";
    ASSERT_TRUE(BpfCarrier::Detach(Folder())) << "the record is the same";
    EXPECT_EQ(TracesOn("ia"), "");
}

TEST_F(BpfAttachment, AnotherNamespaceIsToldWhereItIs)
{
    ASSERT_TRUE(BpfCarrier::Attach(Options()));
    {
        const NamespaceScope scope(*a);
        const auto adopted = BpfCarrier::Adopt(Folder());
        ASSERT_FALSE(adopted);
        EXPECT_THAT(adopted.Why(), HasSubstr("nsenter --net=/proc/"));
        EXPECT_FALSE(BpfCarrier::Detach(Folder()));
    }
    EXPECT_EQ(TracesOn("ia"), "clsact filter ");
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
}

/// What cannot be attached leaves nothing behind and says what would be right.
TEST_F(BpfAttachment, AFailedAttachLeavesNothing)
{
    (void)Ip("link add jb type veth peer name kb");
    BpfAttachOptions other = Options("other");
    other.devices = {"jb"};
    other.settings.addresses = {Ipv4{0x0a030001}};
    other.xdp = XdpMode::Generic;
    ASSERT_TRUE(BpfCarrier::Attach(other));

    BpfAttachOptions options = Options();
    options.devices = {"ia", "jb"};
    options.xdp = XdpMode::Generic;
    try
    {
        (void)BpfCarrier::Attach(options);
        ADD_FAILURE() << "two XDP programs on one device";
    }
    catch (const SystemError& error)
    {
        EXPECT_THAT(error.what(), HasSubstr("attach XDP program to jb, where another"));
    }
    EXPECT_EQ(TracesOn("ia"), "");
    EXPECT_EQ(TracesOn("jb"), "xdp clsact filter ") << "the other one's";
    EXPECT_THAT(BpfCarrier::Names(bpffs), ElementsAre("other"));
    ASSERT_TRUE(BpfCarrier::Detach(Folder("other")));
    EXPECT_EQ(TracesOn("jb"), "");
    EXPECT_EQ(Pinned(), "");
}

TEST_F(BpfAttachment, OrdersThatCannotBeAreRefusedInWords)
{
    const auto why = [](const BpfAttachOptions& options)
    {
        const auto made = BpfCarrier::Attach(options);
        return made ? std::string("attached") : made.Why();
    };
    BpfAttachOptions options = Options();
    options.devices = {"nosuch"};
    EXPECT_THAT(why(options), HasSubstr("no device nosuch"));
    options.devices = {};
    EXPECT_THAT(why(options), HasSubstr("1 to 16 devices"));
    options.devices = {"ia", "ia"};
    EXPECT_THAT(why(options), HasSubstr("named twice"));
    options = Options("a/b");
    EXPECT_THAT(why(options), HasSubstr("no name"));
    options = Options();
    options.bpffs = "/proc";
    EXPECT_THAT(why(options), HasSubstr("mount -t bpf"));
    options = Options();
    options.settings.maxSplices = 0;
    EXPECT_THAT(why(options), HasSubstr("room for 1 to"));
    options = Options();
    options.devices = {"lo"};
    EXPECT_THAT(why(options), HasSubstr("no address is known"));
    EXPECT_EQ(Pinned(), "");
}

} // namespace
} // namespace isb
