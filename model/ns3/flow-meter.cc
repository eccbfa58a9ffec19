// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/flow-meter.h"

#include <algorithm>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(FlowTag);
NS_OBJECT_ENSURE_REGISTERED(FlowMeter);

TypeId
FlowTag::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IsbFlowTag").SetParent<Tag>().SetGroupName("Isb").AddConstructor<FlowTag>();
    return tid;
}

TypeId
FlowTag::GetInstanceTypeId() const
{
    return GetTypeId();
}

uint32_t
FlowTag::GetSerializedSize() const
{
    return 16;
}

void
FlowTag::Serialize(TagBuffer buffer) const
{
    buffer.WriteU64(sequence);
    buffer.WriteU32(bytes);
    buffer.WriteU32(flow);
}

void
FlowTag::Deserialize(TagBuffer buffer)
{
    sequence = buffer.ReadU64();
    bytes = buffer.ReadU32();
    flow = buffer.ReadU32();
}

void
FlowTag::Print(std::ostream& os) const
{
    os << "flow=" << flow << " sequence=" << sequence << " bytes=" << bytes;
}

TypeId
FlowMeter::GetTypeId()
{
    static TypeId tid = TypeId("ns3::FlowMeter").SetParent<Object>().SetGroupName("Isb");
    return tid;
}

FlowMeter::FlowMeter(uint32_t number)
    : m_number(number)
{
}

uint32_t
FlowMeter::Number() const
{
    return m_number;
}

void
FlowMeter::Start(isb::TimePoint now)
{
    m_sum.start = now;
}

void
FlowMeter::Stop(isb::TimePoint now)
{
    if (!m_stopped)
    {
        m_stopped = true;
        m_sum.stop = now;
    }
}

FlowTag
FlowMeter::DatagramSent(uint32_t bytes)
{
    FlowTag tag;
    tag.sequence = m_seen.size();
    tag.bytes = bytes;
    tag.flow = m_number;
    m_seen.push_back(false);
    ++m_sum.sentPackets;
    m_sum.sentBytes += bytes;
    return tag;
}

void
FlowMeter::DatagramReceived(const FlowTag& tag, uint32_t bytes)
{
    if (tag.flow != m_number || tag.sequence >= m_seen.size() || m_seen[tag.sequence])
    {
        return;
    }
    m_seen[tag.sequence] = true;
    if (bytes != tag.bytes)
    {
        ++m_sum.damagedPackets;
        return;
    }
    ++m_sum.receivedPackets;
    m_sum.receivedBytes += bytes;
    m_sum.timelyBytes += m_stopped ? 0 : bytes;
}

void
FlowMeter::RoundTrip(isb::Duration time)
{
    if (!m_stopped)
    {
        m_sum.roundTripsNs.push_back(static_cast<uint64_t>(time.count()));
    }
}

void
FlowMeter::FirstByte(isb::Duration time)
{
    if (!m_stopped)
    {
        m_sum.firstBytesNs.push_back(static_cast<uint64_t>(time.count()));
    }
}

void
FlowMeter::StreamSent(uint64_t bytes)
{
    m_sum.sentBytes += bytes;
}

void
FlowMeter::StreamReceived(uint64_t bytes)
{
    if (!m_stopped)
    {
        m_sum.receivedBytes += bytes;
        m_sum.timelyBytes += bytes;
    }
}

void
FlowMeter::SenderEstablished()
{
    ++m_senders;
}

void
FlowMeter::ReceiverEstablished()
{
    ++m_receivers;
}

void
FlowMeter::Failed()
{
    m_sum.failed += m_stopped ? 0 : 1;
}

void
FlowMeter::Completed()
{
    m_sum.completed += m_stopped ? 0 : 1;
}

FlowSummary
FlowMeter::Summary() const
{
    FlowSummary sum = m_sum;
    sum.established = std::min(m_senders, m_receivers);
    return sum;
}

} // namespace ns3
