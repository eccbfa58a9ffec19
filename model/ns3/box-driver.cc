// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/box-driver.h"

#include "model/ns3/sim-time.h"

#include "ns3/data-rate.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/simulator.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"
#include "ns3/virtual-net-device.h"

#include <algorithm>
#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(BoxDriver);

namespace
{

constexpr uint16_t ETHERTYPE_IPV4 = 0x0800;
constexpr uint32_t ETHERNET_HEADER = 14;
constexpr uint32_t SMALLEST_IP = 46; ///< an Ethernet frame's least payload
constexpr uint32_t IP_HEADER = 20;

uint32_t
Get32(const uint8_t* from)
{
    return uint32_t{from[0]} << 24 | uint32_t{from[1]} << 16 | uint32_t{from[2]} << 8 | from[3];
}

uint16_t
Get16(const uint8_t* from)
{
    return static_cast<uint16_t>(from[0] << 8 | from[1]);
}

/// IP header (without options) and ports of a packet, as raw bytes.
struct RawIp
{
    std::array<uint8_t, IP_HEADER + 4> bytes{};

    explicit RawIp(const Packet& packet)
    {
        packet.CopyData(bytes.data(), static_cast<uint32_t>(bytes.size()));
    }

    uint32_t
    TotalLength() const
    {
        return Get16(&bytes[2]);
    }

    bool
    MoreFragments() const
    {
        return (bytes[6] & 0x20) != 0;
    }

    /// In bytes.
    uint16_t
    FragmentOffset() const
    {
        return static_cast<uint16_t>((Get16(&bytes[6]) & 0x1fff) * 8);
    }

    uint8_t
    Protocol() const
    {
        return bytes[9];
    }

    uint32_t
    Source() const
    {
        return Get32(&bytes[12]);
    }

    uint32_t
    Destination() const
    {
        return Get32(&bytes[16]);
    }

    /// RFC 791's key of a datagram's fragments, mixed into one number.
    uint64_t
    DatagramKey() const
    {
        const uint64_t addresses = uint64_t{Source()} << 32 | Destination();
        const uint64_t rest = uint64_t{Protocol()} << 16 | Get16(&bytes[4]);
        return addresses * 0x9e3779b97f4a7c15 ^ rest * 0xbf58476d1ce4e5b9;
    }

    isb::FlowKey
    Flow() const
    {
        isb::FlowKey flow;
        flow.protocol = static_cast<isb::Protocol>(Protocol());
        const bool ports = FragmentOffset() == 0 && Protocol() != 1;
        flow.source = {{Source()}, ports ? Get16(&bytes[20]) : uint16_t{0}};
        flow.destination = {{Destination()}, ports ? Get16(&bytes[22]) : uint16_t{0}};
        return flow;
    }
};

} // namespace

TypeId
BoxDriver::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::BoxDriver")
            .SetParent<Object>()
            .SetGroupName("Isb")
            .AddConstructor<BoxDriver>()
            .AddAttribute("QueueLimit",
                          "Frames that wait for the wire of a node without machine; one more is "
                          "dropped. Linux 2.4's txqueuelen of an Ethernet device is 100.",
                          UintegerValue(100),
                          MakeUintegerAccessor(&BoxDriver::m_queueLimit),
                          MakeUintegerChecker<uint32_t>(1))
            .AddTraceSource("Events",
                            "Frames that die in the machine, with reason and port",
                            MakeTraceSourceAccessor(&BoxDriver::m_trace),
                            "ns3::TraceEventCallback")
            .AddTraceSource("Wire",
                            "IP packets between wire and node: packet, port, true when it leaves",
                            MakeTraceSourceAccessor(&BoxDriver::m_wireTrace),
                            "ns3::BoxDriver::WireTrace");
    return tid;
}

BoxDriver::BoxDriver() = default;
BoxDriver::~BoxDriver() = default;

void
BoxDriver::SetMachine(const isb::MachineParameters& parameters)
{
    m_parameters = parameters;
    m_hasMachine = true;
}

void
BoxDriver::SetPaths(const BoxPaths& paths)
{
    m_paths = paths;
}

void
BoxDriver::SetTableEntries(std::function<uint32_t()> entries)
{
    m_tableEntries = std::move(entries);
}

uint32_t
BoxDriver::AddPort(Ptr<PointToPointNetDevice> wire,
                   Ptr<VirtualNetDevice> ip,
                   const std::string& name,
                   isb::NicKind nic)
{
    const auto index = static_cast<uint32_t>(m_ports.size());
    DataRateValue rate;
    wire->GetAttribute("DataRate", rate);
    Port port;
    port.wire = wire;
    port.ip = ip;
    port.name = name;
    port.nic = nic;
    port.rate = {rate.Get().GetBitRate()};
    m_ports.push_back(port);
    wire->SetReceiveCallback(NetDevice::ReceiveCallback(
        [this, index](Ptr<NetDevice>, Ptr<const Packet> packet, uint16_t, const Address&)
        { return OnWire(index, packet); }));
    ip->SetSendCallback(VirtualNetDevice::SendCallback(
        [this, index](Ptr<Packet> packet, const Address&, const Address&, uint16_t)
        { return OnIp(index, packet); }));
    return index;
}

