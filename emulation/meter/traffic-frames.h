// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_FRAMES_H
#define ISB_EMULATION_METER_TRAFFIC_FRAMES_H

#include "emulation/meter/traffic-command.h"
#include "emulation/meter/traffic-datagrams.h"

namespace isb
{

/// Obeys "spread device=eth0 frame=HEX flows=N ms=T": sends an Ethernet frame with an IPv4 TCP or
/// UDP packet from N source addresses, which follow the one in the frame, in an order that no cache
/// foresees. Its checksums are kept right. Needs CAP_NET_RAW.
[[nodiscard]] DatagramCount SpreadFrames(const TrafficCommand& command);

} // namespace isb

#endif
