// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_ICMP_SOCKET_H
#define ISB_EMULATION_SYS_ICMP_SOCKET_H

#include "emulation/sys/descriptor.h"
#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// Copies of the ICMP errors about packets that this host receives (destination unreachable, packet
/// too big, time exceeded, parameter problem). Never blocks.
class IcmpSocket
{
  public:
    /// What was received. The kernel has seen that the checksum is right.
    struct Message
    {
        IpAddress source;      ///< IPv6 only
        IpAddress destination; ///< IPv6 only
        /// IPv4: the packet with its header; IPv6: the message behind the headers.
        std::vector<uint8_t> bytes;
    };

    /// \param family IST_FAMILY_IPV4 or IST_FAMILY_IPV6. Needs CAP_NET_RAW; SystemError says what
    /// was tried.
    explicit IcmpSocket(uint8_t family);

    /// The next message; nothing: none is there.
    [[nodiscard]] std::optional<Message> Receive();

    [[nodiscard]] int
    Get() const
    {
        return m_socket.Get();
    }

  private:
    uint8_t m_family;
    Descriptor m_socket;
};

} // namespace isb

#endif
