// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-options.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// What came of a command line.
struct Read
{
    int status = 0;
    IstOptions options;
    std::string out;
    std::string err;
};

Read
Parse(const std::vector<const char*>& words)
{
    std::vector<const char*> line{"ist"};
    line.insert(line.end(), words.begin(), words.end());
    std::ostringstream out;
    std::ostringstream err;
    const ParsedIstOptions parsed =
        ParseIstOptions(static_cast<int>(line.size()), line.data(), out, err);
    return {parsed.status, parsed.options, out.str(), err.str()};
}

TEST(IstOptions, ReadsAnAttachment)
{
    const Read read = Parse(
        {"attach",  "west",        "east",        "--carrier",      "bpf+xdp",     "--xdp",
         "generic", "--address",   "203.0.113.1", "--address",      "2001:db8::1", "--max-splices",
         "100",     "--time-wait", "1.5",         "--idle-timeout", "2h",          "--own-ports",
         "50000",   "50010",       "--name",      "lab-1",          "--bpffs",     "/mnt/bpf"});
    ASSERT_LT(read.status, 0) << read.err;
    const AttachOrder& order = read.options.attach;
    EXPECT_EQ(read.options.command, IstCommand::Attach);
    EXPECT_THAT(order.devices, ElementsAre("west", "east"));
    EXPECT_EQ(order.carrier, "bpf+xdp");
    EXPECT_TRUE(order.genericXdp);
    EXPECT_THAT(order.settings.addresses,
                ElementsAre(*IpAddress::Parse("203.0.113.1"), *IpAddress::Parse("2001:db8::1")));
    EXPECT_EQ(order.settings.maxSplices, 100U);
    EXPECT_EQ(order.settings.timeWait, 1500ms);
    EXPECT_EQ(order.settings.idleTimeout, 2h);
    EXPECT_EQ(order.settings.ownPortFirst, 50000);
    EXPECT_EQ(order.settings.ownPortLast, 50010);
    EXPECT_EQ(read.options.place.name, "lab-1");
    EXPECT_EQ(read.options.place.bpffs, "/mnt/bpf");
}

TEST(IstOptions, WithoutFurtherWordsAttachesBpfWithTheSourcesTimers)
{
    const Read read = Parse({"attach", "eth0"});
    ASSERT_LT(read.status, 0) << read.err;
    EXPECT_EQ(read.options.attach.carrier, "bpf");
    EXPECT_FALSE(read.options.attach.genericXdp);
    EXPECT_EQ(read.options.attach.settings.timeWait, IstSettings{}.timeWait);
    EXPECT_EQ(read.options.attach.settings.maxSplices, IstSettings{}.maxSplices);
    EXPECT_EQ(read.options.place.name, "");
}

