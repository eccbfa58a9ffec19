// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_FLOW_METER_H
#define ISB_NS3_FLOW_METER_H

#include "model/wire/units.h"

#include "ns3/object.h"
#include "ns3/tag.h"

#include <cstdint>
#include <vector>

namespace ns3
{

/// Marks a datagram of a FlowMeter. It travels as packet tag, which NATs, splices, proxies and
/// fragmentation leave alone, and takes no room in the packet.
class FlowTag : public Tag
{
  public:
    static TypeId GetTypeId();
    TypeId GetInstanceTypeId() const override;
    uint32_t GetSerializedSize() const override;
    void Serialize(TagBuffer buffer) const override;
    void Deserialize(TagBuffer buffer) override;
    void Print(std::ostream& os) const override;

    uint64_t sequence = 0; ///< from 0, one a datagram
    uint32_t bytes = 0;    ///< payload as it was sent
    uint32_t flow = 0;     ///< the meter's number
};

/// What a FlowMeter saw.
struct FlowSummary
{
    uint64_t sentBytes = 0; ///< payload
    uint64_t receivedBytes = 0;
    uint64_t sentPackets = 0;             ///< datagrams
    uint64_t receivedPackets = 0;         ///< those under way at the stop included
    uint64_t timelyBytes = 0;             ///< of receivedBytes, those that came before the stop
    uint64_t damagedPackets = 0;          ///< came, but not whole
    uint64_t established = 0;             ///< TCP connections that came up on both sides
    isb::TimePoint start{0};              ///< when sending began
    isb::TimePoint stop{0};               ///< when sending ended
    std::vector<uint64_t> roundTripsNs{}; ///< in the order measured
    std::vector<uint64_t> firstBytesNs{}; ///< TCP: from connect() to the first byte back
    uint64_t failed = 0;                  ///< TCP connections refused, reset or timed out
    uint64_t completed = 0;               ///< responses, or streams, that came to their end whole
};

/**
 * Counts one traffic at its two ends, across NATs and splices, where ns-3's FlowMonitor loses it
 * (a rewritten packet is a new flow to it). A datagram counts once, and only when it is whole.
 *
 * TCP: payload bytes as the applications see them; sent = acknowledged by the receiver's TCP.
 */
class FlowMeter : public Object
{
  public:
    static TypeId GetTypeId();
    explicit FlowMeter(uint32_t number = 0);

    /// As in the tags that it makes.
    uint32_t Number() const;

    /// Sending begins now.
    void Start(isb::TimePoint now);
    /// Sending ends now. Datagrams under way may still arrive; rates and streams count no more.
    void Stop(isb::TimePoint now);

    /// Counts a datagram and makes its tag.
    FlowTag DatagramSent(uint32_t bytes);
    void DatagramReceived(const FlowTag& tag, uint32_t bytes);
    void RoundTrip(isb::Duration time);
    /// TCP: from connect() to the first byte of the answer.
    void FirstByte(isb::Duration time);

    /// TCP: bytes that went through one connection.
    void StreamSent(uint64_t bytes);
    void StreamReceived(uint64_t bytes);
    void SenderEstablished();
    void ReceiverEstablished();
    void Failed();
    void Completed();

    FlowSummary Summary() const;

  private:
    FlowSummary m_sum;
    uint32_t m_number = 0;
    bool m_stopped = false;
    uint64_t m_senders = 0;
    uint64_t m_receivers = 0;
    std::vector<bool> m_seen; ///< sequence numbers received
};

} // namespace ns3

#endif
