// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_IO_OFFLOAD_RIG_H
#define ISB_TESTS_EMULATION_IO_OFFLOAD_RIG_H

#include "emulation/sys/vnet-header.h"
#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

using Packet = std::vector<uint8_t>;

inline Packet
Payload(size_t size)
{
    Packet payload(size);
    for (size_t i = 0; i < size; ++i)
    {
        payload[i] = static_cast<uint8_t>(i * 7 + i / 251);
    }
    return payload;
}

/// What the kernel hands over with offload on: the checksum field holds the pseudo header's sum.
struct Offloaded
{
    VnetHeader header;
    Packet packet;
};

/// Takes the transport checksum of a complete TCP or UDP packet without IP options away.
/// \param gsoSize payload bytes of a segment; 0: the packet is no large one
inline Offloaded
Offload(Packet packet, uint16_t gsoSize = 0)
{
    constexpr size_t TRANSPORT = 20;
    const bool isTcp = packet[9] == static_cast<uint8_t>(Protocol::Tcp);
    const size_t field = isTcp ? 16 : 6;
    uint32_t sum = packet[9] + static_cast<uint32_t>(packet.size() - TRANSPORT);
    for (size_t i = 12; i < TRANSPORT; i += 2)
    {
        sum += static_cast<uint32_t>(packet[i] << 8 | packet[i + 1]);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    packet[TRANSPORT + field] = static_cast<uint8_t>(sum >> 8);
    packet[TRANSPORT + field + 1] = static_cast<uint8_t>(sum);
    VnetHeader header;
    header.flags = VnetHeader::NEEDS_CHECKSUM;
    header.checksumStart = TRANSPORT;
    header.checksumOffset = static_cast<uint16_t>(field);
    if (gsoSize > 0)
    {
        header.gsoType = isTcp ? VnetHeader::GSO_TCP4 : VnetHeader::GSO_UDP_L4;
        header.gsoSize = gsoSize;
        header.headerLength = static_cast<uint16_t>(TRANSPORT + (isTcp ? 20 : 8));
    }
    return {header, packet};
}

} // namespace isb

#endif
