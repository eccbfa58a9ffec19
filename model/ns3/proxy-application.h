// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_PROXY_APPLICATION_H
#define ISB_NS3_PROXY_APPLICATION_H

#include "model/core/ist/ist-proxy.h"
#include "model/ns3/stream-pump.h"
#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <functional>
#include <map>
#include <memory>

namespace ns3
{

/**
 * The IST as a process (thesis 4.1, phase IST-App): isb::IstProxy decides, real ns-3 sockets carry
 * the bytes. Every chunk costs the process select, a receiving and a sending call with their
 * copies, and a wake-up when it slept; until then the data stays in the socket, so that TCP's
 * window pushes back and UDP's buffer overflows. One receiving call takes at most the machine's
 * `application-buffer`; a longer datagram is cut, as recv() does.
 */
class ProxyApplication : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    ProxyApplication();
    ~ProxyApplication() override;

    void SetTuning(Ptr<TcpTuning> tuning);
    /// Orders a pair; before the application starts or at any time after. Its id, or why not.
    isb::Result<uint64_t> Add(const isb::ProxyPair& pair);
    /// Ends a pair by resets. False when there is none.
    bool Remove(uint64_t id);
    /// Told what happens to labelled pairs.
    void SetNewsCallback(std::function<void(const isb::CarrierNews&)> callback);
    /// The node lost power: all pairs are gone without a word. Starts anew at once.
    void Forget();
    const isb::IstProxy& Proxy() const;

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<IstTcpSocket> socket;
        uint64_t partner = 0;             ///< 0 before Join
        std::shared_ptr<StreamPump> pump; ///< to the partner; null before Join
    };

    /// The rate that a joined pair may copy at.
    struct Pace
    {
        uint64_t rateBps = 0; ///< 0: no bound
        Time free;            ///< when the next chunk may go
    };

    struct UdpPort
    {
        Ptr<Socket> socket;
        bool turning = false;
    };

    void StartApplication() override;
    void StopApplication() override;
    void Settle();
    void Act(const isb::IstProxy::Listen& order);
    void Act(const isb::IstProxy::StopListening& order);
    void Act(const isb::IstProxy::Join& order);
    void Act(const isb::IstProxy::Shutdown& order);
    void Act(const isb::IstProxy::Close& order);
    void OnAccepted(uint64_t listener, Ptr<Socket> socket, const Address& from);
    void Turn(uint64_t id);
    void OnFailed(uint64_t id);
    /// From now on the bytes of one connection go to the other.
    void StartPump(uint64_t from, uint64_t to, const std::shared_ptr<Pace>& pace);
    void TurnUdp(uint64_t listener);
    void MoveUdp(uint64_t listener);
    void SendUdp(uint64_t listener, uint64_t through, isb::Endpoint to, Ptr<Packet> packet);
    void WakeAt(isb::TimePoint when);
    std::unique_ptr<isb::IstProxy> m_proxy;
    std::function<void(const isb::CarrierNews&)> m_news;
    Ptr<TcpTuning> m_tuning;
    uint64_t m_lastConnection = 0;
    std::map<uint64_t, Connection> m_connections;
    std::map<uint64_t, Ptr<Socket>> m_listeners; ///< TCP
    std::map<uint64_t, UdpPort> m_udp;
    bool m_started = false;
    EventId m_timer;
    isb::TimePoint m_timerAt = isb::TIME_NEVER;
};

} // namespace ns3

#endif
