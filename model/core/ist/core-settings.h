// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_CORE_SETTINGS_H
#define ISB_CORE_IST_CORE_SETTINGS_H

#include "model/core/ist/ist-settings.h"
#include "model/splice/ist-state.h"
#include "model/wire/units.h"

#include <cstdint>

namespace isb
{

/// Times as the splice core counts them.
[[nodiscard]] inline uint64_t
Nanoseconds(Duration value)
{
    return static_cast<uint64_t>(value.count());
}

/// An engine's settings as the splice core takes them.
[[nodiscard]] ist_settings CoreSettingsOf(const IstSettings& settings);

[[nodiscard]] ist_method CoreMethodOf(SpliceMethod method);

} // namespace isb

#endif
