// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/box-driver.h"

#include "model/ns3/sim-time.h"
#include "model/wire/packet-view.h"

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

/// The headers of a packet as it comes from or goes to the wire.
isb::PacketView
View(const Packet& packet)
{
    std::array<uint8_t, 120> bytes; // NOLINT: filled as far as it is read
    const uint32_t copied = packet.CopyData(bytes.data(), static_cast<uint32_t>(bytes.size()));
    isb::PacketView view;
    if (!view.Read({bytes.data(), copied}, packet.GetSize()))
    {
        return {}; // all zero: of no protocol, to nobody
    }
    return view;
}

/// RFC 791's key of a datagram's fragments, mixed into one number.
uint64_t
DatagramKey(const isb::PacketView& view)
{
    const uint64_t addresses = uint64_t{view.Source().value} << 32 | view.Destination().value;
    const uint64_t rest = uint64_t{view.ProtocolNumber()} << 16 | view.Identification();
    return addresses * 0x9e3779b97f4a7c15 ^ rest * 0xbf58476d1ce4e5b9;
}

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

uint32_t
BoxDriver::PortCount() const
{
    return static_cast<uint32_t>(m_ports.size());
}

const std::string&
BoxDriver::PortName(uint32_t port) const
{
    return m_ports[port].name;
}

void
BoxDriver::Impair(uint32_t port, const isb::ImpairmentSettings& settings, uint64_t seed)
{
    m_ports[port].gate = std::make_shared<ImpairmentGate>(settings,
                                                          seed,
                                                          [this, port](Ptr<Packet> packet)
                                                          { Arrive(port, std::move(packet)); });
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
BoxDriver::SetDown(bool down)
{
    m_down = down;
    if (!down)
    {
        return;
    }
    for (uint32_t i = 0; i < m_ports.size(); ++i)
    {
        while (!m_ports[i].queue.empty())
        {
            DropDown(*m_ports[i].queue.front(), i);
            m_ports[i].queue.pop_front();
        }
    }
}

void
BoxDriver::DropDown(const Packet& packet, uint32_t port)
{
    ++m_downDrops;
    TraceDrop(packet, port, "node.down", {});
}

void
BoxDriver::TraceDrop(const Packet& packet,
                     uint32_t port,
                     std::string_view reason,
                     std::string_view rule)
{
    if (m_trace.IsEmpty())
    {
        return;
    }
    const isb::PacketView view = View(packet);
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::PacketDropped;
    event.flow = {view.Protocol(), view.SourceEndpoint(), view.DestinationEndpoint()};
    event.reason = reason;
    event.rule = rule;
    event.detail = m_ports[port].name;
    event.bytes = view.TotalLength();
    m_trace.Emit(event);
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
    // The last tenth is for what does not ask: SYNs and ACKs. Were the queue kept full, no
    // connection could be opened.
    const auto fits = [&](uint64_t held, uint32_t limit)
    { return held == 0 || held + frames <= limit - limit / 10; };
    if (m_machine)
    {
        return fits(m_machine->HeldTransmit(), m_parameters.transmitQueue);
    }
    return std::all_of(m_ports.begin(),
                       m_ports.end(),
                       [&](const Port& port) { return fits(port.queue.size(), m_queueLimit); });
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
    for (const Port& port : m_ports)
    {
        for (const auto& [reason, count] : port.impaired)
        {
            result[std::string(reason) + ":" + port.name] += count;
        }
    }
    if (m_socketDrops != 0)
    {
        result["socket.buffer-full"] = m_socketDrops;
    }
    if (m_downDrops != 0)
    {
        result["node.down"] = m_downDrops;
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
    const isb::PacketView view = View(packet);
    isb::Frame frame;
    frame.handle = handle;
    const uint32_t bytes = view.TotalLength() != 0 ? view.TotalLength() : packet.GetSize();
    frame.bytes = ETHERNET_HEADER + bytes;
    frame.facts.more = view.HasMoreFragments();
    frame.facts.offset = view.FragmentOffset();
    frame.facts.length = static_cast<uint16_t>(bytes - view.TransportOffset());
    frame.facts.datagram = DatagramKey(view);
    frame.facts.path = PathOf(view);
    if (m_tableEntries && frame.facts.path == isb::FramePath::Nat)
    {
        frame.facts.tableEntries = m_tableEntries();
    }
    return frame;
}

isb::FramePath
BoxDriver::PathOf(const isb::PacketView& view) const
{
    if (m_ipv4->GetInterfaceForAddress(Ipv4Address(view.Destination().value)) < 0)
    {
        return m_paths.transit;
    }
    switch (view.Protocol())
    {
    case isb::Protocol::Tcp:
        return m_paths.tcp;
    case isb::Protocol::Udp:
        return m_paths.udp;
    case isb::Protocol::Icmp:
        break;
    }
    return m_paths.other;
}

bool
BoxDriver::OnWire(uint32_t port, Ptr<const Packet> packet)
{
    if (m_ports[port].gate)
    {
        Enter(port, packet->Copy());
    }
    else
    {
        Arrive(port, packet->Copy());
    }
    return true;
}

void
BoxDriver::Enter(uint32_t port, Ptr<Packet> packet)
{
    Port& where = m_ports[port];
    const uint32_t bytes = View(*packet).TotalLength(); // without the padding of short frames
    const isb::ImpairmentVerdict verdict = where.gate->Enter(packet, bytes);
    if (verdict.copies == 0)
    {
        ++where.impaired[verdict.reason];
        TraceDrop(*packet, port, verdict.reason, verdict.rule);
    }
}

void
BoxDriver::Arrive(uint32_t port, Ptr<Packet> packet)
{
    if (m_down)
    {
        DropDown(*packet, port);
        return;
    }
    m_wireTrace(packet, port, false);
    if (!m_machine)
    {
        ToIp(port, packet);
        return;
    }
    const isb::Frame frame = Describe(*packet, Keep(packet));
    m_machine->Arrived(SimulatedNow(), port, frame);
    Pump();
}

bool
BoxDriver::OnIp(uint32_t port, Ptr<Packet> packet)
{
    if (m_down)
    {
        DropDown(*packet, port);
        return false;
    }
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
    if (m_down)
    {
        DropDown(*packet, port);
        return;
    }
    const Ptr<VirtualNetDevice>& ip = m_ports[port].ip;
    ip->Receive(packet, ETHERTYPE_IPV4, ip->GetAddress(), ip->GetAddress(), NetDevice::PACKET_HOST);
}

void
BoxDriver::PutOnWire(uint32_t port, Ptr<Packet> packet)
{
    if (m_down)
    {
        DropDown(*packet, port);
        return;
    }
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
    ++m_ports[port].drops[static_cast<size_t>(drop)];
    TraceDrop(packet, port, ToString(drop), RuleOf(drop));
}

} // namespace ns3
