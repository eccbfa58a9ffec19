// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/machine-application.h"

#include "model/ns3/ist-tcp-protocol.h"
#include "model/ns3/sim-time.h"

#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(MachineApplication);

namespace
{

/// Apart from one another: what is drawn in each life, and each socket's initial sequence number.
constexpr uint64_t LIFE_SEED = 0x9e3779b97f4a7c15;
constexpr uint64_t SOCKET_SEED = 0xd1b54a32d192ed03;

std::vector<Ptr<MachineApplication>>
MachinesOf(const Ptr<Node>& node)
{
    std::vector<Ptr<MachineApplication>> machines;
    for (uint32_t i = 0; i < node->GetNApplications(); ++i)
    {
        if (auto machine = DynamicCast<MachineApplication>(node->GetApplication(i)))
        {
            machines.push_back(machine);
        }
    }
    return machines;
}

} // namespace

TypeId
MachineApplication::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::MachineApplication").SetParent<TrafficApplication>().SetGroupName("Isb");
    return tid;
}

MachineApplication::MachineApplication() = default;
MachineApplication::~MachineApplication() = default;

void
MachineApplication::SetTuning(Ptr<TcpTuning> tuning)
{
    m_tuning = tuning;
}

bool
MachineApplication::IsUp() const
{
    return m_up && !m_crashed;
}

isb::Machine*
MachineApplication::Current() const
{
    return m_machine.get();
}

void
MachineApplication::DoDispose()
{
    Drop();
    m_tuning = nullptr;
    TrafficApplication::DoDispose();
}

void
MachineApplication::StartApplication()
{
    m_started = true;
    m_up = true;
    if (!m_crashed)
    {
        Begin();
    }
}

void
MachineApplication::StopApplication()
{
    m_started = false;
    Logout();
}

void
MachineApplication::Begin()
{
    ++m_life;
    m_rng = std::make_unique<isb::SeededRng>(m_seed + LIFE_SEED * m_life);
    MachineHost& host = *this;
    m_streams = std::make_shared<MachineStreams>(host);
    m_datagrams = std::make_shared<MachineDatagrams>(host);
    m_machine = MakeMachine(*m_rng);
    Feed([](isb::Machine& machine, isb::TimePoint now) { machine.Start(now); });
}

void
MachineApplication::Drop()
{
    m_timer.Cancel();
    m_timerAt = isb::TIME_NEVER;
    m_inputs.clear();
    m_machine.reset();
    m_streams.reset();
    m_datagrams.reset();
}

void
MachineApplication::Logout()
{
    if (!IsUp())
    {
        m_up = false;
        return;
    }
    m_up = false;
    Report("logged-out");
    Feed([](isb::Machine& machine, isb::TimePoint now) { machine.Stop(now); });
}

void
MachineApplication::Login()
{
    if (m_up || !m_started)
    {
        return;
    }
    m_up = true;
    if (m_crashed)
    {
        return; // starts when the node is back
    }
    if (m_machine)
    {
        m_streams->CloseAll();
        m_datagrams->CloseAll();
        Drop();
    }
    Report("logged-in");
    Begin();
}

void
MachineApplication::Crash()
{
    if (m_crashed)
    {
        return;
    }
    Report("crashed");
    if (m_driver)
    {
        m_driver->SetDown(true);
    }
    IstTcpProtocol::SilenceAll(GetNode()->GetObject<TcpL4Protocol>());
    for (const auto& machine : MachinesOf(GetNode()))
    {
        machine->Halt();
    }
}

void
MachineApplication::Halt()
{
    m_crashed = true;
    if (m_datagrams)
    {
        m_datagrams->CloseAll();
    }
    Drop();
    HaltParts();
}

void
MachineApplication::Restart()
{
    if (!m_crashed)
    {
        return;
    }
    if (m_driver)
    {
        m_driver->SetDown(false);
    }
    Report("restarted");
    const std::vector<Ptr<MachineApplication>> machines = MachinesOf(GetNode());
    for (const auto& machine : machines)
    {
        machine->m_crashed = false;
    }
    for (const auto& machine : machines)
    {
        if (machine->m_up)
        {
            machine->Begin();
        }
    }
}

