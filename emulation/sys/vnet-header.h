// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_VNET_HEADER_H
#define ISB_EMULATION_SYS_VNET_HEADER_H

#include <cstddef>
#include <cstdint>

namespace isb
{

/// What of a packet is left undone: the virtio-net header that stands in front of each packet of a
/// TUN interface (virtio 1.2 section 5.1.6, legacy form). The machine's byte order.
struct VnetHeader
{
    static constexpr uint8_t NEEDS_CHECKSUM = 1; ///< in `flags`

    static constexpr uint8_t GSO_NONE = 0;
    static constexpr uint8_t GSO_TCP4 = 1;
    static constexpr uint8_t GSO_TCP6 = 4;
    static constexpr uint8_t GSO_UDP_L4 = 5; ///< a series of UDP datagrams (USO)
    static constexpr uint8_t GSO_ECN = 0x80; ///< a bit beside TCP's: CWR on the first one only

    uint8_t flags = 0;
    uint8_t gsoType = GSO_NONE;
    uint16_t headerLength = 0;   ///< bytes of IP and transport header together; a hint
    uint16_t gsoSize = 0;        ///< payload bytes of each segment but the last
    uint16_t checksumStart = 0;  ///< offset of the transport header
    uint16_t checksumOffset = 0; ///< of the checksum field in it; it holds the pseudo-header's sum

    [[nodiscard]] bool
    NeedsChecksum() const
    {
        return (flags & NEEDS_CHECKSUM) != 0;
    }

    [[nodiscard]] bool
    IsSegmented() const
    {
        return gsoType != GSO_NONE;
    }
};

inline constexpr size_t VNET_HEADER_SIZE = 10;
static_assert(sizeof(VnetHeader) == VNET_HEADER_SIZE);

} // namespace isb

#endif
