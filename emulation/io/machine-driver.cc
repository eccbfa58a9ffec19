// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/machine-driver.h"

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace isb
{

MachineDriver::MachineDriver(asio::io_context& context,
                             const RunClock& clock,
                             Machine& machine,
                             const NetworkNamespace* space)
    : m_context(context),
      m_clock(clock),
      m_machine(machine),
      m_space(space),
      m_streams(std::make_shared<StreamSockets>(static_cast<SocketHost&>(*this))),
      m_datagrams(*this),
      m_timer(context)
{
}

MachineDriver::~MachineDriver() = default;

void
MachineDriver::OnSettled(Settled settled)
{
    m_settled = std::move(settled);
}

void
MachineDriver::Start()
{
    Feed([](Machine& machine, TimePoint now) { machine.Start(now); });
}

void
MachineDriver::Stop()
{
    m_stopped = true;
    Feed([](Machine& machine, TimePoint now) { machine.Stop(now); });
}

bool
MachineDriver::IsOver() const
{
    return m_over;
}

size_t
MachineDriver::OpenSockets() const
{
    return m_streams->Size() + m_datagrams.Size();
}

size_t
MachineDriver::Descriptors() const
{
    return m_streams->Descriptors() + m_datagrams.Size();
}

asio::io_context&
MachineDriver::Context()
{
    return m_context;
}

OpenedSocket
MachineDriver::Open(const std::function<OpenedSocket()>& open)
{
    std::optional<NamespaceScope> scope;
    if (m_space)
    {
        scope.emplace(*m_space);
    }
    return open();
}

void
MachineDriver::Feed(Input input)
{
    if (m_over)
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
        next(m_machine, m_clock.Now());
        ActOnOrders();
        if (m_settled && m_inputs.empty())
        {
            m_settled(m_clock.Now());
        }
    }
    m_feeding = false;
    if (m_stopped && m_machine.IsIdle())
    {
        m_over = true;
        m_streams->CloseAll();
        m_datagrams.CloseAll();
        WakeAt(TIME_NEVER);
        return;
    }
    WakeAt(m_machine.NextTimeout());
}

void
MachineDriver::ActOnOrders()
{
    for (;;)
    {
        std::vector<MachineOrder> orders = m_machine.TakeOrders();
        if (orders.empty())
        {
            return;
        }
        for (MachineOrder& order : orders)
        {
            Act(std::move(order));
        }
    }
}

void
MachineDriver::Act(MachineOrder any)
{
    std::visit(
        [this](auto& order)
        {
            using Order = std::decay_t<decltype(order)>;
            if constexpr (std::is_same_v<Order, ListenOrder>)
            {
                order.protocol == Protocol::Udp ? m_datagrams.Listen(order)
                                                : m_streams->Listen(order);
            }
            else if constexpr (std::is_same_v<Order, ConnectOrder>)
            {
                m_streams->Connect(order);
            }
            else if constexpr (std::is_same_v<Order, ReadOrder>)
            {
                m_streams->Read(order);
            }
            else if constexpr (std::is_same_v<Order, SendOrder>)
            {
                m_streams->Send(std::move(order));
            }
            else if constexpr (std::is_same_v<Order, SendToOrder>)
            {
                m_datagrams.SendTo(order);
            }
            else if constexpr (std::is_same_v<Order, JoinOrder>)
            {
                m_streams->Join(order);
            }
            else if constexpr (std::is_same_v<Order, RelayOrder>)
            {
                m_datagrams.Relay(order);
            }
            else if constexpr (std::is_same_v<Order, UnrelayOrder>)
            {
                m_datagrams.Unrelay(order);
            }
            else if constexpr (std::is_same_v<Order, ShutdownOrder>)
            {
                m_streams->Shutdown(order);
            }
            else
            {
                static_assert(std::is_same_v<Order, CloseOrder>);
                if (!m_datagrams.Close(order.socket))
                {
                    m_streams->Close(order);
                }
            }
        },
        any);
}

void
MachineDriver::WakeAt(TimePoint when)
{
    if (when == m_timerAt)
    {
        return;
    }
    m_timerAt = when;
    if (when == TIME_NEVER)
    {
        m_timer.cancel();
        return;
    }
    m_timer.expires_at(m_clock.AtClock(when));
    m_timer.async_wait(
        [this, when, alive = std::weak_ptr<StreamSockets>(m_streams)](const std::error_code& error)
        {
            if (error || alive.expired() || m_timerAt != when)
            {
                return; // another time was set, or this driver is gone
            }
            m_timerAt = TIME_NEVER;
            Feed([](Machine& machine, TimePoint now) { machine.Timeout(now); });
        });
}

} // namespace isb
