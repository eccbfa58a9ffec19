// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_SOCKETS_H
#define ISB_EMULATION_METER_TRAFFIC_SOCKETS_H

#include "emulation/sys/descriptor.h"
#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <sys/socket.h>

namespace isb
{

/// An endpoint as the socket calls take it.
struct SocketAddress
{
    sockaddr_storage storage{};
    socklen_t size = 0;

    explicit SocketAddress(const IpEndpoint& endpoint);

    [[nodiscard]] const sockaddr* Get() const;
};

/// The same address, a port further on.
[[nodiscard]] IpEndpoint PortFurther(const IpEndpoint& endpoint, uint64_t steps);

/// A socket of `type` (SOCK_STREAM, SOCK_DGRAM, with flags) for the family, bound to `port` when
/// that is not 0; the port may be shared with closed connections. Throws SystemError.
[[nodiscard]] Descriptor OpenTrafficSocket(ist_family family, int type, uint64_t port);

void SetNonBlocking(int socket, bool on);

/// True when it is readable (or over) before `patience` nanoseconds have passed.
[[nodiscard]] bool WaitReadable(int socket, uint64_t patience);

} // namespace isb

#endif
