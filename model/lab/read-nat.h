// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_READ_NAT_H
#define ISB_LAB_READ_NAT_H

#include "model/core/nat/nat-settings.h"
#include "model/lab/table-reader.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// A NAT as a section says it. Its own address and its internal subnets come from elsewhere.
struct NatDraft
{
    /// One internal endpoint of a forward, by the name or address of its host.
    struct Target
    {
        size_t forward = 0; ///< index into settings.forwards
        std::string host;
        uint16_t port = 0;
        size_t line = 1;
    };

    NatSettings settings;
    size_t externals = 1;        ///< external addresses, the box's own among them
    std::vector<Target> targets; ///< where forwards lead; settings.forwards[].internal are empty
    size_t line = 1;
};

/// Key `nat` of a section: a preset's name, or a table of its own, which errors call by `where`
/// ("[box.nat]"). Without the key, the default preset.
void ReadNat(TableReader& section, const std::string& where, NatDraft& nat);

/// Fills in where forwards lead.
/// @param find the address of a host by its name; not asked about what is an address already
void ResolveForwards(NatDraft& nat,
                     LabFaults& faults,
                     const std::function<std::optional<Ipv4>(const std::string&)>& find);

} // namespace isb

#endif
