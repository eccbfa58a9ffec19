// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_LAB_INSTALLER_H
#define ISB_HELPER_LAB_INSTALLER_H

#include "helper/lab-programs.h"

#include "model/core/trace/trace-event.h"
#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{

class BoxDriver;
class FirewallForwarder;
class FlowMeter;
class IstForwarder;
class NatForwarder;
class Node;
class ProxyApplication;
class TrafficApplication;

/**
 * Turns a Lab into ns-3 nodes, links, routes, boxes, programs and traffic, and reads the result
 * after the run. One at a time in a process: it sets ns-3's seed and checksum switch.
 *
 * After the end of the lab's duration the simulation must go on for DrainTime(): nothing is sent
 * any more, but datagrams that are under way arrive and do not count as lost.
 */
class LabInstaller
{
  public:
    using EventCallback = std::function<void(const isb::TraceEvent&, const std::string& node)>;
    /// Packet from the IP header on, at a box' port; `leaves`: towards the wire.
    using WireCallback = std::function<
        void(const std::string& box, const std::string& port, Ptr<const Packet>, bool leaves)>;

    /// `lab` must outlive the installer. The seed replaces the lab's.
    LabInstaller(const isb::Lab& lab, uint64_t seed);
    ~LabInstaller();

    /// All events, in the order in which they happen. Before Install().
    void SetEventCallback(EventCallback callback);
    /// All packets at the ports of boxes. Before Install().
    void SetWireCallback(WireCallback callback);

    /// Builds everything; nothing, or why it cannot be built.
    [[nodiscard]] std::optional<std::string> Install();

    /// What happened, when the simulation has run. Expectations are judged.
    isb::LabResult Result() const;

    static isb::Duration DrainTime();

    Ptr<Node> GetHost(size_t index) const;
    Ptr<Node> GetBox(size_t index) const;
    /// Null when box `index` is no NAT.
    Ptr<NatForwarder> GetNat(size_t index) const;
    /// After Install().
    const LabPrograms& Programs() const;

  private:
    struct BoxParts
    {
        Ptr<Node> node;
        Ptr<NatForwarder> nat;
        Ptr<FirewallForwarder> firewall;
        Ptr<IstForwarder> ist;
        Ptr<ProxyApplication> proxy;
        size_t orders = 0; ///< pairs of ports that the traffic asks of this IST
    };

    struct HostParts
    {
        Ptr<Node> node;
    };

    /// The server of a service: one for all its clients.
    struct ServerParts
    {
        isb::TrafficKind kind = isb::TrafficKind::TcpBulk;
        std::pair<uint64_t, uint64_t> sizes; ///< of requests and responses, bytes
        Ptr<TrafficApplication> program;
    };

    void CreateNodes();
    void CreateLinks();
    void CreateRoutes();
    void CreateRoles();
    Ptr<Object> CreateNat(size_t index);
    Ptr<Object> CreateFirewall(size_t index);
    /// Reboots and the like; the incidents of programs are LabPrograms'.
    void ScheduleNatIncidents();
    void HappenToNat(const isb::Incident& incident, const Ptr<NatForwarder>& nat) const;
    void CreatePrograms();
    [[nodiscard]] std::optional<std::string> CreateTraffic();
    [[nodiscard]] std::optional<std::string> CreateEnds(size_t index);
    [[nodiscard]] std::optional<std::string> CreateTcp(size_t index);
    [[nodiscard]] std::optional<std::string> CreateUdp(size_t index);
    void CreateRequests(size_t index);
    /// A client at its daemon's local port, and the server when it is the service's first.
    [[nodiscard]] std::optional<std::string> CreateService(size_t index);
    void CreateClient(size_t index, isb::Endpoint target);
    [[nodiscard]] std::optional<std::string> JoinServer(size_t index);
    Ptr<TrafficApplication> MakeServer(const isb::Traffic& traffic, uint16_t port);
    /// Has the IST told, when the traffic starts, about one connection or datagram flow: an order
    /// given long before would end as unmatched. Refuses more than the IST takes at all.
    [[nodiscard]] std::optional<std::string> OrderPair(const isb::Traffic& traffic,
                                                       uint16_t portA,
                                                       uint16_t portB,
                                                       uint16_t listenPort);
    void Attach(const isb::Traffic& traffic, size_t host, Ptr<TrafficApplication> application);
    void Announce(const isb::Traffic& traffic);
    void Report(isb::TraceKind kind, const isb::Traffic& traffic);
    void TraceNode(Ptr<Node> node, const std::string& name);
    uint64_t SeedFor(uint64_t purpose, uint64_t index) const;
    isb::TrafficResult TrafficOf(size_t index) const;
    isb::BoxResult BoxOf(size_t index) const;
    static void AddRoleCounters(const BoxParts& parts, isb::BoxResult& result);

    const isb::Lab& m_lab;
    uint64_t m_seed;
    EventCallback m_onEvent;
    WireCallback m_onWire;
    std::vector<HostParts> m_hosts;
    std::vector<BoxParts> m_boxes;
    std::unique_ptr<LabPrograms> m_programs;
    std::map<std::pair<size_t, size_t>, ServerParts> m_servers; ///< by provider, service
    std::vector<Ptr<FlowMeter>> m_meters;
    uint32_t m_nextPort;
};

} // namespace ns3

#endif
