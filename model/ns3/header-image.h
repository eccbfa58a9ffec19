// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_HEADER_IMAGE_H
#define ISB_NS3_HEADER_IMAGE_H

#include "model/wire/bytes.h"

#include "ns3/ipv4-header.h"
#include "ns3/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ns3
{

/**
 * The first bytes of an IPv4 packet as on the wire (network byte order), made from ns-3's split
 * form (Ipv4Header beside the rest), for core machines that edit headers in place.
 *
 * The first 120 bytes are copied, or more on request (ICMP: 576, because errors quote packets);
 * what is behind them is never touched. Restore() takes over what an edit may change: the
 * addresses, and the bytes up to the last one that differs. The IP header checksum is ns-3's
 * business: it is computed here only for the reader of the image, when the simulation computes
 * checksums.
 */
class HeaderImage
{
  public:
    static constexpr size_t HEADER_BYTES = 120; ///< every IPv4 and transport header fits
    static constexpr size_t MOST_BYTES = 576;   ///< of any packet

    /// \param checksum whether the reader of the image looks at the IP header's checksum
    /// \param limit bytes to copy of a packet other than ICMP, at most MOST_BYTES
    HeaderImage(const Packet& packet,
                const Ipv4Header& header,
                bool checksum,
                size_t limit = HEADER_BYTES);

    /// What the core may edit: IP header on.
    isb::MutableBytes
    Bytes()
    {
        return {m_bytes.data(), m_size};
    }

    /// Total length of the packet, IP header included.
    size_t
    PacketLength() const
    {
        return m_packetLength;
    }

    /// Writes the edits into `header`; returns the packet itself when its own bytes stand
    /// unchanged, else an edited copy.
    Ptr<const Packet> Restore(Ptr<const Packet> packet, Ipv4Header& header) const;

    /// Splits a complete packet (IP header without options on) into ns-3's form.
    static Ptr<Packet> Split(isb::ByteView bytes, Ipv4Header& header);

  private:
    size_t ChangedBytes() const;

    static constexpr size_t IP_HEADER = 20;

    std::array<uint8_t, MOST_BYTES> m_bytes;
    std::array<uint8_t, MOST_BYTES - IP_HEADER> m_before; ///< as m_bytes, without IP header
    size_t m_size;
    size_t m_packetLength;
};

} // namespace ns3

#endif
