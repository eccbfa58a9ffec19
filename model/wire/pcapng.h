// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_PCAPNG_H
#define ISB_WIRE_PCAPNG_H

#include "model/wire/bytes.h"
#include "model/wire/units.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace isb
{

/// What the captured bytes of an interface begin with (tcpdump.org/linktypes.html).
enum class PcapngLinkType : uint16_t
{
    Ethernet = 1,
    Raw = 101, ///< the IPv4 or IPv6 header
};

// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little endian. A file is one section header,
// then interface descriptions, numbered from 0 in this order, and packets that name them; an
// interface comes before its first packet. Comments and names are UTF-8; empty ones are left out.

/// Section header block, the start of a file.
/// \param application the program that writes ("isblab 0.1.0")
[[nodiscard]] std::vector<uint8_t> PcapngSection(std::string_view application,
                                                 std::string_view comment = {});

/// Interface description block; timestamps of its packets are in nanoseconds.
/// \param name "box:pci0"
[[nodiscard]] std::vector<uint8_t> PcapngInterface(PcapngLinkType linkType,
                                                   std::string_view name,
                                                   std::string_view comment = {});

/// Enhanced packet block.
/// \param interface number of the packet's interface in this file
/// \param when not negative
/// \param bytes what was captured of the packet
/// \param originalLength bytes of the packet on the wire, at least as many as were captured
[[nodiscard]] std::vector<uint8_t> PcapngPacket(uint32_t interface,
                                                TimePoint when,
                                                ByteView bytes,
                                                uint32_t originalLength,
                                                std::string_view comment = {});

} // namespace isb

#endif
