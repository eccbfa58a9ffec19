// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_DEVICE_H
#define ISB_EMULATION_CARRIER_BPF_DEVICE_H

#include "emulation/carrier/bpf-attach-options.h"
#include "emulation/carrier/bpf-record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

// Programs on one device of this thread's network namespace. They throw SystemError.

/// A device by its name; `interface` is 0 when there is none.
[[nodiscard]] BpfRecordDevice FindDevice(const std::string& name);

/// Notes in the record what AttachTc() is about to do, so that it can be undone from there on.
void PrepareTc(BpfRecordDevice& device, int program);
/// Puts a program on clsact's ingress behind the filters that are there; makes the qdisc if needed.
void AttachTc(BpfRecordDevice& device, int program);

void PrepareXdp(BpfRecordDevice& device, int program, XdpMode mode);
/// Puts a program on XDP. Another program that is there already stays, and is an error.
void AttachXdp(const BpfRecordDevice& device, int program);

/// Whether the programs of the record are on the device.
[[nodiscard]] bool IsTcAttached(const BpfRecordDevice& device);
[[nodiscard]] bool IsXdpAttached(const BpfRecordDevice& device);

/// Whether packets that XDP redirects to the device are sent: in generic mode always, in native
/// mode if its driver says so. Kernels before 6.3 do not tell; there a veth device does not.
[[nodiscard]] bool TakesRedirected(const BpfRecordDevice& device);

/// Takes off what the record says, as far as it is still there, and a qdisc of ours that is then
/// empty. True: a qdisc of ours stays, as others have filters on it.
bool DetachFrom(const BpfRecordDevice& device);

/// The id of a program. Throws SystemError.
[[nodiscard]] uint32_t ProgramId(int program);

/// The IPv4 and IPv6 addresses of a device that are reachable from elsewhere: no link-local ones.
[[nodiscard]] std::vector<IpAddress> AddressesOf(const std::string& device);

/// Bytes of the largest IP packet. Throws SystemError.
[[nodiscard]] uint32_t MtuOf(const std::string& device);

} // namespace isb

#endif
