// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_STUN_RESPONDER_H
#define ISB_CORE_STUN_STUN_RESPONDER_H

#include "model/core/stun/stun-server-settings.h"
#include "model/wire/stun-message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// The endpoints of a server of up to two addresses and two ports, and which lies opposite.
///
///     primary:port    | primary:otherPort
///     ----------------+------------------     opposite = the other address and the other port
///     alternate:port  | alternate:otherPort
class StunEndpoints
{
  public:
    explicit StunEndpoints(const StunServerSettings& settings);

    /// All of them, in a fixed order.
    [[nodiscard]] std::vector<Endpoint> All() const;
    /// Where an answer comes from that was asked for at `local`; nothing when there is none such.
    [[nodiscard]] std::optional<Endpoint> Changed(Endpoint local, StunChange change) const;

  private:
    Ipv4 m_primary;
    Ipv4 m_alternate;
    uint16_t m_port;
    uint16_t m_otherPort;
};

/// A request as it came.
struct StunRequest
{
    const StunMessage& message;
    Protocol protocol = Protocol::Udp;
    Endpoint local;   ///< where it came to
    Endpoint source;  ///< from where
    size_t bytes = 0; ///< its length
};

/// What is to be done about a request.
struct StunAnswer
{
    std::vector<uint8_t> bytes; ///< the response; empty: none
    Endpoint from;
    Endpoint to;
    bool isError = false;
    std::string_view silence;       ///< why there is none: "stun.not-a-request"; static
    std::optional<StunChange> call; ///< CONNECT-FROM: open a connection to the source
};

/// What a server answers, as a pure function (RFC 8489 section 6.3, RFC 5780 section 6, RFC 3489
/// section 8.1).
///
/// - A client of RFC 3489 (no cookie) gets MAPPED-ADDRESS, SOURCE-ADDRESS, CHANGED-ADDRESS and no
///   attribute that it could not skip; RESPONSE-ADDRESS is refused: it makes a reflector.
/// - SOFTWARE is for clients that introduce themselves by it, FINGERPRINT for those that use it.
/// - PADDING of a response makes it as long as the request, never longer (promise T2; RFC 5780
///   section 6.1 would have the length of the interface's MTU).
/// - What this server cannot do, because it has one address, one port, or the request came over
///   TCP, is an unknown attribute: error 420 (a client of RFC 3489 that asks for an answer from
///   elsewhere gets none at all: some take an error for the answer).
[[nodiscard]] StunAnswer AnswerStun(const StunRequest& request,
                                    const StunEndpoints& endpoints,
                                    std::string_view software);

} // namespace isb

#endif
