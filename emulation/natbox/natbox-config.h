// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_NATBOX_CONFIG_H
#define ISB_EMULATION_NATBOX_NATBOX_CONFIG_H

#include "emulation/sys/network-interface.h"
#include "model/core/impair/impairment-settings.h"
#include "model/core/nat/nat-settings.h"
#include "model/lab/parse-lab.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// One side of a natbox.
struct NatboxSide
{
    std::string device;                      ///< name of the TUN interface
    std::optional<InterfaceAddress> address; ///< of the kernel's end
    uint16_t mtu = 1500;
    ImpairmentSettings impairment; ///< of what comes in on this side, before it is translated
};

/// What a natbox is to do: a file as doc/natbox.md describes it.
struct NatboxConfig
{
    std::string name = "natbox"; ///< how events call it
    NatboxSide inside;
    NatboxSide outside;
    NatSettings nat;
    std::string statistics;       ///< path of the unix socket; empty: none
    std::optional<uint64_t> seed; ///< nothing: the operating system's random numbers
    bool offload = true;          ///< large segments pass whole where nothing forbids it
};

/// A configuration, or why there is none: never both.
struct [[nodiscard]] ParsedNatboxConfig
{
    std::optional<NatboxConfig> config;
    std::vector<LabError> errors; ///< by line
};

/// Reads and checks the text of a file (TOML). Never throws on any text.
ParsedNatboxConfig ParseNatboxConfig(std::string_view text, std::string_view sourceName);

/// The key of `[natbox]` that differs and that a running natbox cannot change; empty: none.
[[nodiscard]] std::string_view FindFixedChange(const NatboxConfig& running,
                                               const NatboxConfig& wanted);

} // namespace isb

#endif
