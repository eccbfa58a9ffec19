// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_MACHINE_APPLICATION_H
#define ISB_NS3_MACHINE_APPLICATION_H

#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/ns3/machine-datagrams.h"
#include "model/ns3/machine-host.h"
#include "model/ns3/machine-streams.h"
#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"

#include <deque>
#include <memory>
#include <string_view>

namespace ns3
{

/**
 * Runs an isb::Machine as a program on a node: its orders become calls of ns-3's sockets, what
 * happens there becomes its inputs. Inputs that arise while orders are carried out are queued, the
 * machine is never entered twice. Every system call costs the process CPU time, as in all traffic.
 *
 * Life: the application's start starts the machine, its stop stops it in good order. Logout() and
 * Login() do the same in between. Crash() is the whole node's: it falls silent both ways, all its
 * TCP connections are gone without a FIN, all its machines with everything they knew. Restart()
 * brings new machines with new random numbers (initial sequence numbers, boot ids); peers that
 * still send to the old connections get resets. Programs of other kinds on that node notice
 * nothing but that their TCP connections stay mute.
 */
class MachineApplication : public TrafficApplication, private MachineHost
{
  public:
    static TypeId GetTypeId();
    MachineApplication();
    ~MachineApplication() override;

    /// How its TCP sockets are set up; before the start.
    void SetTuning(Ptr<TcpTuning> tuning);

    /// Machine::Stop(); the machine is gone when it is idle.
    void Logout();
    /// A new life after Logout(); what the old one still had open is closed.
    void Login();
    /// The power of the node fails, with all that runs on it.
    void Crash();
    /// The node is back, with all machines that ran.
    void Restart();
    /// Started, not logged out, not crashed.
    bool IsUp() const;

  protected:
    void DoDispose() override;

    /// A machine for a new life.
    virtual std::unique_ptr<isb::Machine> MakeMachine(isb::Rng& random) = 0;
    /// After the machine's orders were carried out; more inputs may be fed.
    virtual void Settle(isb::TimePoint now);
    /// The node crashes: what else of this program runs on it forgets everything, silently.
    virtual void HaltParts();

    /// The machine of this life, or null.
    isb::Machine* Current() const;
    void Feed(Input input) override;

  private:
    Ptr<IstTcpSocket> MakeStreamSocket() override;
    Ptr<Socket> MakeDatagramSocket(isb::Endpoint local) override;
    void ChargeSend(uint64_t bytes, std::function<void()> done) override;
    void ChargeReceive(uint64_t bytes, std::function<void()> done) override;
    void ChargeCopy(uint32_t bytes, std::function<void()> done) override;
    uint32_t ChunkLimit() const override;

    void StartApplication() override;
    void StopApplication() override;
    void Begin();
    void Halt();
    void Drop();
    void ActOnOrders();
    void Act(const isb::ListenOrder& order);
    void Act(const isb::ConnectOrder& order);
    void Act(const isb::ReadOrder& order);
    void Act(const isb::SendOrder& order);
    void Act(const isb::SendToOrder& order);
    void Act(const isb::JoinOrder& order);
    void Act(const isb::RelayOrder& order);
    void Act(const isb::UnrelayOrder& order);
    void Act(const isb::ShutdownOrder& order);
    void Act(const isb::CloseOrder& order);
    void WakeAt(isb::TimePoint when);
    void Report(std::string_view state);

    Ptr<TcpTuning> m_tuning;
    std::unique_ptr<isb::SeededRng> m_rng;
    std::unique_ptr<isb::Machine> m_machine;
    std::shared_ptr<MachineStreams> m_streams;
    std::shared_ptr<MachineDatagrams> m_datagrams;
    std::deque<Input> m_inputs;
    bool m_feeding = false;
    bool m_started = false; ///< between the application's start and stop
    bool m_up = false;      ///< and not logged out
    bool m_crashed = false;
    uint64_t m_life = 0;
    uint64_t m_sockets = 0; ///< TCP sockets made in all lives
    EventId m_timer;
    isb::TimePoint m_timerAt = isb::TIME_NEVER;
};

} // namespace ns3

#endif
