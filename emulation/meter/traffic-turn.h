// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_TURN_H
#define ISB_EMULATION_METER_TRAFFIC_TURN_H

#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>

namespace isb
{

/// As much of a TURN client (RFC 8656) as traffic through a relay needs: one UDP allocation without
/// credentials and one channel. Not: authentication, refreshing (both outlive a bench), TCP, IPv6.
class TrafficTurn
{
  public:
    static constexpr size_t HEADER = 4;         ///< bytes before each payload on the channel
    static constexpr uint16_t CHANNEL = 0x4000; ///< RFC 8656 section 12

    /// Allocates and binds the channel to `peer` on a connected blocking UDP socket. Throws
    /// TrafficFault when the server refuses or is silent.
    static void Open(int socket, Endpoint peer);

    /// Binds the channel again: a permission lasts 5 minutes (RFC 8656 section 9).
    static void Bind(int socket, Endpoint peer);

    /// Writes the ChannelData header of a payload of `size` bytes.
    static void WriteHeader(uint8_t* header, size_t size);
};

} // namespace isb

#endif
