// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_OFFLOAD_H
#define ISB_EMULATION_IO_OFFLOAD_H

#include "emulation/sys/vnet-header.h"
#include "model/wire/bytes.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// What a VnetHeader says about an IPv4 or IPv6 packet, checked against the packet.
struct OffloadedPacket
{
    size_t transport = 0;     ///< offset of the transport header
    size_t payload = 0;       ///< offset of the payload; zero when not known to be needed
    size_t checksumField = 0; ///< offset of a checksum that is not yet computed; zero: all are
    size_t wireLength = 0;    ///< bytes of the largest packet that it will be on a wire
};

/// Reads them together; nothing when they contradict each other or are truncated. The packet has a
/// whole IP header; behind IPv6's, work is left undone only right in front of TCP or UDP.
[[nodiscard]] std::optional<OffloadedPacket> ReadOffload(const VnetHeader& header, ByteView packet);

/// Keeps a checksum that is not yet computed right while addresses and ports change.
///
/// Such a field holds the sum of the pseudo header, not inverted; ports are summed by whoever
/// computes the checksum, so only the change of the addresses belongs into it (RFC 1624).
class PartialChecksum
{
  public:
    /// Remembers what stands in the packet, before it is changed.
    PartialChecksum(const OffloadedPacket& offloaded, ByteView packet);
    /// Writes the field for the addresses that stand there now.
    /// \param shift bytes that the field has moved by towards the end of the packet
    void Restore(MutableBytes packet, std::ptrdiff_t shift = 0) const;

  private:
    size_t m_field;
    uint32_t m_addresses = 0; ///< their sum
    uint16_t m_sum = 0;
};

/// The packets that the packet is on a wire: itself with its checksum, or the segments of a large
/// one (RFC 9293 headers repeated, IP identifications counting up, FIN and PSH on the last only).
[[nodiscard]] std::vector<std::vector<uint8_t>> SplitOffloaded(const VnetHeader& header,
                                                               const OffloadedPacket& offloaded,
                                                               ByteView packet);

} // namespace isb

#endif
