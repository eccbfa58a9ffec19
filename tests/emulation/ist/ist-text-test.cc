// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-text.h"

#include "emulation/ist/text-table.h"

#include <chrono>
#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr TimePoint NOW = 100h;

IpEndpoint
At(const char* text)
{
    return *IpEndpoint::Parse(text);
}

/// A splice that is being used, of an IPv4 and an IPv6 user.
IstSpliceInfo
BusySplice()
{
    IstSpliceInfo splice;
    splice.id = 17;
    splice.requested = SpliceMethod::Pure;
    splice.state = "ESTABLISHED";
    splice.side = {{{At("198.51.100.7:40000"), At("203.0.113.1:4001"), 12, 3456},
                    {At("[2001:db8::2]:5000"), At("[2001:db8::1]:4002"), 9, 1'500'000}}};
    splice.limits = {10'000'000, 0, 1h};
    splice.label = 7;
    splice.added = NOW - 125s;
    splice.active = NOW - 1500ms;
    return splice;
}

IstSpliceInfo
WaitingSplice()
{
    IstSpliceInfo splice;
    splice.id = 3;
    splice.method = SpliceMethod::Udp;
    splice.requested = SpliceMethod::Udp;
    splice.state = "LISTEN";
    splice.side[0].local.port = 4003;
    splice.added = NOW;
    splice.active = NOW;
    return splice;
}

TEST(IstText, ListsSplicesInAlignedColumns)
{
    EXPECT_EQ(ListText({WaitingSplice(), BusySplice()}, NOW),
              "ID  METHOD   STATE        USER A              IST A             USER B              "
              "IST B                FROM A   FROM B   IDLE\n"
              " 3  udp      LISTEN       -                   *:4003            -                   "
              "-                       0 B      0 B   0 ms\n"
              "17  passive  ESTABLISHED  198.51.100.7:40000  203.0.113.1:4001  "
              "[2001:db8::2]:5000  [2001:db8::1]:4002  3.46 kB  1.50 MB  1.5 s\n");
}

TEST(IstText, SaysHowToAddTheFirstSplice)
{
    EXPECT_EQ(ListText({}, NOW), "no splices; `ist splice add --help` shows how to add one\n");
}

TEST(IstText, ShowsEverythingAboutASplice)
{
    EXPECT_EQ(SpliceText(BusySplice(), NOW),
              "splice  17\n"
              "method  passive (was pure)\n"
              "state   ESTABLISHED\n"
              "user A  198.51.100.7:40000 -> 203.0.113.1:4001, sent 12 packets, 3.46 kB\n"
              "user B  [2001:db8::2]:5000 -> [2001:db8::1]:4002, sent 9 packets, 1.50 MB\n"
              "limits  10 Mb/s, 1 h from pairing\n"
              "label   7\n"
              "age     2 min 5 s\n"
              "idle    1.5 s\n");
    EXPECT_EQ(SpliceText(WaitingSplice(), NOW),
              "splice  3\n"
              "method  udp\n"
              "state   LISTEN\n"
              "user A  - -> *:4003\n"
              "user B  - -> -\n"
              "limits  none\n"
              "label   none\n"
              "age     0 ms\n"
              "idle    0 ms\n");
}

TEST(IstText, CountsWithTheMostFrequentDropFirst)
{
    IstCounters counters;
    counters.added = 3;
    counters.forwarded = 1000;
    counters.forwardedBytes = 1'234'567;
    counters.drops = {{"ist.no-port", 2}, {"ist.ttl", 0}, {"ist.unpaired", 50}};
    EXPECT_EQ(CountersText(counters),
              "splices added                3\n"
              "splices refused              0\n"
              "splices paired               0\n"
              "pure became passive          0\n"
              "splices ended                0\n"
              "packets forwarded         1000\n"
              "bytes forwarded        1.23 MB\n"
              "packets consumed             0\n"
              "packets sent itself          0\n"
              "dropped: ist.unpaired       50\n"
              "dropped: ist.no-port         2\n");
}

