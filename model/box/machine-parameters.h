// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_MACHINE_PARAMETERS_H
#define ISB_BOX_MACHINE_PARAMETERS_H

#include "model/wire/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// What is known about a machine: its costs (they occupy the CPU), its latencies (they take time
/// but no CPU) and its buffers. Origin and reason of each value are in MachineParameterTable();
/// doc/box.md prints them. Costs are for one frame unless said otherwise.
struct MachineParameters
{
    // Device driver, hard-interrupt level (on-chip MAC) or softirq level (polled PCI NIC).
    Duration interruptCost{0};   ///< enter and leave one interrupt; shared by coalesced frames
    Duration receiveCost{0};     ///< take one frame out of the ring, allocate its buffer
    Duration transmitCost{0};    ///< queueing discipline and ring descriptor, softirq level
    Duration completionCost{0};  ///< free one sent frame, hard-interrupt level
    Duration pciRegisterCost{0}; ///< CPU stalled by one register read over PCI

    // IP, softirq level.
    Duration forwardCost{0};    ///< IP receive, route look-up, IP output
    Duration natCost{0};        ///< NAT look-up and rewrite, on top of forwardCost
    Duration spliceCost{0};     ///< IST look-up and rewrite, on top of forwardCost
    Duration walkCost{0};       ///< one table entry walked, when the NAT's table is a list
    Duration localCost{0};      ///< IP and UDP input up to the socket
    Duration tcpCost{0};        ///< TCP input and what it sets off, on top of localCost
    Duration reassemblyCost{0}; ///< queue one fragment and make one again; NAT, splice, local

    // Per byte, in picoseconds.
    int64_t copyPicoseconds = 0;     ///< one copy of one byte
    int64_t checksumPicoseconds = 0; ///< one byte read for a checksum (local delivery only)

    // Process level.
    Duration systemCallCost{0}; ///< one socket system call without its copy
    Duration wakeupCost{0};     ///< make a sleeping process run: schedule and switch to it

    // Latencies: frames wait, the CPU does not.
    Duration onChipLatency{0};   ///< frame received to interrupt taken, on-chip MAC
    Duration pciLatency{0};      ///< the same for the PCI NIC
    uint32_t pciMegahertz = 0;   ///< 32-bit PCI clock: bus time of a frame. 0: no bus
    Duration receiveLatency{0};  ///< stack latency from driver to IP
    Duration transmitLatency{0}; ///< stack latency from IP to the wire
    Duration untunedLatency{0};  ///< what the IST in the kernel waits besides its costs

    // Buffers.
    uint32_t onChipRing = 1;        ///< frames, receive ring of an on-chip MAC
    uint32_t pciRing = 1;           ///< frames, receive ring of a PCI NIC
    uint32_t transmitRing = 1;      ///< frames in the NIC, waiting to be sent
    uint32_t transmitQueue = 0;     ///< frames before the ring (txqueuelen)
    uint32_t backlog = 0;           ///< frames between interrupt and softirq, all on-chip MACs
    uint32_t pollQuota = 1;         ///< frames of one source before the next gets its turn
    uint32_t reassemblyMemory = 0;  ///< bytes of incomplete datagrams (ipfrag_high_thresh)
    uint32_t reassemblyLow = 0;     ///< bytes left after an eviction (ipfrag_low_thresh)
    Duration reassemblyTimeout{0};  ///< an incomplete datagram dies this long after its start
    uint32_t socketBuffer = 0;      ///< bytes that a socket of a local process holds
    uint32_t applicationBuffer = 0; ///< bytes one receive call of the IST process takes
};

/// Where the value of a parameter comes from.
enum class ParameterOrigin : uint8_t
{
    DataSheet,  ///< hardware data sheet or documented default of Linux 2.4
    ThesisText, ///< the thesis says it
    Fitted,     ///< set so that a claim comes out; that claim is then no prediction
    Assumption, ///< our estimate; the sentence says why
};

/// "data sheet", "thesis", "fitted", "assumption"
[[nodiscard]] std::string_view ToString(ParameterOrigin origin);

/// One parameter as text: keys of a scenario's [machine.NAME], rows of the report and of
/// doc/box.md.
struct MachineParameter
{
    std::string_view name;    ///< kebab case: "nat-cost"
    std::string_view unit;    ///< what Set() wants: "us", "ns/B", "MHz", "KiB", "frames"
    std::string_view meaning; ///< one sentence: what it is
    uint8_t index = 0;        ///< row in the table

    /// Value with unit: "14 us", "10 ns/B", "300 frames".
    [[nodiscard]] std::string Get(const MachineParameters& parameters) const;
    /// Reads "14 us". Returns the complaint, or nothing when the value was set.
    [[nodiscard]] std::optional<std::string> Set(MachineParameters& parameters,
                                                 std::string_view text) const;
};

/// All parameters in the order of the struct.
[[nodiscard]] const std::vector<MachineParameter>& MachineParameterTable();

/// Row of that name, or null.
[[nodiscard]] const MachineParameter* FindMachineParameter(std::string_view name);

/// Why a preset has the value it has.
struct ParameterReason
{
    ParameterOrigin origin = ParameterOrigin::Assumption;
    uint8_t claim = 0;         ///< Fitted: number of the claim in the claims table, else 0
    std::string_view sentence; ///< the reason
};

/// Names of the presets: "ixp425", "pc-568".
[[nodiscard]] const std::vector<std::string_view>& MachinePresetNames();

/// Parameters of a preset; nothing for an unknown name.
[[nodiscard]] std::optional<MachineParameters> MachinePreset(std::string_view name);

/// Reason for one value of a preset. Both must exist.
[[nodiscard]] ParameterReason MachinePresetReason(std::string_view preset,
                                                  const MachineParameter& parameter);

} // namespace isb

#endif
