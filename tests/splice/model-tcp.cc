// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice/model-tcp.h"

#include <algorithm>

namespace isb::test
{
namespace
{

constexpr uint64_t MS = 1000000;
constexpr uint64_t RTO_NS = 200 * MS;
constexpr unsigned int MAX_BACKOFF = 4;
constexpr uint32_t SEGMENTS_IN_FLIGHT = 10;
constexpr uint16_t OWN_MSS = 1000;
constexpr uint64_t NEVER = ~uint64_t{0};

uint32_t
Milliseconds(uint64_t nowNs)
{
    return static_cast<uint32_t>(nowNs / MS);
}

} // namespace

ModelTcp::ModelTcp(const ModelTcpConfig& config)
    : m_config(config),
      m_una(config.isn),
      m_next(config.isn),
      m_max(config.isn)
{
    if (config.listens)
    {
        m_state = State::Listen;
    }
}

void
ModelTcp::Open(uint64_t nowNs)
{
    m_state = State::SynSent;
    SendSyn(nowNs);
}

std::vector<Packet>
ModelTcp::Take()
{
    std::vector<Packet> out;
    out.swap(m_out);
    return out;
}

uint64_t
ModelTcp::Deadline() const
{
    return std::min(m_deadline, m_readAt);
}

bool
ModelTcp::Done() const
{
    return m_state == State::Open && m_una == FinSeq() + 1 && m_finRead;
}

uint32_t
ModelTcp::FinSeq() const
{
    return m_config.isn + 1 + static_cast<uint32_t>(m_config.data.size());
}

bool
ModelTcp::Closing() const
{
    return m_config.close == CloseWhen::AfterSending || m_finRead;
}

void
ModelTcp::Violate(const std::string& what)
{
    m_violations.push_back(what);
}

uint16_t
ModelTcp::Window() const
{
    const uint32_t free = m_config.buffer - std::min(m_config.buffer, m_unread);
    return static_cast<uint16_t>(std::min<uint32_t>(free >> m_receiveShift, 65535));
}

Packet
ModelTcp::Options(uint64_t nowNs, bool syn) const
{
    Packet options;
    const uint32_t tsval = m_config.timestampBase + Milliseconds(nowNs);
    const bool answers = m_state == State::SynReceived;
    if (syn && m_config.mss)
    {
        options = OptionMss(OWN_MSS);
    }
    if (syn && (answers ? m_sackOn : m_config.sack))
    {
        options = Join({options, OptionSackPermitted()});
    }
    if (syn && (answers ? m_scaleOn : m_config.wscale >= 0))
    {
        options = Join({options, OptionWscale(static_cast<uint8_t>(m_config.wscale))});
    }
    if (syn && !answers ? m_config.timestamps : m_timestampsOn)
    {
        options = Join({options, OptionTimestamps(tsval, m_tsRecent)});
    }
    if (!syn && m_sackOn && !m_early.empty())
    {
        std::vector<uint32_t> edges;
        for (const auto& [offset, bytes] : m_early)
        {
            const uint32_t left = m_irs + 1 + offset;
            const uint32_t right = left + static_cast<uint32_t>(bytes.size());
            if (!edges.empty() && edges.back() == left)
            {
                edges.back() = right;
            }
            else if (edges.size() < 6)
            {
                edges.insert(edges.end(), {left, right});
            }
        }
        options = Join({options, OptionSack(edges)});
    }
    return options;
}

void
ModelTcp::Send(uint64_t nowNs, uint32_t seq, unsigned int flags, const Packet& payload)
{
    const bool syn = (flags & IST_TCP_SYN) != 0;
    Segment segment;
    segment.tuple = m_config.tuple;
    segment.family = m_config.family;
    segment.seq = seq;
    segment.ack = flags & IST_TCP_ACK ? m_expected : 0;
    segment.flags = flags;
    segment.window =
        syn ? static_cast<uint16_t>(std::min<uint32_t>(m_config.buffer, 65535)) : Window();
    segment.options = Options(nowNs, syn);
    segment.payload = payload;
    m_out.push_back(BuildTcp(segment));
    const uint32_t end =
        seq + static_cast<uint32_t>(payload.size()) + (syn ? 1 : 0) + (flags & IST_TCP_FIN ? 1 : 0);
    if (ist_after(end, m_max))
    {
        m_max = end;
    }
}

void
ModelTcp::SendSyn(uint64_t nowNs)
{
    const bool answers = m_state == State::SynReceived;
    Send(nowNs, m_config.isn, answers ? IST_TCP_SYN | IST_TCP_ACK : IST_TCP_SYN, {});
    m_next = m_config.isn + 1;
    m_deadline = nowNs + (RTO_NS << m_backoff);
}

void
ModelTcp::SendReset(const ist_packet& packet)
{
    Segment segment;
    segment.tuple = m_config.tuple;
    segment.family = m_config.family;
    segment.seq = packet.ack;
    segment.flags = IST_TCP_RST;
    m_out.push_back(BuildTcp(segment));
}

void
ModelTcp::SendData(uint64_t nowNs)
{
    const uint32_t usable = std::min(m_window, SEGMENTS_IN_FLIGHT * m_mss);
    const uint32_t fin = FinSeq();
    while (ist_after(fin, m_next) && m_next - m_una < usable)
    {
        const uint32_t count =
            std::min({std::min<uint32_t>(m_mss, OWN_MSS), fin - m_next, usable - (m_next - m_una)});
        const auto from =
            m_config.data.begin() + static_cast<std::ptrdiff_t>(m_next - m_config.isn - 1);
        Send(nowNs, m_next, IST_TCP_ACK | IST_TCP_PSH, Packet(from, from + count));
        m_next += count;
    }
    if (m_next == fin && Closing())
    {
        Send(nowNs, fin, IST_TCP_ACK | IST_TCP_FIN, {});
        m_next = fin + 1;
    }
    Rearm(nowNs);
}

void
ModelTcp::Rearm(uint64_t nowNs)
{
    const bool waits =
        m_una != m_next || m_una != m_max || (m_window == 0 && ist_after(FinSeq(), m_next));
    m_deadline = waits ? nowNs + (RTO_NS << m_backoff) : NEVER;
}

void
ModelTcp::Timeout(uint64_t nowNs)
{
    if (m_state == State::Closed)
    {
        m_deadline = m_readAt = NEVER;
        return;
    }
    if (nowNs >= m_readAt)
    {
        Read(nowNs);
    }
    if (nowNs < m_deadline)
    {
        return;
    }
    m_backoff = std::min(m_backoff + 1, MAX_BACKOFF);
    if (m_state != State::Open)
    {
        SendSyn(nowNs);
        return;
    }
    m_next = m_una;
    if (m_window == 0 && ist_after(FinSeq(), m_next))
    {
        const size_t at = m_next - m_config.isn - 1;
        Send(nowNs, m_next, IST_TCP_ACK, {m_config.data[at]}); // probe of a closed window
        m_next += 1;
        Rearm(nowNs);
        return;
    }
    SendData(nowNs);
}

void
ModelTcp::TakeOptions(const ist_packet& packet)
{
    const unsigned int options = packet.options;
    const bool answers = (packet.tcp_flags & IST_TCP_ACK) != 0;
    m_mss = options & IST_OPTION_MSS ? packet.mss : 536;
    m_sackOn = m_config.sack && (options & IST_OPTION_SACK_PERMITTED);
    m_timestampsOn = m_config.timestamps && (options & IST_OPTION_TIMESTAMP);
    if (m_config.wscale >= 0 && (options & IST_OPTION_WSCALE))
    {
        m_scaleOn = true;
        m_sendShift = packet.wscale;
        m_receiveShift = m_config.wscale;
    }
    if (answers && (((options & IST_OPTION_MSS) && !m_config.mss) ||
                    ((options & IST_OPTION_SACK_PERMITTED) && !m_config.sack) ||
                    ((options & IST_OPTION_TIMESTAMP) && !m_config.timestamps) ||
                    ((options & IST_OPTION_WSCALE) && m_config.wscale < 0)))
    {
        Violate("SYN-ACK with an option that was not offered");
    }
}

void
ModelTcp::ReceiveReset(const ist_packet& packet)
{
    const bool fits = m_state == State::SynSent
                          ? (packet.tcp_flags & IST_TCP_ACK) && packet.ack == m_config.isn + 1
                          : packet.seq == m_expected;
    if (fits && m_state != State::Listen)
    {
        m_reset = true;
        m_state = State::Closed;
        m_deadline = m_readAt = NEVER;
    }
}

bool
ModelTcp::ReceiveBeforeOpen(uint64_t nowNs, const ist_packet& packet)
{
    const unsigned int flags = packet.tcp_flags & (IST_TCP_SYN | IST_TCP_ACK);
    if (m_state == State::Listen && flags == IST_TCP_SYN)
    {
        m_config.tuple.source = packet.tuple.destination;
        m_config.tuple.destination = packet.tuple.source;
        m_config.tuple.source_port = packet.tuple.destination_port;
        m_config.tuple.destination_port = packet.tuple.source_port;
        m_state = State::SynReceived;
        m_irs = packet.seq;
        m_expected = packet.seq + 1;
        m_windowSeq = packet.seq;
        m_tsRecent = packet.tsval;
        TakeOptions(packet);
        SendSyn(nowNs);
        return false;
    }
    if (m_state == State::SynReceived && flags == IST_TCP_SYN)
    {
        SendSyn(nowNs);
        return false;
    }
    if (flags & IST_TCP_ACK && packet.ack != m_config.isn + 1)
    {
        SendReset(packet); // half-open peer, RFC 9293 section 3.10.7.3
        return false;
    }
    if (m_state == State::SynSent && flags == (IST_TCP_SYN | IST_TCP_ACK))
    {
        m_irs = packet.seq;
        m_expected = packet.seq + 1;
        m_tsRecent = packet.tsval;
        TakeOptions(packet);
    }
    else if (m_state != State::SynReceived || flags != IST_TCP_ACK)
    {
        if (m_state == State::SynSent && flags == IST_TCP_SYN)
        {
            Violate("bare SYN");
        }
        return false;
    }
    m_state = State::Open;
    m_una = m_config.isn + 1;
    m_next = m_una;
    m_backoff = 0;
    const bool synAck = (flags & IST_TCP_SYN) != 0;
    m_window = static_cast<uint32_t>(packet.window) << (synAck ? 0 : m_sendShift);
    m_windowSeq = packet.seq;
    m_windowAck = packet.ack;
    if (synAck)
    {
        Send(nowNs, m_next, IST_TCP_ACK, {});
    }
    SendData(nowNs);
    return !synAck;
}

bool
ModelTcp::TimestampFits(uint64_t nowNs, const ist_packet& packet)
{
    const bool present = (packet.options & IST_OPTION_TIMESTAMP) != 0;
    if (present != m_timestampsOn)
    {
        Violate(present ? "timestamps not negotiated" : "timestamps missing");
    }
    if (!present || !m_timestampsOn)
    {
        return true;
    }
    const uint32_t clock = m_config.timestampBase + Milliseconds(nowNs);
    if (clock - packet.tsecr > Milliseconds(nowNs))
    {
        Violate("TSecr that was never sent");
    }
    if (ist_after(m_tsRecent, packet.tsval))
    {
        return false; // PAWS
    }
    if (!ist_after(packet.seq, m_expected))
    {
        m_tsRecent = packet.tsval;
    }
    return true;
}

void
ModelTcp::ReceiveAck(uint64_t nowNs, const ist_packet& packet, const Packet& bytes)
{
    if (ist_after(packet.ack, m_max))
    {
        Violate("ACK of what was never sent");
        return;
    }
    if (packet.sack_blocks && !m_sackOn)
    {
        Violate("SACK not negotiated");
    }
    for (uint32_t i = 0; i < packet.sack_blocks; ++i)
    {
        const uint32_t left = ist_get32(&bytes[packet.sack_offset + 8 * i]);
        const uint32_t right = ist_get32(&bytes[packet.sack_offset + 8 * i + 4]);
        if (!ist_after(right, left) || ist_after(right, m_max) || ist_after(packet.ack, left))
        {
            Violate("SACK of what was never sent");
        }
    }
    if (ist_after(packet.ack, m_una))
    {
        m_una = packet.ack;
        m_backoff = 0;
        if (ist_after(m_una, m_next))
        {
            m_next = m_una;
        }
    }
    if (ist_after(packet.seq, m_windowSeq) ||
        (packet.seq == m_windowSeq && !ist_after(m_windowAck, packet.ack)))
    {
        m_window = static_cast<uint32_t>(packet.window) << m_sendShift;
        m_windowSeq = packet.seq;
        m_windowAck = packet.ack;
    }
    if (m_una != FinSeq() + 1)
    {
        SendData(nowNs);
    }
    else
    {
        m_deadline = NEVER;
    }
}

void
ModelTcp::ReceiveData(const ist_packet& packet, const Packet& bytes)
{
    const uint32_t offset = packet.seq - m_irs - 1;
    const auto end = static_cast<int32_t>(offset + packet.payload_length);
    const auto limit = static_cast<int32_t>(m_expected - m_irs - 1 + m_config.buffer - m_unread);
    if (packet.payload_length && end <= limit && static_cast<int32_t>(offset) >= 0 &&
        end > static_cast<int32_t>(m_received.size()))
    {
        Packet& slot = m_early[offset];
        if (slot.size() < packet.payload_length)
        {
            slot.assign(bytes.begin() + packet.header_length,
                        bytes.begin() + packet.header_length + packet.payload_length);
        }
    }
    if (packet.tcp_flags & IST_TCP_FIN)
    {
        if (m_finKnown && m_finOffset != offset + packet.payload_length)
        {
            Violate("two different FINs");
        }
        m_finKnown = true;
        m_finOffset = offset + packet.payload_length;
    }
    Deliver();
}

void
ModelTcp::Deliver()
{
    while (!m_early.empty() && m_early.begin()->first <= m_received.size())
    {
        const auto& [offset, bytes] = *m_early.begin();
        const size_t skip = m_received.size() - offset;
        if (skip < bytes.size())
        {
            m_unread += static_cast<uint32_t>(bytes.size() - skip);
            m_received.insert(m_received.end(),
                              bytes.begin() + static_cast<std::ptrdiff_t>(skip),
                              bytes.end());
        }
        m_early.erase(m_early.begin());
    }
    m_expected = m_irs + 1 + static_cast<uint32_t>(m_received.size());
    if (m_finKnown && m_received.size() > m_finOffset)
    {
        Violate("payload beyond a FIN");
    }
    if (m_finKnown && m_received.size() == m_finOffset)
    {
        m_finRead = true;
        m_expected += 1;
    }
}

void
ModelTcp::Read(uint64_t nowNs)
{
    m_readAt = NEVER;
    m_unread = 0;
    if (m_state == State::Open)
    {
        Send(nowNs, m_max, IST_TCP_ACK, {}); // window update
    }
}

void
ModelTcp::Receive(uint64_t nowNs, const Packet& bytes)
{
    const std::string fault = ChecksumFault(bytes);
    if (!fault.empty())
    {
        Violate(fault);
        return;
    }
    const ist_packet packet = Parse(bytes);
    if (m_state == State::Closed)
    {
        return;
    }
    if (packet.tcp_flags & IST_TCP_RST)
    {
        ReceiveReset(packet);
        return;
    }
    if (m_state != State::Open && !ReceiveBeforeOpen(nowNs, packet))
    {
        return;
    }
    if (packet.tcp_flags & IST_TCP_SYN || !TimestampFits(nowNs, packet))
    {
        Send(nowNs, m_max, IST_TCP_ACK, {});
        return;
    }
    const bool ended = m_finRead;
    const bool occupies = packet.payload_length || (packet.tcp_flags & IST_TCP_FIN);
    ReceiveData(packet, bytes);
    if (m_config.readEveryNs == 0)
    {
        m_unread = 0;
    }
    else if (m_unread > 0 && m_readAt == NEVER)
    {
        m_readAt = nowNs + m_config.readEveryNs;
    }
    if (occupies)
    {
        Send(nowNs, m_max, IST_TCP_ACK, {});
    }
    ReceiveAck(nowNs, packet, bytes);
    if (m_finRead && !ended && m_una != FinSeq() + 1)
    {
        SendData(nowNs); // may close now
    }
}

} // namespace isb::test
