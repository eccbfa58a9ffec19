// SPDX-License-Identifier: GPL-2.0-or-later
// The thesis' five rules (section 1), audited while every shipped scenario runs; and that the audit
// sees breaches.
#include "tests/ns3/lab-run.h"
#include "tests/ns3/rule-audit.h"
#include "tests/ns3/two-hosts.h"

#include "model/ns3/ist-forwarder.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/udp-rate-sender.h"

#include "ns3/ipv4-l3-protocol.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace ns3test
{
namespace
{

namespace fs = std::filesystem;

/// Breaches that the audit finds while a scenario runs; `disturb` may cause some.
std::vector<std::string>
Audit(const std::string& text,
      const std::function<void(LabInstaller&)>& disturb = {},
      const std::function<void(isb::Lab&)>& change = {})
{
    std::vector<std::string> breaches;
    std::unique_ptr<RuleAudit> audit;
    const isb::Lab* lab = nullptr;
    LabVisit visit;
    visit.parsed = [&](isb::Lab& parsed)
    {
        lab = &parsed;
        if (change)
        {
            change(parsed);
        }
    };
    visit.installed = [&](LabInstaller& installer)
    {
        audit = std::make_unique<RuleAudit>(*lab, text, installer);
        if (disturb)
        {
            disturb(installer);
        }
    };
    visit.ran = [&] { breaches = audit->Finish(); };
    EXPECT_EQ(RunText(text, 1, visit).refusal, "");
    return breaches;
}

std::vector<fs::path>
ShippedWithUsers()
{
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(ISB_SOURCE_DIR "/examples"))
    {
        if (entry.path().extension() != ".toml")
        {
            continue;
        }
        std::ifstream file(entry.path());
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        if (text.find("[[user]]") != std::string::npos ||
            text.find("[[crowd]]") != std::string::npos)
        {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

class ShippedScenario : public Simulation, public ::testing::WithParamInterface<fs::path>
{
};

TEST_P(ShippedScenario, BreaksNoneOfTheFiveRules)
{
    std::ifstream file(GetParam());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(Audit(text), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Examples,
                         ShippedScenario,
                         ::testing::ValuesIn(ShippedWithUsers()),
                         [](const auto& test)
                         {
                             std::string name =
                                 fs::relative(test.param, ISB_SOURCE_DIR "/examples").string();
                             name.erase(std::remove_if(name.begin(),
                                                       name.end(),
                                                       [](unsigned char letter)
                                                       { return std::isalnum(letter) == 0; }),
                                        name.end());
                             return name;
                         });

const std::string BOTH_BEHIND_NAT = R"(schema = 1
name = "t"
duration = "5 s"
[[isb]]
name = "isb"
[[ist]]
name = "ist"
[[site]]
name = "ann-home"
nat = "symmetric"
[[site]]
name = "bob-home"
nat = "full-cone"
[[user]]
name = "ann"
site = "ann-home"
subscribes = ["bob/web"]
[[user]]
name = "bob"
site = "bob-home"
[[service]]
name = "web"
provider = "bob"
port = 80
[[traffic]]
name = "ask"
kind = "request-response"
from = "ann"
service = "bob/web"
start = "1 s"
)";

using FiveRules = Simulation;

TEST_F(FiveRules, HoldInAPlainScenario)
{
    EXPECT_EQ(Audit(BOTH_BEHIND_NAT), std::vector<std::string>());
}

/// The first breach, or nothing.
std::string
First(const std::vector<std::string>& breaches)
{
    return breaches.empty() ? std::string() : breaches.front();
}

size_t
HostNamed(const isb::Lab& lab, const std::string& name)
{
    const auto found = std::find_if(lab.hosts.begin(),
                                    lab.hosts.end(),
                                    [&](const isb::Host& host) { return host.name == name; });
    return static_cast<size_t>(found - lab.hosts.begin());
}

/// The audit of BOTH_BEHIND_NAT when something is done on ann's host at 2 s.
std::vector<std::string>
AuditWithAnn(const std::function<void(Ptr<Node>, const isb::Lab&)>& act)
{
    isb::Lab copy;
    return Audit(
        BOTH_BEHIND_NAT,
        [&](LabInstaller& installer)
        {
            const Ptr<Node> ann = installer.GetHost(HostNamed(copy, "ann"));
            Simulator::Schedule(Seconds(2), [&act, ann, &copy] { act(ann, copy); });
        },
        [&](isb::Lab& lab) { copy = lab; });
}

TEST_F(FiveRules, ADaemonOnAPrivilegedPortIsSeen)
{
    const auto breaches = Audit(BOTH_BEHIND_NAT,
                                {},
                                [](isb::Lab& lab) { lab.users.at(0).settings.listenPort = 443; });
    EXPECT_EQ(First(breaches), "ann: privileged port 443");
}

TEST_F(FiveRules, AProgramOnAPrivilegedPortIsSeen)
{
    Ptr<Socket> socket;
    const auto breaches = AuditWithAnn(
        [&](Ptr<Node> ann, const isb::Lab&)
        {
            socket = Socket::CreateSocket(ann, UdpSocketFactory::GetTypeId());
            socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), 53));
        });
    EXPECT_EQ(First(breaches), "ann: privileged port 53");
}

TEST_F(FiveRules, AServersOwnPortIsNoBreachButAnotherHostsIs)
{
    Ptr<Socket> socket;
    const auto breaches = AuditWithAnn(
        [&](Ptr<Node> ann, const isb::Lab&)
        {
            socket = Socket::CreateSocket(ann, UdpSocketFactory::GetTypeId());
            socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), 80)); // bob's server may
        });
    EXPECT_EQ(First(breaches), "ann: privileged port 80");
}

