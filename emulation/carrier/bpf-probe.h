// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_PROBE_H
#define ISB_EMULATION_CARRIER_BPF_PROBE_H

#include "emulation/carrier/bpf-carrier.h"
#include "emulation/carrier/capability-report.h"

#include <string>

namespace isb
{

/// What this machine, this process and the devices named let the eBPF carrier do. Loads programs of
/// a few instructions that the kernel forgets at once; attaches and changes nothing.
[[nodiscard]] CapabilityReport ProbeBpf(const BpfProbeOptions& options);

/// What of a device matters to the carrier; `xdp` None: only that it is there.
void ProbeDevice(CapabilityReport& report, const std::string& device, XdpMode xdp);

} // namespace isb

#endif
