// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_MODULE_ANSWERS_H
#define ISB_EMULATION_CARRIER_MODULE_ANSWERS_H

#include "emulation/carrier/module-socket.h"
#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-engine.h"

namespace isb
{

/// Messages of the module as values of model/core/ist.
[[nodiscard]] IstSpliceInfo SpliceIn(const nlmsghdr& message);
[[nodiscard]] IstCounters CountersIn(const nlmsghdr& message);
[[nodiscard]] CarrierNews NewsIn(const nlmsghdr& message);

} // namespace isb

#endif
