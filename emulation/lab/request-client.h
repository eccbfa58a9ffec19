// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_REQUEST_CLIENT_H
#define ISB_EMULATION_LAB_REQUEST_CLIENT_H

#include "emulation/lab/traffic-machine.h"

#include <map>

namespace isb
{

/// Traffic kinds request-response and tcp-ping-pong: connections on each of which a request is
/// answered by a response, then a pause, then the next. One that failed is made anew after a second
/// if new ones are made at all.
class RequestClient : public TrafficMachine
{
  public:
    RequestClient(const Traffic& traffic, Endpoint target, TrafficMeter& meter, TraceSink* trace);

    void Start(TimePoint now) override;
    void Stop(TimePoint now) override;
    void Connected(TimePoint now, SocketId socket, Endpoint local) override;
    void Failed(TimePoint now, SocketId socket, std::string_view why) override;
    void Received(TimePoint now, SocketId socket, ByteView bytes) override;
    void EndOfStream(TimePoint now, SocketId socket) override;
    void Sent(TimePoint now, SocketId socket, size_t bytes) override;
    [[nodiscard]] TimePoint NextTimeout() const override;
    void Timeout(TimePoint now) override;
    [[nodiscard]] bool IsDone(TimePoint until) const override;

  private:
    struct Connection
    {
        TimePoint openedAt{0};
        TimePoint askedAt{0};
        uint64_t asked = 0;   ///< requests
        uint64_t missing = 0; ///< bytes of the response under way
        bool heard = false;   ///< its first byte came
    };

    void Open(TimePoint now);
    void Ask(TimePoint now, SocketId socket, Connection& connection);
    void Answered(TimePoint now, SocketId socket, Connection& connection);
    void Lose(TimePoint now, SocketId socket, std::string_view why);
    void Report(TimePoint now, std::string_view state, std::string_view why = {});

    const Traffic& m_traffic;
    Endpoint m_target;
    TrafficMeter& m_meter;
    TraceSink* m_trace;
    uint64_t m_request;
    uint64_t m_response;
    SocketId m_last = 0;
    std::map<SocketId, Connection> m_connections;
    std::multimap<TimePoint, SocketId> m_waiting; ///< next request of; 0: a new connection
};

} // namespace isb

#endif
