// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-frames.h"

#include "emulation/meter/traffic-clock.h"
#include "emulation/sys/system-error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <vector>

namespace isb
{

namespace
{

constexpr size_t BATCH = 32;
constexpr size_t IP = 14;        ///< offset of the IP header
constexpr size_t TRANSPORT = 34; ///< of the transport header; there are no IP options
constexpr uint8_t TCP = 6;
constexpr size_t SMALLEST = 42; ///< bytes of a frame with a UDP header

std::vector<uint8_t>
ParseHex(const std::string& text)
{
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2)
    {
        bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

uint16_t
Read16(const uint8_t* bytes)
{
    return static_cast<uint16_t>(bytes[0] << 8U | bytes[1]);
}

void
Write16(uint8_t* bytes, uint32_t value)
{
    bytes[0] = static_cast<uint8_t>(value >> 8U);
    bytes[1] = static_cast<uint8_t>(value);
}

/// RFC 1624 equation 3 for 32 bits that change.
void
UpdateChecksum(uint8_t* checksum, uint32_t before, uint32_t after)
{
    uint32_t sum = 0xffffU & ~uint32_t{Read16(checksum)};
    sum += (0xffffU & ~(before >> 16U)) + (0xffffU & ~before);
    sum += (after >> 16U) + (after & 0xffffU);
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    Write16(checksum, ~sum);
}

/// The frame of one flow, made out of the first one's.
class Template
{
  public:
    explicit Template(std::vector<uint8_t> frame)
        : m_frame(std::move(frame))
    {
        if (m_frame.size() < SMALLEST)
        {
            throw TrafficFault("spread: the frame is too short");
        }
        m_source = uint32_t{Read16(&m_frame[IP + 12])} << 16U | Read16(&m_frame[IP + 14]);
        m_checksum = TRANSPORT + (m_frame[IP + 9] == TCP ? 16 : 6);
        if (m_frame.size() < m_checksum + 2)
        {
            throw TrafficFault("spread: the frame is too short");
        }
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_frame.size();
    }

    void
    Write(uint8_t* to, uint32_t flow) const
    {
        std::memcpy(to, m_frame.data(), m_frame.size());
        const uint32_t source = m_source + flow;
        Write16(to + IP + 12, source >> 16U);
        Write16(to + IP + 14, source);
        UpdateChecksum(to + IP + 10, m_source, source);
        if (Read16(to + m_checksum) != 0)
        {
            UpdateChecksum(to + m_checksum, m_source, source);
        }
    }

  private:
    std::vector<uint8_t> m_frame;
    uint32_t m_source = 0;
    size_t m_checksum = 0;
};

} // namespace

DatagramCount
SpreadFrames(const TrafficCommand& command)
{
    const Template first(ParseHex(command.Text("frame")));
    const auto flows = static_cast<uint32_t>(command.Number("flows"));
    const uint64_t duration = command.Number("ms") * NS_PER_MS;
    const Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!socket)
    {
        throw SystemError("packet socket");
    }
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(ETH_P_IP);
    to.sll_ifindex = static_cast<int>(if_nametoindex(command.Text("device").c_str()));
    to.sll_halen = ETH_ALEN;
    std::vector<uint8_t> bytes(BATCH * first.Size());
    std::array<iovec, BATCH> vectors{};
    std::array<mmsghdr, BATCH> messages{};
    for (size_t i = 0; i < BATCH; ++i)
    {
        vectors.at(i) = {&bytes[i * first.Size()], first.Size()};
        messages.at(i).msg_hdr.msg_iov = &vectors.at(i);
        messages.at(i).msg_hdr.msg_iovlen = 1;
        messages.at(i).msg_hdr.msg_name = &to;
        messages.at(i).msg_hdr.msg_namelen = sizeof(to);
    }
    DatagramCount sent;
    uint32_t state = 1;
    const uint64_t begun = TrafficNow();
    uint64_t now = begun;
    for (; now < begun + duration; now = TrafficNow())
    {
        for (size_t i = 0; i < BATCH; ++i)
        {
            state = state * 1664525U + 1013904223U; // Numerical Recipes' generator
            const auto flow = static_cast<uint32_t>((uint64_t{state} * flows) >> 32U);
            first.Write(&bytes[i * first.Size()], flow);
        }
        const int taken = sendmmsg(socket.Get(), messages.data(), BATCH, 0);
        if (taken < 0 && errno != ENOBUFS)
        {
            throw SystemError("send frames");
        }
        sent.packets += taken > 0 ? static_cast<uint64_t>(taken) : 0;
    }
    sent.seconds = ToSeconds(now - begun);
    return sent;
}

} // namespace isb