const std::string&
BoxDriver::PortName(uint32_t port) const
{
    return m_ports[port].name;
}

void
BoxDriver::Start()
{
    if (!m_hasMachine)
    {
        return;
    }
    m_ipv4 = m_ports.front().ip->GetNode()->GetObject<Ipv4>();
    std::vector<isb::BoxMachine::Port> ports;
    for (const Port& port : m_ports)
    {
        ports.push_back({port.nic, port.rate});
    }
    m_machine = std::make_unique<isb::BoxMachine>(m_parameters, ports);
}

void
BoxDriver::DoDispose()
{
    m_timer.Cancel();
    m_pump.Cancel();
    m_machine.reset();
    m_ipv4 = nullptr;
    m_ports.clear();
    m_slots.clear();
    m_jobs.clear();
    m_tableEntries = nullptr;
    m_waiters.clear();
    Object::DoDispose();
}

void
BoxDriver::Submit(isb::Duration cost, std::function<void()> done)
{
    if (!m_machine)
    {
        done();
        return;
    }
    m_jobs.push_back(std::move(done));
    m_machine->Submit(SimulatedNow(), {m_nextJob++, cost});
    PumpSoon();
}

bool
BoxDriver::IsAsleep() const
{
    return m_jobs.empty() && !m_processRuns;
}

const isb::CostModel*
BoxDriver::Costs() const
{
    return m_machine ? &m_machine->Costs() : nullptr;
}

bool
BoxDriver::Fits(uint32_t frames) const
{
    if (m_machine)
    {
        const uint64_t held = m_machine->HeldTransmit();
        return held == 0 || held + frames <= m_parameters.transmitQueue;
    }
    return std::all_of(m_ports.begin(),
                       m_ports.end(),
                       [&](const Port& port) {
                           return port.queue.empty() || port.queue.size() + frames <= m_queueLimit;
                       });
}

bool
BoxDriver::HasRoom(uint32_t frames) const
{
    return m_waiters.empty() && Fits(frames);
}

void
BoxDriver::AwaitRoom(uint32_t frames, std::function<void()> go)
{
    m_waiters.push_back({frames, std::move(go)});
}

void
BoxDriver::ServeWaiters()
{
    while (!m_waiters.empty() && Fits(m_waiters.front().frames))
    {
        const std::function<void()> go = std::move(m_waiters.front().go);
        m_waiters.pop_front();
        go();
    }
}

const isb::BoxMachine*
BoxDriver::Machine() const
{
    return m_machine.get();
}

uint64_t
BoxDriver::Sent() const
{
    return m_sent;
}

std::map<std::string, uint64_t>
BoxDriver::Drops() const
{
    std::map<std::string, uint64_t> result;
    for (const Port& port : m_ports)
    {
        for (uint32_t i = 0; i < isb::BOX_DROP_COUNT; ++i)
        {
            if (port.drops[i] != 0)
            {
                const auto reason = ToString(static_cast<isb::BoxDrop>(i));
                result[std::string(reason) + ":" + port.name] += port.drops[i];
            }
        }
    }
    if (m_socketDrops != 0)
    {
        result["socket.buffer-full"] = m_socketDrops;
    }
    return result;
}

void
BoxDriver::DropAtSocket(isb::Endpoint socket, uint32_t bytes)
{
    ++m_socketDrops;
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::PacketDropped;
    event.flow.protocol = isb::Protocol::Udp;
    event.flow.destination = socket;
    event.reason = "socket.buffer-full";
    event.rule = "thesis 5.4";
    event.bytes = bytes;
    m_trace.Emit(event);
}

uint64_t
BoxDriver::Keep(Ptr<Packet> packet)
{
    if (m_freeSlots.empty())
    {
        m_slots.push_back(packet);
        return m_slots.size() - 1;
    }
    const uint64_t handle = m_freeSlots.back();
    m_freeSlots.pop_back();
    m_slots[handle] = packet;
    return handle;
}

Ptr<Packet>
BoxDriver::Give(uint64_t handle)
{
    Ptr<Packet> packet = m_slots[handle];
    m_slots[handle] = nullptr;
    m_freeSlots.push_back(handle);
    return packet;
}

isb::Frame
BoxDriver::Describe(const Packet& packet, uint64_t handle) const
{
    const RawIp ip(packet);
    isb::Frame frame;
    frame.handle = handle;
    frame.bytes = ETHERNET_HEADER + ip.TotalLength();
    frame.facts.more = ip.MoreFragments();
    frame.facts.offset = ip.FragmentOffset();
    frame.facts.length = static_cast<uint16_t>(ip.TotalLength() - IP_HEADER);
    frame.facts.datagram = ip.DatagramKey();
    if (m_ipv4->GetInterfaceForAddress(Ipv4Address(ip.Destination())) < 0)
    {
        frame.facts.path = m_paths.transit;
    }
    else
    {
        frame.facts.path = ip.Protocol() == 6    ? m_paths.tcp
                           : ip.Protocol() == 17 ? m_paths.udp
                                                 : m_paths.other;
    }
    if (m_tableEntries && frame.facts.path == isb::FramePath::Nat)
    {
        frame.facts.tableEntries = m_tableEntries();
    }
    return frame;
}

