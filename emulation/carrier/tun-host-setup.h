// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_TUN_HOST_SETUP_H
#define ISB_EMULATION_CARRIER_TUN_HOST_SETUP_H

#include "emulation/carrier/capability-report.h"
#include "emulation/carrier/tun-options.h"
#include "model/wire/ip-endpoint.h"

#include <string>
#include <vector>

namespace isb
{

/// The options with their gaps filled in: without addresses, those of the devices. Throws
/// std::invalid_argument when they contradict themselves or this host.
[[nodiscard]] TunOptions CompletedOptions(TunOptions options);

/// Throws std::runtime_error, with the command that helps, unless this host forwards what comes in
/// by the devices, in each family of the addresses: the way to a TUN interface is a route.
void DemandForwarding(const TunOptions& options);

/// Lets packets of this host's own addresses in by the TUN interface. Needs CAP_NET_ADMIN;
/// SystemError says what was tried.
void AdmitOwnSources(const TunOptions& options);

/// What the carrier needs of this machine.
[[nodiscard]] CapabilityReport ProbeTun();

} // namespace isb

#endif
