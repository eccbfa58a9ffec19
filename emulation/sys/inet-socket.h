// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_INET_SOCKET_H
#define ISB_EMULATION_SYS_INET_SOCKET_H

#include "emulation/sys/descriptor.h"
#include "model/wire/endpoint.h"

#include <string>

/// IPv4 sockets as the drivers of machines need them: none blocks, all are closed on exec, made in
/// the network namespace of the calling thread. What the network or a peer does wrong is errno's
/// value, not an exception.
namespace isb
{

/// A socket, or why there is none.
struct OpenedSocket
{
    Descriptor socket;
    int error = 0; ///< errno's value; 0: it is open
};

/// A listening TCP socket. Connections may be made from its port; a second listener there is
/// refused with EADDRINUSE.
[[nodiscard]] OpenedSocket OpenListener(Endpoint local);

/// A bound UDP socket.
[[nodiscard]] OpenedSocket OpenDatagram(Endpoint local);

/// A TCP socket that connects: when it can be written, TakeError() says how it went. `from` may be
/// a port on which a listener waits or from which other connections were made.
[[nodiscard]] OpenedSocket StartConnection(Endpoint from, Endpoint to);

/// The next connection of a listener, and who made it. EAGAIN: there is none.
[[nodiscard]] OpenedSocket AcceptConnection(int listener, Endpoint& peer);

/// The socket's own endpoint; 0.0.0.0:0 when it has none.
[[nodiscard]] Endpoint LocalEndpoint(int socket);

/// The address from which this host sends to another one; 0.0.0.0: there is no route.
[[nodiscard]] Ipv4 SourceAddressTowards(Endpoint to);

/// The pending error of a socket, which is thereby forgotten; 0: none.
[[nodiscard]] int TakeError(int socket);

/// Closing it will reset the connection.
void ResetOnClose(int socket);

/// Throws away what came and was not read, so that closing says FIN and not RST.
void DiscardInput(int socket);

/// A closed connection that still has bytes to deliver gives up after a minute without progress.
void LimitUnsent(int socket);

/// The datagram went to the network.
[[nodiscard]] bool SendDatagram(int socket, Endpoint to, const void* bytes, size_t size);

/// A datagram's size and source; negative: none waits.
[[nodiscard]] ssize_t ReceiveDatagram(int socket, Endpoint& from, void* buffer, size_t size);

/// "connection refused", as machines pass it on.
[[nodiscard]] std::string FailureText(int error);

} // namespace isb

#endif