TEST(IstText, TellsNewsInWords)
{
    CarrierNews news;
    news.id = 3;
    news.kind = CarrierNews::FirstSide;
    news.peer = At("198.51.100.7:40000");
    EXPECT_EQ(NewsText(news), "splice 3: the first user came from 198.51.100.7:40000\n");
    news.port = 40000;
    EXPECT_EQ(NewsText(news),
              "splice 3: the first user came from 198.51.100.7:40000; port 40000 waits for the "
              "other\n");
    news.kind = CarrierNews::Paired;
    EXPECT_EQ(NewsText(news), "splice 3: paired, both users are there\n");
    news.kind = CarrierNews::FellBack;
    news.reason = "ist.port-taken";
    EXPECT_EQ(NewsText(news), "splice 3: pure became passive (ist.port-taken)\n");
    news.kind = CarrierNews::Ended;
    news.reason = "ist.removed";
    news.bytes = 2000;
    EXPECT_EQ(NewsText(news), "splice 3: ended (ist.removed), 2.00 kB forwarded\n");
}

TEST(IstText, SaysWhereTheUsersOfANewSpliceConnect)
{
    IstPair pair;
    pair.portA = 4001;
    pair.portB = 4002;
    EXPECT_EQ(AddedText(pair, 1),
              "splice 1: passive, user A connects to port 4001, user B to port 4002\n");
    pair.method = SpliceMethod::Pure;
    pair.portB = 0;
    EXPECT_EQ(AddedText(pair, 2),
              "splice 2: pure, user A connects to port 4001, user B to the source port that A is "
              "seen with\n");
    pair.method = SpliceMethod::Active;
    pair.activeTarget = At("192.0.2.9:80");
    EXPECT_EQ(AddedText(pair, 3),
              "splice 3: active, user A connects to port 4001, the IST to 192.0.2.9:80\n");
}

TEST(IstText, TellsWhatIsNeededFromWhatWouldHelp)
{
    CapabilityReport bpf;
    bpf.carrier = "bpf";
    bpf.Found("kernel", "6.1.0");
    bpf.Missing("CAP_BPF", "run it as root");
    bpf.Lacking("eth0: native XDP", "the driver has none");
    CapabilityReport tun;
    tun.carrier = "tun";
    tun.Found("/dev/net/tun");
    EXPECT_EQ(CapabilitiesText({bpf, tun}),
              "bpf: cannot be used\n"
              "  yes      kernel            6.1.0\n"
              "  MISSING  CAP_BPF           run it as root\n"
              "  no       eth0: native XDP  the driver has none\n"
              "\n"
              "tun: can be used\n"
              "  yes  /dev/net/tun\n");
}

TEST(IstText, RoundsBytesToThreeDigits)
{
    EXPECT_EQ(RoundedBytes(0), "0 B");
    EXPECT_EQ(RoundedBytes(999), "999 B");
    EXPECT_EQ(RoundedBytes(1000), "1.00 kB");
    EXPECT_EQ(RoundedBytes(9994), "9.99 kB");
    EXPECT_EQ(RoundedBytes(9996), "10.0 kB");
    EXPECT_EQ(RoundedBytes(99'960), "100 kB");
    EXPECT_EQ(RoundedBytes(999'499), "999 kB");
    EXPECT_EQ(RoundedBytes(999'500), "1.00 MB");
    EXPECT_EQ(RoundedBytes(UINT64_MAX), "18.4 EB");
}

TEST(IstText, RoundsTimesToTwoUnits)
{
    EXPECT_EQ(RoundedTime(999ms), "999 ms");
    EXPECT_EQ(RoundedTime(1s), "1.0 s");
    EXPECT_EQ(RoundedTime(59'999ms), "59.9 s");
    EXPECT_EQ(RoundedTime(60s), "1 min 0 s");
    EXPECT_EQ(RoundedTime(3599s), "59 min 59 s");
    EXPECT_EQ(RoundedTime(124min), "2 h 4 min");
}

TEST(TextTable, TrailsNothing)
{
    TextTable table({TextTable::Align::Left, TextTable::Align::Left});
    table.Add({"a", "long"});
    table.Add({"longer", ""});
    EXPECT_EQ(table.ToString(), "a       long\nlonger\n");
}

} // namespace
} // namespace isb
