// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-settings.h"

namespace isb
{

std::string_view
ToString(SpliceMethod method)
{
    switch (method)
    {
    case SpliceMethod::Passive:
        return "passive";
    case SpliceMethod::Pure:
        return "pure";
    case SpliceMethod::Active:
        return "active";
    case SpliceMethod::Udp:
        return "udp";
    }
    return "?";
}

} // namespace isb
