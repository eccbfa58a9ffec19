// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/tun-carrier.h"

#include "emulation/sys/network-interface.h"
#include "emulation/sys/subprocess.h"
#include "emulation/sys/tun-device.h"
#include "emulation/sys/vnet-header.h"
#include "tests/emulation/sys/namespace-skip.h"
#include "tests/splice-cases/case-packet.h"

#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace isb
{
namespace
{

using cases::Bytes;

constexpr uint16_t PORT_A = 5001;
constexpr uint16_t PORT_B = 5002;
const IpEndpoint ALICE{Ipv4{0x0a000001}, 1111};
const IpEndpoint BOB{Ipv4{0x0a000002}, 2222};
constexpr Ipv4 HOST{0x0a0000fe};

/// A host whose users are behind a TUN interface of ours, in a namespace of its own:
///
///     users 10.0.0.1, 10.0.0.2 --- (users) 10.0.0.254 = the IST's address
class TunCarrierTest : public testing::Test
{
  protected:
    void
    SetUp() override
    {
        ISB_SKIP_WITHOUT_NAMESPACES();
        if (access("/dev/net/tun", R_OK | W_OK) != 0)
        {
            GTEST_SKIP() << "no /dev/net/tun";
        }
        space = NetworkNamespace::Create();
        scope.emplace(*space);
        users.emplace("users");
        ConfigureInterface("users", {InterfaceAddress{HOST, 24}, 1500, 100});
        options.devices = {"users"};
        pair.portA = PORT_A;
        pair.portB = PORT_B;
        pair.label = 5;
    }

    void
    AllowForwarding() const
    {
        SetSysctl(*space, "net/ipv4/conf/users/forwarding", "1");
    }

    [[nodiscard]] std::string
    Rules() const
    {
        return RunCommand({{"ip", "rule"}, &*space, {}}) +
               RunCommand({{"ip", "-6", "rule"}, &*space, {}});
    }

    void
    Send(const Bytes& packet) const
    {
        Bytes bytes(VNET_HEADER_SIZE);
        bytes.insert(bytes.end(), packet.begin(), packet.end());
        ASSERT_EQ(write(users->Get(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }

    void
    SendSyn(const IpEndpoint& from, uint16_t port, uint32_t sequence) const
    {
        cases::Tcp syn;
        syn.flags = cases::SYN;
        syn.seq = sequence;
        Send(cases::BuildTcp(from, {HOST, port}, syn));
    }

    /// Runs the carrier until it is so; false: it does not come to it.
    bool
    RunUntil(const std::function<bool()>& isSo)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!isSo())
        {
            if (std::chrono::steady_clock::now() > end)
            {
                return false;
            }
            io.run_one_for(std::chrono::milliseconds(20));
        }
        return true;
    }

    /// The next TCP segment that comes back to the users; nothing: none is there.
    std::optional<Bytes>
    Segment() const
    {
        Bytes bytes(2000);
        while (true)
        {
            const ssize_t size = read(users->Get(), bytes.data(), bytes.size());
            if (size < 0)
            {
                return std::nullopt;
            }
            Bytes packet(bytes.begin() + VNET_HEADER_SIZE, bytes.begin() + size);
            if (packet.at(0) >> 4 == 4 && packet.at(9) == cases::TCP)
            {
                return packet;
            }
        }
    }

    std::optional<NetworkNamespace> space;
    std::optional<NamespaceScope> scope;
    std::optional<TunDevice> users;
    asio::io_context io{1};
    TunOptions options;
    IstPair pair;
};

constexpr size_t FLAGS = 33; ///< of TCP behind an IPv4 header without options

TEST_F(TunCarrierTest, SplicesUsersWhoComeToTheHostsOwnAddressAndLeavesNothing)
{
    AllowForwarding();
    const std::string rules = Rules();
    {
        TunCarrier carrier(io, options);
        EXPECT_NE(Rules(), rules);
        EXPECT_EQ(carrier.Options().settings.addresses, std::vector<IpAddress>{HOST});
        const auto id = carrier.Add(pair);
        ASSERT_TRUE(id) << id.Why();
        SendSyn(ALICE, PORT_A, 1000);
        EXPECT_TRUE(RunUntil([&] { return carrier.Find(*id)->side[0].peer == ALICE; }));
        pollfd news{carrier.NewsDescriptor(), POLLIN, 0};
        EXPECT_EQ(poll(&news, 1, 0), 1);
        const auto told = carrier.TakeNews();
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(told[0].kind, CarrierNews::FirstSide);
        EXPECT_EQ(told[0].peer, ALICE);
        EXPECT_EQ(poll(&news, 1, 0), 0);
        SendSyn(BOB, PORT_B, 2000);
        std::vector<Bytes> answers;
        EXPECT_TRUE(RunUntil(
            [&]
            {
                if (auto segment = Segment())
                {
                    answers.push_back(std::move(*segment));
                }
                return answers.size() == 2;
            }));
        for (const Bytes& answer : answers)
        {
            EXPECT_EQ(answer.at(FLAGS), cases::SYN | cases::ACK) << cases::Show(answer);
        }
        EXPECT_EQ(carrier.Counters().paired, 1U);
        EXPECT_TRUE(carrier.Remove(*id));
        EXPECT_TRUE(carrier.List().empty());
    }
    EXPECT_EQ(Rules(), rules);
}

TEST_F(TunCarrierTest, TheHostAnswersWhatIsNotTheIsts)
{
    AllowForwarding();
    TunCarrier carrier(io, options);
    SendSyn(ALICE, 22, 1000);
    std::optional<Bytes> answer;
    EXPECT_TRUE(RunUntil([&] { return (answer = Segment()).has_value(); }));
    EXPECT_EQ(answer.value().at(FLAGS), cases::RST | cases::ACK);
}

TEST_F(TunCarrierTest, RulesOfAKilledProcessAreRemovedByName)
{
    AllowForwarding();
    const std::string rules = Rules();
    const pid_t child = fork();
    if (child == 0)
    {
        try
        {
            const TunCarrier carrier(io, options);
            _exit(0); // without destructors, as if killed
        }
        catch (const std::exception&)
        {
            _exit(1);
        }
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_NE(Rules(), rules);
    EXPECT_TRUE(TunCarrier::Detach(options.device));
    EXPECT_EQ(Rules(), rules);
    EXPECT_FALSE(TunCarrier::Detach(options.device));
}

TEST_F(TunCarrierTest, RefusesAHostThatDoesNotForwardAndSaysWhatHelps)
{
    SetSysctl(*space, "net/ipv4/conf/users/forwarding", "0");
    const std::string rules = Rules();
    try
    {
        const TunCarrier carrier(io, options);
        FAIL() << "it was made";
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_NE(std::string(error.what()).find("net.ipv4.conf.users.forwarding=1"),
                  std::string::npos)
            << error.what();
    }
    EXPECT_EQ(Rules(), rules);
}

TEST_F(TunCarrierTest, RefusesOptionsThatContradictThisHost)
{
    options.devices = {"nowhere"};
    EXPECT_THROW(TunCarrier(io, options), std::invalid_argument);
    options.devices.clear();
    EXPECT_THROW(TunCarrier(io, options), std::invalid_argument);
    options.devices = {"users"};
    options.device = "a-name-too-long-for-linux";
    EXPECT_THROW(TunCarrier(io, options), std::invalid_argument);
    options.device = "ist0";
    options.devices = {"lo"}; // down, without an address
    EXPECT_THROW(TunCarrier(io, options), std::invalid_argument);
}

TEST(TunCarrierProbe, SaysWhatItNeeds)
{
    const CapabilityReport report = TunCarrier::Probe();
    EXPECT_EQ(report.carrier, "tun");
    EXPECT_GE(report.capabilities.size(), 4U);
    for (const Capability& one : report.capabilities)
    {
        EXPECT_TRUE(one.present || !one.detail.empty()) << one.what;
    }
}

} // namespace
} // namespace isb
