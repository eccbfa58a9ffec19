// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_REQUEST_CLIENT_H
#define ISB_NS3_TCP_REQUEST_CLIENT_H

#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <string_view>
#include <vector>

namespace ns3
{

/**
 * An unmodified client that asks and waits: opens TCP connections to an address, sends a request of
 * RequestSize bytes, and when the response of ResponseSize bytes is there, the next one after
 * Pause. RequestSize = ResponseSize with no pause is TCP ping-pong (thesis 5.4).
 *
 * Measured at the process: connect() to the first byte of the first response, and each request to
 * the last byte of its response (the meter's round trips); the trace has the moment of each state.
 * A response counts as completed when it is whole; a connection that was refused, reset or closed
 * by the other end counts as failed, and is tried again after Reconnect. The meter may be missing.
 */
class TcpRequestClient : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    TcpRequestClient();

    void SetTarget(isb::Endpoint target);
    isb::Endpoint Target() const;
    void SetTuning(Ptr<TcpTuning> tuning);

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<IstTcpSocket> socket;
        uint64_t life = 0; ///< which connection this is; what an earlier one reports is ignored
        EventId timer;     ///< to open it, or to ask
        isb::TimePoint openedAt{0};
        isb::TimePoint askedAt{0};
        uint64_t missing = 0; ///< bytes of the response under way
        uint32_t asked = 0;   ///< requests on this connection
        uint32_t unsent = 0;  ///< bytes of the request that TCP had no room for
        bool connected = false;
        bool sending = false; ///< a sending call is under way
        bool reading = false; ///< a receiving call is under way
        bool gotByte = false;
    };

    void StartApplication() override;
    void StopApplication() override;
    void Open(size_t index);
    void OpenIn(size_t index, Time wait);
    void OnConnected(size_t index);
    void Ask(size_t index);
    void SendMore(size_t index);
    void OnReadable(size_t index);
    void Read(size_t index, uint32_t bytes);
    void OnResponse(size_t index);
    void OnFailed(size_t index);
    void Leave(size_t index);
    void Count(uint32_t sent, uint32_t received);
    void Report(std::string_view state, std::string_view why = {});

    isb::Endpoint m_target;
    Ptr<TcpTuning> m_tuning;
    uint32_t m_count = 0;
    uint32_t m_requestSize = 0;
    uint32_t m_responseSize = 0;
    uint32_t m_requests = 0;
    bool m_reopen = false;
    Time m_pause;
    Time m_reconnect;
    std::vector<Connection> m_connections;
    uint64_t m_opened = 0; ///< connections so far
    bool m_running = false;
};

} // namespace ns3

#endif
