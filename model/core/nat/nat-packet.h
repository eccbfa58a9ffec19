// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_PACKET_H
#define ISB_CORE_NAT_NAT_PACKET_H

#include "model/core/nat/nat-drop.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/endpoint.h"
#include "model/wire/packet-view.h"

#include <cstdint>

namespace isb
{

// What a NAT and a filter ask of a packet alike.

/// A host's address: not 0/8, loopback, multicast, reserved or broadcast (RFC 1122
/// section 3.2.1.3).
[[nodiscard]] inline bool
IsHost(Ipv4 address)
{
    const uint32_t network = address.value >> 24;
    return network != 0 && network != 127 && network < 224;
}

/// UDP, TCP or ICMP.
[[nodiscard]] inline bool
IsTracked(uint8_t protocolNumber)
{
    return protocolNumber == static_cast<uint8_t>(Protocol::Icmp) ||
           protocolNumber == static_cast<uint8_t>(Protocol::Tcp) ||
           protocolNumber == static_cast<uint8_t>(Protocol::Udp);
}

/// Why a packet that cannot be read is dropped.
[[nodiscard]] inline NatDrop
FaultOf(const PacketView& view)
{
    const bool isCut = view.Fault() == "short" || view.Fault() == "tcp-offset";
    return isCut && view.HasMoreFragments() ? NatDrop::TinyFragment : NatDrop::Malformed;
}

/// The flow that traces name.
[[nodiscard]] inline FlowKey
FlowOf(const PacketView& view)
{
    return {view.Protocol(), view.SourceEndpoint(), view.DestinationEndpoint()};
}

} // namespace isb

#endif
