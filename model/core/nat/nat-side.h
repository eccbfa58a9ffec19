// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_SIDE_H
#define ISB_CORE_NAT_NAT_SIDE_H

#include <cstdint>

namespace isb
{

/// The side of the NAT from which a packet comes.
enum class NatSide : uint8_t
{
    Inside,
    Outside,
};

} // namespace isb

#endif
