// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_NAMESPACE_H
#define ISB_EMULATION_CARRIER_BPF_NAMESPACE_H

#include <cstdint>
#include <optional>
#include <string>

namespace isb
{

/// The inode by which this thread's network namespace is known. Throws SystemError.
[[nodiscard]] uint64_t NetworkNamespaceInode();

/// Where a network namespace can be entered: a name of /run/netns, a mount, or what a process has
/// of it. Nothing: it is gone, as far as this process may look.
[[nodiscard]] std::optional<std::string> PathOfNamespace(uint64_t inode);

} // namespace isb

#endif
