// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_CAPABILITY_REPORT_H
#define ISB_EMULATION_CARRIER_CAPABILITY_REPORT_H

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace isb
{

/// One thing that a carrier needs or profits from, and whether this machine has it.
struct Capability
{
    std::string what; ///< "CAP_BPF", "kernel", "eth0: transmit checksum offload"
    bool present = false;
    bool needed = true; ///< false: the carrier works without it, `detail` says what is lost
    std::string detail; ///< present: what was found; else why not, and what would help
};

/// What a carrier can do on this machine, and why not. Made by probing: it changes nothing.
struct CapabilityReport
{
    std::string carrier; ///< "bpf", "bpf+xdp", "module", "tun"
    std::vector<Capability> capabilities;

    void
    Found(std::string what, std::string detail = {})
    {
        capabilities.push_back({std::move(what), true, true, std::move(detail)});
    }

    /// Something without which the carrier does not work at all.
    void
    Missing(std::string what, std::string detail)
    {
        capabilities.push_back({std::move(what), false, true, std::move(detail)});
    }

    /// Something without which the carrier works less well.
    void
    Lacking(std::string what, std::string detail)
    {
        capabilities.push_back({std::move(what), false, false, std::move(detail)});
    }

    /// True when nothing that is needed is missing.
    [[nodiscard]] bool
    IsUsable() const
    {
        return std::all_of(capabilities.begin(),
                           capabilities.end(),
                           [](const Capability& one) { return one.present || !one.needed; });
    }
};

} // namespace isb

#endif
