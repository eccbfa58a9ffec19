// SPDX-License-Identifier: GPL-2.0-or-later
// What this program is built with: CMake defines ISB_HAS_CARRIER_* for the carriers that there are.
#include "emulation/ist/carrier-access.h"

#ifdef ISB_HAS_CARRIER_BPF
#include "emulation/ist/bpf-access.h"
#endif
#ifdef ISB_HAS_CARRIER_MODULE
#include "emulation/ist/module-access.h"
#endif
#ifdef ISB_HAS_CARRIER_TUN
#include "emulation/ist/tun-access.h"
#endif

namespace isb
{

std::vector<std::unique_ptr<CarrierAccess>>
MakeCarrierAccess()
{
    std::vector<std::unique_ptr<CarrierAccess>> all;
#ifdef ISB_HAS_CARRIER_BPF
    all.push_back(MakeBpfAccess());
#endif
#ifdef ISB_HAS_CARRIER_MODULE
    all.push_back(MakeModuleAccess());
#endif
#ifdef ISB_HAS_CARRIER_TUN
    all.push_back(MakeTunAccess());
#endif
    return all;
}

} // namespace isb
