// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_ATTACH_OPTIONS_H
#define ISB_EMULATION_CARRIER_BPF_ATTACH_OPTIONS_H

#include "model/core/ist/ist-settings.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// Whether packets of established splices take the short way, and where it begins.
enum class XdpMode : uint8_t
{
    None,    ///< everything on tc
    Native,  ///< in the driver, before a socket buffer is made; the driver must have it
    Generic, ///< in the stack: on any device, slower than tc
};

/// What BpfCarrier::Attach() is to do.
struct BpfAttachOptions
{
    /// Where a file system of type bpf is mounted; pins go to `bpffs`/isblab/`name`.
    std::string bpffs = "/sys/fs/bpf";
    /// Tells several ISTs of one machine apart: letters, digits, '-' and '_', at most 32.
    std::string name = "ist";
    /// Devices of this thread's network namespace that the users' packets come from: 1 to 16.
    std::vector<std::string> devices;
    XdpMode xdp = XdpMode::None;
    /// Empty `addresses`: those that the devices have now.
    IstSettings settings;
    /// An error carries the kernel verifier's log.
    bool verbose = false;
};

} // namespace isb

#endif
