// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_TRAFFIC_MACHINE_H
#define ISB_EMULATION_LAB_TRAFFIC_MACHINE_H

#include "emulation/lab/traffic-meter.h"
#include "model/core/machine/machine.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace isb
{

/// An unmodified client or server of a Lab: a Machine of which most inputs do nothing.
class TrafficMachine : public Machine
{
  public:
    void
    Start(TimePoint) override
    {
    }

    /// Closes all; nothing more is counted.
    void
    Stop(TimePoint) override
    {
    }

    void
    Listening(TimePoint, SocketId, Endpoint) override
    {
    }

    [[nodiscard]] SocketId
    Accepted(TimePoint, SocketId, Endpoint, Endpoint) override
    {
        return 0;
    }

    void
    Connected(TimePoint, SocketId, Endpoint) override
    {
    }

    void
    Failed(TimePoint, SocketId, std::string_view) override
    {
    }

    void
    Received(TimePoint, SocketId, ByteView) override
    {
    }

    void
    EndOfStream(TimePoint, SocketId) override
    {
    }

    void
    Sent(TimePoint, SocketId, size_t) override
    {
    }

    void
    Datagram(TimePoint, SocketId, Endpoint, ByteView) override
    {
    }

    void
    JoinEnded(TimePoint, SocketId, SocketId, uint64_t, uint64_t, bool) override
    {
    }

    void
    Relayed(TimePoint, uint64_t, size_t, bool) override
    {
    }

    [[nodiscard]] std::vector<MachineOrder>
    TakeOrders() override
    {
        return std::exchange(m_orders, {});
    }

    [[nodiscard]] TimePoint
    NextTimeout() const override
    {
        return TIME_NEVER;
    }

    void
    Timeout(TimePoint) override
    {
    }

    [[nodiscard]] bool
    IsIdle() const override
    {
        return true;
    }

    /// Nothing more will happen before `until`: of a client. A server never has anything to do.
    [[nodiscard]] virtual bool IsDone(TimePoint until) const = 0;

  protected:
    template <class Order>
    void
    Do(Order order)
    {
        m_orders.emplace_back(std::move(order));
    }

  private:
    std::vector<MachineOrder> m_orders;
};

/// A client of a traffic. The meter and `trace` (may be null) must outlive it. Null: this world has
/// no such client.
[[nodiscard]] std::unique_ptr<TrafficMachine> MakeClient(const Traffic& traffic,
                                                         Endpoint target,
                                                         uint8_t mark,
                                                         TrafficMeter& meter,
                                                         TraceSink* trace);

/// The server of traffics of one kind and size on a port. `meters`: of its clients by their mark;
/// must outlive it. Null: this world has no such server.
[[nodiscard]] std::unique_ptr<TrafficMachine> MakeServer(const Traffic& traffic,
                                                         uint16_t port,
                                                         const std::vector<TrafficMeter*>& meters);

} // namespace isb

#endif
