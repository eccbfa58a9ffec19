// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_OBJECTS_H
#define ISB_EMULATION_CARRIER_BPF_OBJECTS_H

#include "emulation/carrier/bpf-attach-options.h"
#include "emulation/carrier/bpf-pins.h"
#include "emulation/carrier/bpf-record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// The version of maps and programs that this program makes and understands.
[[nodiscard]] uint32_t BpfObjectVersion();

/// The index of a device in the table of devices of its place in the record: 0 stays empty there.
inline constexpr uint32_t FIRST_DEVICE_INDEX = 1;

/// Loads the tc programs with maps of the sizes that the settings ask for, fills them and pins
/// everything. Throws SystemError, with the verifier's log if `options.verbose`.
void LoadTcObjects(const BpfPins& pins,
                   const BpfAttachOptions& options,
                   const std::vector<IpAddress>& addresses);

/// Loads the XDP program on the maps that are pinned already and pins it.
void LoadXdpObjects(const BpfPins& pins, bool verbose);

/// Tells the programs of the devices of a record: before any of them is attached.
void FillDevices(const BpfPins& pins, const BpfRecord& record);

/// Tells the programs which devices take packets that XDP redirects: a driver may know only once
/// XDP is attached.
void FillXdpTargets(const BpfPins& pins, const BpfRecord& record);

/// The pinned program for packets of a device, which come with or without an Ethernet header.
[[nodiscard]] std::string TcProgramFor(const BpfRecordDevice& device);

} // namespace isb

#endif
