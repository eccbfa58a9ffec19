// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_NETWORK_DEVICES_H
#define ISB_EMULATION_IST_NETWORK_DEVICES_H

#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// The network devices of this thread's namespace, as the kernel orders them.
[[nodiscard]] std::vector<std::string> NetworkDevices();

/// What is wrong with the first of `wanted` that is no device here, with the name that may have
/// been meant; nothing when all are there.
[[nodiscard]] std::optional<std::string> UnknownDevice(const std::vector<std::string>& wanted);

} // namespace isb

#endif
