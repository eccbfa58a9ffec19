// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_MODULE_ACCESS_H
#define ISB_EMULATION_IST_MODULE_ACCESS_H

#include "emulation/ist/carrier-access.h"

#include <memory>

namespace isb
{

[[nodiscard]] std::unique_ptr<CarrierAccess> MakeModuleAccess();

} // namespace isb

#endif
