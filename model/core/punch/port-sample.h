// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_PUNCH_PORT_SAMPLE_H
#define ISB_CORE_PUNCH_PORT_SAMPLE_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstdint>

namespace isb
{

/// One observation of a NAT from behind it: whom a STUN server saw (RFC 8489) when it was asked
/// from a local port.
struct PortSample
{
    uint16_t local = 0; ///< source port on the host
    Endpoint server;    ///< who was asked
    Endpoint external;  ///< as whom the host was seen
    TimePoint when{0};  ///< of the answer
};

} // namespace isb

#endif
