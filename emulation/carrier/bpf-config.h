// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_CONFIG_H
#define ISB_EMULATION_CARRIER_BPF_CONFIG_H

#include "emulation/carrier/bpf-pins.h"
#include "kernel/uapi/ist-maps.h"
#include "model/core/ist/ist-settings.h"

namespace isb
{

/// Settings as the programs read them, apart from what they are told of the devices.
[[nodiscard]] ist_config BpfConfigOf(const IstSettings& settings);

/// An address as the table of own addresses has it.
[[nodiscard]] ist_own_key BpfOwnKey(const IpAddress& address);

/// The pinned configuration. They throw SystemError.
[[nodiscard]] ist_config ReadBpfConfig(const BpfPins& pins);
void WriteBpfConfig(const BpfPins& pins, const ist_config& config);

} // namespace isb

#endif
