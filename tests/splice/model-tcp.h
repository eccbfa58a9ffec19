// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TEST_MODEL_TCP_H
#define ISB_TEST_MODEL_TCP_H

#include "tests/splice/raw-tcp.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace isb::test
{

/// When a user closes its half of the connection.
enum class CloseWhen
{
    AfterSending,  ///< at once behind its last byte: the other half stays open
    AfterPeerDoes, ///< when it has read the peer's end
};

struct ModelTcpConfig
{
    ist_tuple tuple{}; ///< of its packets; a listener answers whoever calls
    uint8_t family = IST_FAMILY_IPV4;
    bool listens = false; ///< waits for a SYN (target of an active splice)
    uint32_t isn = 0;
    bool mss = true;
    bool sack = true;
    bool timestamps = true;
    int wscale = 7;             ///< negative: not offered
    uint32_t buffer = 20000;    ///< receive buffer, bytes
    uint64_t readEveryNs = 0;   ///< 0: the application reads at once
    uint32_t timestampBase = 1; ///< its clock, in ms, starts here
    CloseWhen close = CloseWhen::AfterSending;
    std::vector<uint8_t> data{}; ///< what it sends
};

/// A small but real TCP for one connection: opens, retransmits (go-back-N, exponential back-off),
/// buffers and SACKs out-of-order data, keeps to windows and probes closed ones, half-closes,
/// checks checksums, timestamps (PAWS) and that every option was negotiated. No congestion control
/// beyond a fixed window of ten segments.
///
/// Whatever a correct peer could not have sent is noted in Violations().
class ModelTcp
{
  public:
    explicit ModelTcp(const ModelTcpConfig& config);

    void Open(uint64_t nowNs);
    void Receive(uint64_t nowNs, const Packet& bytes);
    void Timeout(uint64_t nowNs);

    /// When Timeout() is due; all ones if there is nothing to wait for.
    uint64_t Deadline() const;

    /// Packets to send, oldest first; the caller takes them.
    std::vector<Packet> Take();

    /// Gives up without a word, as a crashed host does.
    void
    Crash()
    {
        m_state = State::Closed;
    }

    bool
    Established() const
    {
        return m_state == State::Open;
    }

    bool
    WasReset() const
    {
        return m_reset;
    }

    /// Everything sent and acknowledged, and the peer's end read.
    bool Done() const;

    const std::vector<uint8_t>&
    Received() const
    {
        return m_received;
    }

    const std::vector<std::string>&
    Violations() const
    {
        return m_violations;
    }

    uint32_t
    PeerMss() const
    {
        return m_mss;
    }

  private:
    enum class State
    {
        Closed,
        Listen,
        SynSent,
        SynReceived,
        Open,
    };

    void Send(uint64_t nowNs, uint32_t seq, unsigned int flags, const Packet& payload);
    void SendSyn(uint64_t nowNs);
    void SendReset(const ist_packet& packet);
    void SendData(uint64_t nowNs);
    Packet Options(uint64_t nowNs, bool syn) const;
    void TakeOptions(const ist_packet& packet);
    bool ReceiveBeforeOpen(uint64_t nowNs, const ist_packet& packet);
    void ReceiveReset(const ist_packet& packet);
    bool TimestampFits(uint64_t nowNs, const ist_packet& packet);
    void ReceiveAck(uint64_t nowNs, const ist_packet& packet, const Packet& bytes);
    void ReceiveData(const ist_packet& packet, const Packet& bytes);
    void Deliver();
    void Read(uint64_t nowNs);
    void Rearm(uint64_t nowNs);
    void Violate(const std::string& what);
    uint16_t Window() const;
    uint32_t FinSeq() const;
    bool Closing() const;

    ModelTcpConfig m_config;
    State m_state = State::Closed;
    std::vector<Packet> m_out;
    std::vector<uint8_t> m_received;
    std::map<uint32_t, Packet> m_early; ///< by offset from the peer's first byte
    std::vector<std::string> m_violations;
    uint64_t m_deadline = ~uint64_t{0};
    uint64_t m_readAt = ~uint64_t{0};
    unsigned int m_backoff = 0;
    uint32_t m_una = 0;
    uint32_t m_next = 0;
    uint32_t m_max = 0; ///< highest number sent
    uint32_t m_window = 0;
    uint32_t m_windowSeq = 0;
    uint32_t m_windowAck = 0;
    uint32_t m_irs = 0;
    uint32_t m_expected = 0;
    uint32_t m_finOffset = 0;
    uint32_t m_unread = 0;
    uint32_t m_tsRecent = 0;
    uint32_t m_mss = 536;
    int m_sendShift = 0;
    int m_receiveShift = 0;
    bool m_scaleOn = false;
    bool m_sackOn = false;
    bool m_timestampsOn = false;
    bool m_finKnown = false;
    bool m_finRead = false;
    bool m_reset = false;
};

} // namespace isb::test

#endif
