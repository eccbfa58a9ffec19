// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_TUN_OPTIONS_H
#define ISB_EMULATION_CARRIER_TUN_OPTIONS_H

#include "model/core/ist/ist-settings.h"

#include <string>
#include <vector>

namespace isb
{

/// What a TunCarrier is to do.
struct TunOptions
{
    /// Name of the TUN interface, which is made and goes with the carrier: 1 to 15 characters.
    std::string device = "ist0";
    /// Devices of this thread's network namespace that the users' packets come in by.
    std::vector<std::string> devices;
    /// Empty `addresses`: those that the devices have.
    IstSettings settings;
    /// Large segments pass whole and checksums unfinished; false: everything as on a wire.
    bool offload = true;
};

} // namespace isb

#endif
