// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_STREAMS_H
#define ISB_EMULATION_METER_TRAFFIC_STREAMS_H

#include "emulation/meter/traffic-sockets.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace isb
{

/// What the receiver of a bulk transfer saw.
struct ReceivedBulk
{
    uint64_t bytes = 0;   ///< in the measured interval
    double seconds = 0;   ///< the measured interval
    uint64_t total = 0;   ///< bytes since the first one
    double totalTime = 0; ///< seconds from the first byte to the last
};

/// Round trips, in nanoseconds.
struct RoundTrips
{
    uint64_t count = 0;
    double mean = 0;
    uint64_t median = 0;
    uint64_t late = 0; ///< 99 of 100 are faster
};

/// Connections made one after the other.
struct Dialled
{
    uint64_t done = 0;
    uint64_t failed = 0;
    double seconds = 0; ///< from the first connect to the last end
    std::string fault;  ///< of the first that failed
};

/// The median and its kin of single round trips, which are sorted; all 0 when there are none.
[[nodiscard]] RoundTrips Summarize(std::vector<uint64_t>& nanoseconds);

/// TCP connections of one traffic agent. Whether it connects or listens makes no difference after
/// they are up: through an IST both ends connect.
class TrafficStreams
{
  public:
    /// What a bulk receiver asks between reads: how many bytes were sent in all, 0 = not known yet.
    using TotalAsked = std::function<uint64_t()>;

    /// Opens the listener.
    void Listen(ist_family family, uint64_t port);
    /// Waits for `count` connections.
    void Accept(uint64_t count);
    /// Makes `count` connections at once and waits for them. Ports of the target, and own ports
    /// (0: any), grow by `portStep` and `sourceStep` from one to the next.
    void Connect(const IpEndpoint& target,
                 uint64_t portStep,
                 uint64_t sourcePort,
                 uint64_t sourceStep,
                 uint64_t count);
    /// Closes all connections and the listener.
    void Close();

    /// Sends on the first `connections` for `duration` nanoseconds; the bytes that TCP took.
    [[nodiscard]] uint64_t Send(uint64_t connections, uint64_t duration);
    /// Receives on all connections until `total` is known and reached. `wake` becomes readable when
    /// it may be known. The first `warm` nanoseconds are not in the measured interval, which then
    /// takes `duration`.
    [[nodiscard]] ReceivedBulk Receive(uint64_t warm,
                                       uint64_t duration,
                                       int wake,
                                       const TotalAsked& total);

    /// Ping-pong on the first connection for `duration` nanoseconds with `size` bytes each way.
    [[nodiscard]] RoundTrips Ping(uint64_t duration, size_t size);
    /// Answers Ping() on whichever connection it comes by, to its end.
    void Echo(size_t size);

    /// Makes `count` connections one after the other, `parallel` at a time, to ports that grow by
    /// `portStep`. Who speaks sends a byte when connected, waits for it to return and closes; the
    /// other end returns it and closes after.
    [[nodiscard]] Dialled Dial(const IpEndpoint& target,
                               uint64_t portStep,
                               uint64_t count,
                               uint64_t parallel,
                               bool speaks);
    /// The other end of Dial() that speaks, on the listener.
    [[nodiscard]] Dialled Answer(uint64_t count);

  private:
    Descriptor m_listener;
    std::vector<Descriptor> m_connections;
};

} // namespace isb

#endif