TEST(IstOptions, ReadsASplice)
{
    const Read read = Parse({"splice",     "add",
                             "--method",   "active",
                             "--port-a",   "4001",
                             "--port-b",   "6000",
                             "--allow-a",  "198.51.100.7",
                             "--target",   "[2001:db8::9]:80",
                             "--source",   "2001:db8::1",
                             "--rate",     "10Mb/s",
                             "--bytes",    "1GB",
                             "--lifetime", "1h",
                             "--label",    "9",
                             "--json"});
    ASSERT_LT(read.status, 0) << read.err;
    const IstPair& pair = read.options.pair;
    EXPECT_EQ(read.options.command, IstCommand::AddSplice);
    EXPECT_TRUE(read.options.isJson);
    EXPECT_EQ(pair.method, SpliceMethod::Active);
    EXPECT_EQ(pair.portA, 4001);
    EXPECT_EQ(pair.portB, 6000);
    EXPECT_EQ(pair.allowedA, IpAddress::Parse("198.51.100.7"));
    EXPECT_FALSE(pair.allowedB);
    EXPECT_EQ(pair.activeTarget, *IpEndpoint::Parse("[2001:db8::9]:80"));
    EXPECT_EQ(pair.activeSource, IpAddress::Parse("2001:db8::1"));
    EXPECT_EQ(pair.limits.rateBps, 10'000'000U);
    EXPECT_EQ(pair.limits.bytes, 1'000'000'000U);
    EXPECT_EQ(pair.limits.lifetime, 1h);
    EXPECT_EQ(pair.label, 9U);
}

TEST(IstOptions, TellsNewsOfEverySpliceUnlessAskedNotTo)
{
    EXPECT_EQ(Parse({"splice", "add", "--port-a", "1", "--port-b", "2"}).options.pair.label, 1U);
    EXPECT_EQ(Parse({"splice", "add", "--port-a", "1", "--label", "0"}).options.pair.label, 0U);
}

TEST(IstOptions, TakesGeneralOptionsBeforeAndAfterTheCommand)
{
    for (const auto& words : {std::vector<const char*>{"--name", "x", "--json", "show", "7"},
                              {"show", "7", "--name", "x", "--json"},
                              {"show", "--json", "7", "--name=x"}})
    {
        const Read read = Parse(words);
        ASSERT_LT(read.status, 0) << read.err;
        EXPECT_EQ(read.options.command, IstCommand::Show);
        EXPECT_EQ(read.options.id, 7U);
        EXPECT_EQ(read.options.place.name, "x");
        EXPECT_TRUE(read.options.isJson);
    }
}

TEST(IstOptions, RefusesWhatIsWrongWithWhatWouldBeRight)
{
    struct Case
    {
        std::vector<const char*> words;
        const char* said;
    };

    const std::vector<Case> cases{
        {{"attach"}, "device is required"},
        {{"attach", "eth0", "--carrier", "bfp"}, "'bfp' is not known; nearest valid: 'bpf'"},
        {{"attach", "eth0", "--address", "203.0.113.256"}, "is no IPv4 or IPv6 address"},
        {{"attach", "eth0", "--time-wait", "1 parsec"}, "ns, us, ms, s, min, h"},
        {{"attach", "eth0", "--max-splices", "0"}, "--max-splices"},
        {{"attach", "eth0", "--own-ports", "2", "1"}, "FIRST is 1 to 65535, LAST not below it"},
        {{"attach", "eth0", "--name", "../etc"}, "a name has 1 to 32 letters"},
        {{"attach", "eth0", "--name", ""}, "a name has 1 to 32 letters"},
        {{"splice"}, "subcommand is required"},
        {{"splice", "add"}, "--port-a is required"},
        {{"splice", "add", "--port-a", "0"}, "'0' is no port: 1 to 65535"},
        {{"splice", "add", "--port-a", "65536"}, "'65536' is no port: 1 to 65535"},
        {{"splice", "add", "--port-a", "40x"}, "'40x' is no port: 1 to 65535"},
        {{"splice", "add", "--port-a", "1", "--method", "pasive"}, "nearest valid: 'passive'"},
        {{"splice", "add", "--port-a", "1", "--target", "192.0.2.1"}, "is no ADDRESS:PORT"},
        {{"splice", "add", "--port-a", "1", "--rate", "10"}, "Mb/s"},
        {{"splice", "add", "--port-a", "65000", "--count", "1000"}, "at most 536"},
        {{"splice", "remove"}, "id is required"},
        {{"show", "x"}, "id"},
        {{"lst"}, "'lst' is not known; nearest valid: 'list'"},
        {{"list", "--jsn"}, "'--jsn' is not known; nearest valid: '--json'"},
        {{"attach", "eth0", "--time-wat", "1"}, "nearest valid: '--time-wait'"},
        {{"splice", "add", "--port-a", "1", "--port-c", "2"}, "nearest valid: '--port-a'"},
        {{"stats", "all"}, "'all' is not known"},
        {{}, "a command is missing: attach, splice add"},
    };
    for (const Case& one : cases)
    {
        const Read read = Parse(one.words);
        EXPECT_EQ(read.status, IST_STATUS_USAGE) << testing::PrintToString(one.words);
        EXPECT_THAT(read.err, HasSubstr(one.said));
        EXPECT_EQ(read.out, "");
    }
}

TEST(IstOptions, HelpIsNoFaultAndNamesTheExitStatus)
{
    const Read read = Parse({"--help"});
    EXPECT_EQ(read.status, 0);
    EXPECT_THAT(read.out, HasSubstr("Exit status: 0 done; 1 refused"));
    EXPECT_EQ(read.err, "");
    EXPECT_THAT(Parse({"splice", "add", "--help"}).out, HasSubstr("passive|pure|active|udp"));
}

} // namespace
} // namespace isb
