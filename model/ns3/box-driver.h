// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_BOX_DRIVER_H
#define ISB_NS3_BOX_DRIVER_H

#include "model/box/box-machine.h"
#include "model/ns3/impairment-gate.h"
#include "model/ns3/trace-source.h"

#include "ns3/callback.h"
#include "ns3/event-id.h"
#include "ns3/net-device.h"
#include "ns3/object.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{
class PacketView;
}

namespace ns3
{

class Ipv4;
class Node;
class Packet;
class PointToPointNetDevice;
class VirtualNetDevice;

/// Which work a frame makes, by what it is. The helper of a node's role sets it.
struct BoxPaths
{
    isb::FramePath transit = isb::FramePath::Forward;  ///< not addressed to this node
    isb::FramePath tcp = isb::FramePath::LocalTcp;     ///< TCP to this node
    isb::FramePath udp = isb::FramePath::LocalUdp;     ///< UDP to this node
    isb::FramePath other = isb::FramePath::LocalOther; ///< anything else to this node
};

/**
 * Puts an isb::BoxMachine between the wires and the IP stack of a node. A port is a pair of
 * devices: IP knows the VirtualNetDevice, the wire is a PointToPointNetDevice.
 *
 *     wire device -> OnWire -> Arrived | machine | Deliver -> IP device -> Ipv4L3Protocol
 *     wire device <- PutOnWire <- Send |         | Transmit <- IP device <-
 *
 * Models: Ethernet framing of the wire (IEEE 802.3: padding to 60 bytes, FCS, preamble, gap), MTU
 * 1500, and what the machine models. Without a machine (an ideal node) frames pass in no time and
 * wait for the wire in a queue of the attribute QueueLimit. No queueing discipline and no ARP.
 *
 * Processes of the node ask for CPU time by Submit().
 */
class BoxDriver : public Object
{
  public:
    /// A frame passes between the wire and this node: packet from the IP header on.
    typedef TracedCallback<Ptr<const Packet>, uint32_t, bool> WireTrace;

    static TypeId GetTypeId();
    BoxDriver();
    ~BoxDriver() override;

    /// Gives the node a CPU and rings. Before Start().
    void SetMachine(const isb::MachineParameters& parameters);
    void SetPaths(const BoxPaths& paths);
    /// Entries that a NAT look-up walks through; only for a table that is a list.
    void SetTableEntries(std::function<uint32_t()> entries);
    /// Adds a port; both devices must be on the node already. Returns its index.
    uint32_t AddPort(Ptr<PointToPointNetDevice> wire,
                     Ptr<VirtualNetDevice> ip,
                     const std::string& name,
                     isb::NicKind nic);
    uint32_t PortCount() const;
    const std::string& PortName(uint32_t port) const;
    /// Whatever comes from the wire of this port passes an impairment first; once a port. The
    /// settings must be free of contradictions.
    void Impair(uint32_t port, const isb::ImpairmentSettings& settings, uint64_t seed);
    /// After the last port.
    void Start();

    /// Without power nothing comes in and nothing goes out; what is inside then dies there.
    /// Programs of the node are their own business.
    void SetDown(bool down);

    /// Work of a process; `done` is called when it got its CPU time, in the order of submission
    /// (an ideal node: before this returns).
    void Submit(isb::Duration cost, std::function<void()> done);
    /// No process of this node has work: the next one must be woken up.
    bool IsAsleep() const;
    /// A datagram for a process of this node found its socket's buffer full.
    void DropAtSocket(isb::Endpoint socket, uint32_t bytes);
    /// Costs of system calls and copies; null on an ideal node.
    const isb::CostModel* Costs() const;

    /// Whether `frames` frames may go down now: they find room among those that wait for the wire
    /// (more than it holds: when it is empty), and nobody waits for room before them.
    bool HasRoom(uint32_t frames) const;
    /// Calls `go` when there is room, first come first served; `go` is expected to use it.
    void AwaitRoom(uint32_t frames, std::function<void()> go);

    /// The machine, or null on an ideal node.
    const isb::BoxMachine* Machine() const;
    /// Frames put on any wire.
    uint64_t Sent() const;
    /// Frames and datagrams lost ("node.down": while it had no power): "box.ring-full:pci0",
    /// "socket.buffer-full" -> count.
    std::map<std::string, uint64_t> Drops() const;

  protected:
    void DoDispose() override;

  private:
    struct Port
    {
        Ptr<PointToPointNetDevice> wire;
        Ptr<VirtualNetDevice> ip;
        std::string name;
        isb::NicKind nic = isb::NicKind::OnChip;
        isb::DataRate rate;
        std::shared_ptr<ImpairmentGate> gate;          ///< null: the wire is as it should be
        std::map<std::string_view, uint64_t> impaired; ///< drops of the gate, by reason
        std::array<uint64_t, isb::BOX_DROP_COUNT> drops{};
        std::deque<Ptr<Packet>> queue; ///< ideal node only: waits for the wire
        bool busy = false;             ///< ideal node only: the wire is sending
    };

    /// Who waits for room before the wire.
    struct Waiter
    {
        uint32_t frames;
        std::function<void()> go;
    };

    bool OnWire(uint32_t port, Ptr<const Packet> packet);
    void Enter(uint32_t port, Ptr<Packet> packet);
    void Arrive(uint32_t port, Ptr<Packet> packet);
    bool OnIp(uint32_t port, Ptr<Packet> packet);
    /// Takes the machine's outputs until it has none, and sets its timer.
    void Pump();
    /// The same in an event of its own.
    void PumpSoon();
    void Handle(const isb::BoxOutput& output);
    bool Fits(uint32_t frames) const;
    void ServeWaiters();
    void ToIp(uint32_t port, Ptr<Packet> packet);
    void PutOnWire(uint32_t port, Ptr<Packet> packet);
    void WireFree(uint32_t port);
    void DropDown(const Packet& packet, uint32_t port);
    void TraceDrop(const Packet& packet,
                   uint32_t port,
                   std::string_view reason,
                   std::string_view rule);
    void CountDrop(uint32_t port, isb::BoxDrop drop, const Packet& packet);
    isb::Frame Describe(const Packet& packet, uint64_t handle) const;
    isb::FramePath PathOf(const isb::PacketView& view) const;
    uint64_t Keep(Ptr<Packet> packet);
    Ptr<Packet> Give(uint64_t handle);

    std::unique_ptr<isb::BoxMachine> m_machine;
    isb::MachineParameters m_parameters;
    bool m_hasMachine = false;
    bool m_pumping = false;
    EventId m_timer;
    EventId m_pump;
    isb::TimePoint m_timerAt = isb::TIME_NEVER;
    Ptr<Ipv4> m_ipv4;
    std::vector<Port> m_ports;
    BoxPaths m_paths;
    std::function<uint32_t()> m_tableEntries;
    std::deque<Waiter> m_waiters;
    std::vector<Ptr<Packet>> m_slots; ///< frames inside the machine, by handle
    std::vector<uint64_t> m_freeSlots;
    std::deque<std::function<void()>> m_jobs; ///< in the order of Submit()
    bool m_processRuns = false;               ///< a job's `done` is being called
    uint64_t m_nextJob = 0;
    uint64_t m_sent = 0;
    uint64_t m_socketDrops = 0;
    bool m_down = false;
    uint64_t m_downDrops = 0;
    uint32_t m_queueLimit = 0;
    TraceSource m_trace;
    WireTrace m_wireTrace;
};

} // namespace ns3

#endif
