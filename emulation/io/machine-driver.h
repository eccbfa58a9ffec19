// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_MACHINE_DRIVER_H
#define ISB_EMULATION_IO_MACHINE_DRIVER_H

#include "emulation/io/datagram-sockets.h"
#include "emulation/io/run-clock.h"
#include "emulation/io/socket-host.h"
#include "emulation/io/stream-sockets.h"
#include "emulation/sys/network-namespace.h"
#include "model/core/machine/machine.h"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>

namespace isb
{

/**
 * Runs a Machine on the sockets of a host: its orders become system calls, what happens there
 * becomes its inputs. Inputs that arise while orders are carried out are queued; the machine is
 * never entered twice. One thread.
 *
 * The host is a network namespace, or this process' own.
 */
class MachineDriver : private SocketHost
{
  public:
    /// Something may have changed with the machine: after its inputs and orders.
    using Settled = std::function<void(TimePoint now)>;

    /// All but `machine` are shared with other drivers; all must outlive it. `space`: null: the
    /// namespace of the thread.
    MachineDriver(asio::io_context& context,
                  const RunClock& clock,
                  Machine& machine,
                  const NetworkNamespace* space = nullptr);
    ~MachineDriver() override;
    MachineDriver(const MachineDriver&) = delete;
    MachineDriver& operator=(const MachineDriver&) = delete;

    /// Called after every input and its orders; may Feed().
    void OnSettled(Settled settled);

    void Start();

    /// Machine::Stop(). When it is idle its sockets are closed, in good order.
    void Stop();

    /// Carries out what somebody told the machine from outside, by an input of its own.
    void Feed(Input input) override;

    /// Stop() was called and all is over but the last bytes of closed connections.
    [[nodiscard]] bool IsOver() const;

    /// Sockets that the machine has open.
    [[nodiscard]] size_t OpenSockets() const;
    /// The same, and connections that still deliver their last bytes.
    [[nodiscard]] size_t Descriptors() const;

  private:
    OpenedSocket Open(const std::function<OpenedSocket()>& open) override;
    asio::io_context& Context() override;

    void ActOnOrders();
    void Act(MachineOrder order);
    void WakeAt(TimePoint when);

    asio::io_context& m_context;
    const RunClock& m_clock;
    Machine& m_machine;
    const NetworkNamespace* m_space;
    Settled m_settled;
    std::shared_ptr<StreamSockets> m_streams;
    DatagramSockets m_datagrams;
    asio::steady_timer m_timer;
    TimePoint m_timerAt = TIME_NEVER;
    std::deque<Input> m_inputs;
    bool m_feeding = false;
    bool m_stopped = false;
    bool m_over = false;
};

} // namespace isb

#endif
