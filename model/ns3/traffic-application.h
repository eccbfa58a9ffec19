// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TRAFFIC_APPLICATION_H
#define ISB_NS3_TRAFFIC_APPLICATION_H

#include "model/core/random/rng.h"
#include "model/ns3/box-driver.h"
#include "model/ns3/flow-meter.h"
#include "model/ns3/trace-source.h"
#include "model/wire/endpoint.h"

#include "ns3/application.h"
#include "ns3/socket.h"

#include <functional>
#include <optional>

namespace ns3
{

/**
 * What the sources and sinks of traffic share: a meter, the host's CPU, UDP sockets and the
 * registration at an IST. On a host without BoxDriver CPU time costs nothing.
 */
class TrafficApplication : public Application
{
  public:
    static TypeId GetTypeId();

    void SetMeter(Ptr<FlowMeter> meter);
    void SetDriver(Ptr<BoxDriver> driver);
    /// All that is random about this application is drawn from it.
    void SetSeed(uint64_t seed);

  protected:
    void DoDispose() override;

    /// A CPU time as it comes out this time: the mean, give or take CallJitter.
    isb::Duration Vary(isb::Duration mean);
    /// Runs `done` when a sending system call of `bytes` got its CPU time.
    void AfterSend(uint64_t bytes, std::function<void()> done);
    /// The same for a receiving call; wakes the process up when it sleeps.
    void AfterReceive(uint64_t bytes, std::function<void()> done);
    /// The same for a copy from one socket to another: select, both calls, a wake-up if asleep.
    void AfterCopy(uint32_t bytes, std::function<void()> done);
    /// Runs `done` when the process got so much CPU time, on average.
    void AfterCost(isb::Duration cost, std::function<void()> done);
    /// Most bytes that one receiving call takes: the machine's `application-buffer`.
    uint32_t ChunkLimit() const;
    /// Reads one datagram when the process got its CPU time (null when there is none), and hands it
    /// on when it is copied.
    void ReceiveDatagram(Ptr<Socket> socket, std::function<void(Ptr<Packet>, const Address&)> done);
    /// UDP socket bound to `port` (0: any) with the host's socket buffer.
    Ptr<Socket> MakeUdpSocket(uint16_t port);
    /// The same bound to one address, or any; null when the port is taken.
    Ptr<Socket> MakeUdpSocket(isb::Endpoint local);
    /// Sends the registration datagram to an IST, twice, 2 ms apart: one may be lost.
    void Register(Ptr<Socket> socket, isb::Endpoint ist);
    /// Frames that a datagram of `bytes` payload needs.
    static uint32_t FramesOf(uint32_t bytes);
    static Address ToAddress(isb::Endpoint endpoint);
    static isb::Endpoint ToEndpoint(const Address& address);

    TraceSource m_trace; ///< "Events"
    Ptr<FlowMeter> m_meter;
    Ptr<BoxDriver> m_driver;
    uint64_t m_seed = 0;

  private:
    static void SendRegistration(Ptr<Socket> socket, Address ist);

    isb::SeededRng m_callRng{0};
    uint32_t m_callJitter = 0;
};

} // namespace ns3

#endif
