// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_CAPABILITIES_H
#define ISB_EMULATION_SYS_CAPABILITIES_H

namespace isb
{

/// True when this process may configure networks (CAP_NET_ADMIN is effective).
[[nodiscard]] bool MayAdministerNetworks();

/// Gives up every capability for good, also for programs that this process starts, whatever user it
/// runs as. SystemError when the kernel refuses.
void DropCapabilities();

} // namespace isb

#endif