TEST_F(FiveRules, APacketHookOnAUsersHostIsSeen)
{
    Ptr<IstForwarder> hook;
    const auto breaches = AuditWithAnn(
        [&](Ptr<Node> ann, const isb::Lab&)
        {
            hook = CreateObject<IstForwarder>();
            hook->Install(ann, 1);
        });
    EXPECT_EQ(First(breaches), "ann: packet hook");
}

TEST_F(FiveRules, APacketFromARawSocketIsSeen)
{
    const auto breaches = AuditWithAnn(
        [](Ptr<Node> ann, const isb::Lab& lab)
        {
            Ipv4Header header;
            header.SetSource("192.0.2.1");
            header.SetDestination(Ipv4Address(lab.hosts[HostNamed(lab, "isb")].port.address.value));
            header.SetProtocol(17);
            header.SetTtl(64);
            header.SetPayloadSize(8);
            const Ptr<Ipv4> ipv4 = ann->GetObject<Ipv4>();
            const Ptr<Packet> packet = Create<Packet>(8);
            Socket::SocketErrno error = Socket::ERROR_NOTERROR;
            const Ptr<Ipv4Route> route =
                ipv4->GetRoutingProtocol()->RouteOutput(packet, header, nullptr, error);
            ipv4->SendWithHeader(packet, header, route);
        });
    EXPECT_EQ(
        std::count(breaches.begin(), breaches.end(), "ann: packet with a foreign source address"),
        1);
}

TEST_F(FiveRules, ANatThatIsSetUpOtherwiseIsSeen)
{
    const auto breaches = Audit(BOTH_BEHIND_NAT,
                                {},
                                [](isb::Lab& lab) {
                                    lab.boxes.at(lab.sites.at(0).box).nat.tcp.filtering =
                                        isb::NatBehaviour::EndpointIndependent;
                                });
    ASSERT_EQ(breaches.size(), 1U);
    EXPECT_NE(breaches[0].find("NAT settings that no preset of the scenario has"),
              std::string::npos)
        << breaches[0];
}

TEST_F(FiveRules, AMessageToTheNatIsSeen)
{
    constexpr uint16_t PCP = 5351;
    const auto breaches = AuditWithAnn(
        [](Ptr<Node> ann, const isb::Lab& lab)
        {
            const isb::Host& host = lab.hosts[HostNamed(lab, "ann")];
            const isb::Link& link = lab.links[host.port.link];
            const size_t other = link.ends[0].node.kind == isb::LabNode::IsHost ? 1 : 0;
            const Ipv4Address gateway(PortAt(lab, link.ends[other]).address.value);
            const Ptr<Socket> socket = Socket::CreateSocket(ann, UdpSocketFactory::GetTypeId());
            socket->Bind();
            socket->SendTo(Create<Packet>(24), 0, InetSocketAddress(gateway, PCP));
        });
    ASSERT_EQ(breaches.size(), 1U);
    EXPECT_NE(breaches[0].find("message to the NAT box itself"), std::string::npos) << breaches[0];
}

TEST_F(FiveRules, AClientThatKnowsTheWorldIsSeen)
{
    const auto breaches = AuditWithAnn(
        [](Ptr<Node> ann, const isb::Lab& lab)
        {
            const isb::Ipv4 broker = lab.hosts[HostNamed(lab, "isb")].port.address;
            const Ptr<UdpRateSender> changed = CreateObject<UdpRateSender>();
            changed->SetTarget({broker, 7470});
            changed->SetStartTime(Seconds(100));
            ann->AddApplication(changed);
        });
    EXPECT_EQ(First(breaches).rfind("ann: client that knows ", 0), 0U) << First(breaches);
}

/// A client with a splice of its own built in.
class ChangedClient : public TcpRequestClient
{
  public:
    static TypeId
    GetTypeId()
    {
        static TypeId tid = TypeId("ns3test::ChangedClient").SetParent<TcpRequestClient>();
        return tid;
    }
};

TEST_F(FiveRules, AChangedClientIsSeen)
{
    const auto breaches = AuditWithAnn(
        [](Ptr<Node> ann, const isb::Lab& lab)
        {
            const Ptr<ChangedClient> changed = CreateObject<ChangedClient>();
            changed->SetTarget({{0x7f000001}, lab.users.at(0).settings.wants.at(0).localPort});
            changed->SetStartTime(Seconds(100));
            ann->AddApplication(changed);
        });
    EXPECT_EQ(First(breaches),
              "ann: program that is neither daemon nor plain client or server: "
              "ns3test::ChangedClient");
}

} // namespace
} // namespace ns3test