bool
BoxDriver::OnWire(uint32_t port, Ptr<const Packet> packet)
{
    m_wireTrace(packet, port, false);
    if (!m_machine)
    {
        ToIp(port, packet->Copy());
        return true;
    }
    const uint64_t handle = Keep(packet->Copy());
    m_machine->Arrived(SimulatedNow(), port, Describe(*packet, handle));
    Pump();
    return true;
}

bool
BoxDriver::OnIp(uint32_t port, Ptr<Packet> packet)
{
    if (m_machine)
    {
        const uint32_t bytes = ETHERNET_HEADER + packet->GetSize();
        m_machine->Transmit(SimulatedNow(), port, Keep(packet), bytes);
        PumpSoon();
        return true;
    }
    Port& out = m_ports[port];
    if (!out.busy)
    {
        PutOnWire(port, packet);
        return true;
    }
    if (out.queue.size() >= m_queueLimit)
    {
        CountDrop(port, isb::BoxDrop::TransmitQueueFull, *packet);
        return false;
    }
    out.queue.push_back(packet);
    return true;
}

void
BoxDriver::PumpSoon()
{
    // Called out of the IP stack and sockets, which must return before the machine delivers to
    // them.
    if (!m_pumping && !m_pump.IsRunning())
    {
        m_pump = Simulator::ScheduleNow(&BoxDriver::Pump, this);
    }
}

void
BoxDriver::Pump()
{
    m_pump.Cancel();
    m_pumping = true;
    while (const isb::BoxOutput* output = m_machine->Next(SimulatedNow()))
    {
        Handle(*output);
    }
    m_pumping = false;
    const isb::TimePoint next = m_machine->NextTimeout();
    if (next != m_timerAt || !m_timer.IsRunning())
    {
        m_timer.Cancel();
        m_timerAt = next;
        if (next != isb::TIME_NEVER)
        {
            m_timer = Simulator::Schedule(ToTime(next - SimulatedNow()), &BoxDriver::Pump, this);
        }
    }
}

void
BoxDriver::Handle(const isb::BoxOutput& output)
{
    const uint32_t port = output.port;
    switch (output.kind)
    {
    case isb::BoxOutput::Kind::Deliver:
    {
        const std::vector<uint64_t> handles = output.handles; // IP may feed the machine meanwhile
        for (const uint64_t handle : handles)
        {
            ToIp(port, Give(handle));
        }
        break;
    }
    case isb::BoxOutput::Kind::Send:
        PutOnWire(port, Give(output.handles[0]));
        ServeWaiters();
        break;
    case isb::BoxOutput::Kind::Done:
    {
        const std::function<void()> done = std::move(m_jobs.front());
        m_jobs.pop_front();
        m_processRuns = true;
        done();
        m_processRuns = false;
        break;
    }
    case isb::BoxOutput::Kind::Dropped:
    {
        const isb::BoxDrop drop = output.drop;
        CountDrop(port, drop, *Give(output.handles[0]));
        break;
    }
    }
}

void
BoxDriver::ToIp(uint32_t port, Ptr<Packet> packet)
{
    const Ptr<VirtualNetDevice>& ip = m_ports[port].ip;
    ip->Receive(packet, ETHERTYPE_IPV4, ip->GetAddress(), ip->GetAddress(), NetDevice::PACKET_HOST);
}

void
BoxDriver::PutOnWire(uint32_t port, Ptr<Packet> packet)
{
    Port& out = m_ports[port];
    ++m_sent;
    m_wireTrace(packet, port, true);
    if (!m_machine)
    {
        out.busy = true;
        const isb::Duration time = WireTime(ETHERNET_HEADER + packet->GetSize(), out.rate);
        Simulator::Schedule(ToTime(time), &BoxDriver::WireFree, this, port);
    }
    if (packet->GetSize() < SMALLEST_IP)
    {
        packet->AddPaddingAtEnd(SMALLEST_IP - packet->GetSize());
    }
    out.wire->Send(packet, out.wire->GetBroadcast(), ETHERTYPE_IPV4);
}

void
BoxDriver::WireFree(uint32_t port)
{
    Port& out = m_ports[port];
    out.busy = false;
    if (!out.queue.empty())
    {
        Ptr<Packet> packet = out.queue.front();
        out.queue.pop_front();
        PutOnWire(port, packet);
    }
    ServeWaiters();
}

void
BoxDriver::CountDrop(uint32_t port, isb::BoxDrop drop, const Packet& packet)
{
    Port& where = m_ports[port];
    ++where.drops[static_cast<size_t>(drop)];
    if (m_trace.IsEmpty())
    {
        return;
    }
    const RawIp ip(packet);
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::PacketDropped;
    event.flow = ip.Flow();
    event.reason = ToString(drop);
    event.rule = RuleOf(drop);
    event.detail = where.name;
    event.bytes = ip.TotalLength();
    m_trace.Emit(event);
}

} // namespace ns3