void
MachineApplication::HaltParts()
{
}

void
MachineApplication::Settle(isb::TimePoint)
{
}

void
MachineApplication::Report(std::string_view state)
{
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::NodeState;
    event.to = state;
    m_trace.Emit(event);
}

void
MachineApplication::Feed(Input input)
{
    if (!m_machine)
    {
        return;
    }
    m_inputs.push_back(std::move(input));
    if (m_feeding)
    {
        return;
    }
    m_feeding = true;
    while (!m_inputs.empty())
    {
        const Input next = std::move(m_inputs.front());
        m_inputs.pop_front();
        next(*m_machine, SimulatedNow());
        ActOnOrders();
    }
    m_feeding = false;
    if (!m_up && m_machine->IsIdle())
    {
        m_streams->CloseAll();
        m_datagrams->CloseAll();
        Drop();
        return;
    }
    WakeAt(m_machine->NextTimeout());
}

void
MachineApplication::ActOnOrders()
{
    for (;;)
    {
        const std::vector<isb::MachineOrder> orders = m_machine->TakeOrders();
        if (orders.empty())
        {
            break;
        }
        for (const isb::MachineOrder& order : orders)
        {
            std::visit([this](const auto& one) { Act(one); }, order);
        }
    }
    Settle(SimulatedNow());
}

void
MachineApplication::WakeAt(isb::TimePoint when)
{
    if (when == m_timerAt && m_timer.IsRunning())
    {
        return;
    }
    m_timer.Cancel();
    m_timerAt = when;
    if (when == isb::TIME_NEVER)
    {
        return;
    }
    const isb::Duration wait = std::max(when - SimulatedNow(), isb::Duration(0));
    m_timer = Simulator::Schedule(
        ToTime(wait),
        [this] { Feed([](isb::Machine& machine, isb::TimePoint now) { machine.Timeout(now); }); });
}

void
MachineApplication::Act(const isb::ListenOrder& order)
{
    if (order.protocol == isb::Protocol::Udp)
    {
        m_datagrams->Listen(order);
    }
    else
    {
        m_streams->Listen(order);
    }
}

void
MachineApplication::Act(const isb::ConnectOrder& order)
{
    m_streams->Connect(order);
}

void
MachineApplication::Act(const isb::ReadOrder& order)
{
    m_streams->Read(order);
}

void
MachineApplication::Act(const isb::SendOrder& order)
{
    m_streams->Send(order);
}

void
MachineApplication::Act(const isb::SendToOrder& order)
{
    m_datagrams->SendTo(order);
}

void
MachineApplication::Act(const isb::JoinOrder& order)
{
    m_streams->Join(order);
}

void
MachineApplication::Act(const isb::RelayOrder& order)
{
    m_datagrams->Relay(order);
}

void
MachineApplication::Act(const isb::UnrelayOrder& order)
{
    m_datagrams->Unrelay(order);
}

void
MachineApplication::Act(const isb::ShutdownOrder& order)
{
    m_streams->Shutdown(order);
}

void
MachineApplication::Act(const isb::CloseOrder& order)
{
    if (!m_datagrams->Close(order.socket))
    {
        m_streams->Close(order);
    }
}

Ptr<IstTcpSocket>
MachineApplication::MakeStreamSocket()
{
    return m_tuning->MakeSocket(GetNode(), m_seed + SOCKET_SEED * ++m_sockets);
}

Ptr<Socket>
MachineApplication::MakeDatagramSocket(isb::Endpoint local)
{
    return MakeUdpSocket(local);
}

void
MachineApplication::ChargeSend(uint64_t bytes, std::function<void()> done)
{
    AfterSend(bytes, std::move(done));
}

void
MachineApplication::ChargeReceive(uint64_t bytes, std::function<void()> done)
{
    AfterReceive(bytes, std::move(done));
}

void
MachineApplication::ChargeCopy(uint32_t bytes, std::function<void()> done)
{
    AfterCopy(bytes, std::move(done));
}

uint32_t
MachineApplication::ChunkLimit() const
{
    return TrafficApplication::ChunkLimit();
}

} // namespace ns3
