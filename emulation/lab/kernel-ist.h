// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_KERNEL_IST_H
#define ISB_EMULATION_LAB_KERNEL_IST_H

#include "emulation/carrier/splice-carrier.h"
#include "emulation/sys/network-namespace.h"

#include <memory>
#include <string>

namespace isb
{

/// Attaches the eBPF carrier to the device of a host of a Lab. It is gone with the object, also
/// when the process is killed: its pins are in a file system that only this process sees. Every
/// call is made in the host's namespace.
///
/// \param space the host's; must outlive the carrier
/// \param name tells the carriers of a process apart
/// \param device of the host, "eth0"
/// \param capacity splices at once
/// \returns the carrier, or why there is none on this machine
[[nodiscard]] Result<std::unique_ptr<SpliceCarrier>> AttachKernelIst(const NetworkNamespace& space,
                                                                     const std::string& name,
                                                                     const std::string& device,
                                                                     size_t capacity);

} // namespace isb

#endif
