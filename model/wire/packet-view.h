// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_PACKET_VIEW_H
#define ISB_WIRE_PACKET_VIEW_H

#include "model/splice/ist-packet.h"
#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isb
{

/// The headers of one IPv4 packet as values in host byte order, read once by the splice core's
/// parser. Holds no pointer to the bytes. Checksums are not looked at.
class PacketView
{
  public:
    /// Reads the first bytes of a packet from its IPv4 header on; IST_HEADER_MAX always suffice.
    /// \param header the bytes that are there
    /// \param packetLength bytes of the whole packet; its own total length may be less (padding)
    /// \return false when the headers cannot be read; Fault() then says why
    [[nodiscard]] bool
    Read(ByteView header, size_t packetLength)
    {
        constexpr size_t MOST = 65535;
        m_fault = ist_packet_parse(&m_packet,
                                   header.data,
                                   static_cast<uint32_t>(std::min(header.size, MOST)),
                                   static_cast<uint32_t>(std::min(packetLength, MOST)));
        return m_fault == 0;
    }

    /// "header-length", "udp-length", ...; "ok" after a successful Read().
    [[nodiscard]] std::string_view
    Fault() const
    {
        return ist_parse_error_name(m_fault);
    }

    /// True when the only fault is a protocol other than TCP, UDP and ICMP: the fields of the IP
    /// header are valid then.
    [[nodiscard]] bool
    IsOtherProtocol() const
    {
        return m_fault == IST_ERROR_PROTOCOL;
    }

    /// \name IPv4 header
    /// @{
    [[nodiscard]] Ipv4
    Source() const
    {
        return Ipv4{m_packet.tuple.source.word[0]};
    }

    [[nodiscard]] Ipv4
    Destination() const
    {
        return Ipv4{m_packet.tuple.destination.word[0]};
    }

    /// IP protocol number; TCP, UDP or ICMP except in a later fragment.
    [[nodiscard]] uint8_t
    ProtocolNumber() const
    {
        return m_packet.protocol;
    }

    [[nodiscard]] isb::Protocol
    Protocol() const
    {
        return static_cast<isb::Protocol>(m_packet.protocol);
    }

    [[nodiscard]] uint8_t
    Ttl() const
    {
        return m_packet.ttl;
    }

    /// Bytes of the IP packet, header included.
    [[nodiscard]] uint16_t
    TotalLength() const
    {
        return m_packet.total_length;
    }

    [[nodiscard]] uint16_t
    Identification() const
    {
        return static_cast<uint16_t>(m_packet.identification);
    }

    /// In bytes; zero for a whole packet and for a first fragment.
    [[nodiscard]] uint16_t
    FragmentOffset() const
    {
        return m_packet.fragment_offset;
    }

    [[nodiscard]] bool
    HasMoreFragments() const
    {
        return (m_packet.flags & IST_PACKET_MORE_FRAGMENTS) != 0;
    }

    [[nodiscard]] bool
    DontFragment() const
    {
        return (m_packet.flags & IST_PACKET_DONT_FRAGMENT) != 0;
    }

    /// True for a fragment without transport header; ports and flags are zero then.
    [[nodiscard]] bool
    IsLaterFragment() const
    {
        return m_packet.fragment_offset != 0;
    }

    /// @}
    /// \name Transport header
    /// @{

    /// Offset of the transport header from the start of the packet.
    [[nodiscard]] size_t
    TransportOffset() const
    {
        return m_packet.transport_offset;
    }

    /// Offset of the payload from the start of the packet.
    [[nodiscard]] size_t
    PayloadOffset() const
    {
        return m_packet.header_length;
    }

    /// Transport payload in this packet (of a fragment: in this fragment).
    [[nodiscard]] size_t
    PayloadLength() const
    {
        return m_packet.payload_length;
    }

    /// For ICMP echo the port is the identifier, for other ICMP zero.
    [[nodiscard]] Endpoint
    SourceEndpoint() const
    {
        return {Source(), m_packet.tuple.source_port};
    }

    [[nodiscard]] Endpoint
    DestinationEndpoint() const
    {
        return {Destination(), m_packet.tuple.destination_port};
    }

    /// FIN, SYN, RST, PSH, ACK, URG, ECE, CWR as in byte 13 of the header; zero if not TCP.
    [[nodiscard]] uint8_t
    TcpFlags() const
    {
        return static_cast<uint8_t>(m_packet.tcp_flags);
    }

    [[nodiscard]] uint32_t
    Sequence() const
    {
        return m_packet.seq;
    }

    [[nodiscard]] uint32_t
    Acknowledgement() const
    {
        return m_packet.ack;
    }

    [[nodiscard]] uint8_t
    IcmpType() const
    {
        return m_packet.icmp_type;
    }

    [[nodiscard]] uint8_t
    IcmpCode() const
    {
        return m_packet.icmp_code;
    }

    /// @}

    /// All of it, for the splice core.
    [[nodiscard]] const ist_packet&
    Fields() const
    {
        return m_packet;
    }

  private:
    ist_packet m_packet{};
    int m_fault = IST_ERROR_SHORT;
};

} // namespace isb

#endif
