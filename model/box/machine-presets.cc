// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/machine-parameters.h"

#include <array>
#include <cassert>
#include <cstddef>

namespace isb
{

namespace
{

/// One value of a preset, as a scenario would write it, and why.
struct Row
{
    std::string_view name;
    std::string_view value;
    ParameterReason reason;
};

constexpr ParameterReason
DataSheet(std::string_view sentence)
{
    return {ParameterOrigin::DataSheet, 0, sentence};
}

constexpr ParameterReason
Fitted(uint8_t claim, std::string_view sentence)
{
    return {ParameterOrigin::Fitted, claim, sentence};
}

constexpr ParameterReason
Assumption(std::string_view sentence)
{
    return {ParameterOrigin::Assumption, 0, sentence};
}

constexpr std::string_view UNUSED = "Not used by this machine.";

/// Intel IXP425, XScale 533 MHz, MontaVista Linux (2.4), thesis 5.3.
constexpr std::array<Row, 33> IXP425{{
    {"interrupt-cost", "1.5 us", Assumption("About 800 cycles: exception, dispatch, cold code.")},
    {"receive-cost", "3 us", Assumption("About 1,600 cycles: descriptor, skb allocation.")},
    {"transmit-cost", "3.5 us", Assumption("About 1,900 cycles: qdisc, driver, descriptor.")},
    {"completion-cost", "1 us", Assumption("About 500 cycles: skb freed.")},
    {"pci-register-cost", "1 us", Assumption("A PCI read through the bridge stalls the core.")},
    {"forward-cost",
     "8 us",
     Fitted(7,
            "About 4,300 cycles; the sum of a forwarded small frame stays below the sender's "
            "28 us, so that the forwarder loses nothing.")},
    {"nat-cost",
     "16 us",
     Assumption("Two hash look-ups and a rewrite, about 8,500 cycles, cold "
                "cache.")},
    {"splice-cost", "16 us", Assumption("The same work as NAT (thesis 5.4), so the same cost.")},
    {"walk-cost",
     "0.17 us",
     Fitted(4,
            "The kernel IST overtakes NAT near 70 connections; only used when the table is a list. "
            "About one cache miss.")},
    {"local-cost", "8 us", Assumption("IP and UDP input up to the socket, near forward-cost.")},
    {"tcp-cost", "16 us", Assumption("As nat-cost: a segment or ACK in, and the one it sets off.")},
    {"reassembly-cost",
     "40 us",
     Fitted(6,
            "NAT and kernel IST begin to lose 6 KiB datagrams at "
            "63 Mb/s.")},
    {"copy-cost", "13 ns/B", Assumption("77 MB/s: cold copy between buffers in 133 MHz SDRAM.")},
    {"checksum-cost", "6.5 ns/B", Assumption("Reads what a copy reads and writes nothing: half.")},
    {"system-call-cost",
     "25 us",
     Assumption("Socket system call on a cold cache, about 13,300 "
                "cycles.")},
    {"wakeup-cost",
     "27.5 us",
     Fitted(1,
            "RTT of IST-App is 498 us; the XScale flushes its virtually "
            "indexed cache when it switches processes.")},
    {"on-chip-latency", "8 us", Assumption("NPE and queue manager, before the interrupt.")},
    {"pci-latency",
     "36 us",
     Fitted(1,
            "Forwarder adds more than 100 us to the RTT; the thesis "
            "says that the PCI NIC responds later.")},
    {"pci-clock", "33 MHz", DataSheet("IXP425: PCI v2.2, 32 bit, 33 or 66 MHz (thesis 5.3).")},
    {"receive-latency", "0 us", Assumption("None: driver to IP is CPU time here.")},
    {"transmit-latency", "0 us", Assumption("None besides the PCI bus.")},
    {"untuned-latency",
     "51.5 us",
     Fitted(1,
            "RTT of IST-Kernel is 423 us; the thesis blames code "
            "that is not finely tuned.")},
    {"on-chip-ring", "64 frames", Assumption("Usual size of an Ethernet driver's ring.")},
    {"pci-ring", "64 frames", Assumption("Usual size of an Ethernet driver's ring.")},
    {"transmit-ring", "64 frames", Assumption("Usual size of an Ethernet driver's ring.")},
    {"transmit-queue", "100 frames", DataSheet("Linux 2.4: txqueuelen of an Ethernet device.")},
    {"backlog", "300 frames", DataSheet("Linux 2.4: netdev_max_backlog.")},
    {"poll-quota", "64 frames", DataSheet("Linux 2.4: weight of the backlog and of NAPI drivers.")},
    {"reassembly-memory", "256 KiB", DataSheet("Linux 2.4: ipfrag_high_thresh.")},
    {"reassembly-low", "192 KiB", DataSheet("Linux 2.4: ipfrag_low_thresh.")},
    {"reassembly-timeout", "30 s", DataSheet("Linux 2.4: ipfrag_time.")},
    {"socket-buffer", "64 KiB", DataSheet("Linux 2.4: rmem_default and wmem_default (65,535).")},
    {"application-buffer",
     "2 KiB",
     Assumption("One Ethernet payload fits, a 6 KiB datagram does "
                "not: cut, and so lost.")},
}};

/// PC of the thesis: 568 MHz, 256 MB, Linux 2.4 (thesis 5.4).
constexpr std::array<Row, 33> PC_568{{
    {"interrupt-cost", "3 us", Assumption("Interrupt controller and PCI status register.")},
    {"receive-cost", "3 us", Assumption("Descriptor, skb allocation.")},
    {"transmit-cost", "10 us", Assumption("UDP and IP output, qdisc, driver.")},
    {"completion-cost", "2 us", Assumption("skb freed, sender's socket woken.")},
    {"pci-register-cost", "0 us", Assumption("In interrupt-cost.")},
    {"forward-cost", "8 us", Assumption("A host does not forward; as local-cost.")},
    {"nat-cost", "8 us", Assumption(UNUSED)},
    {"splice-cost", "8 us", Assumption(UNUSED)},
    {"walk-cost", "0.3 us", Assumption(UNUSED)},
    {"local-cost",
     "5 us",
     Assumption("IP and UDP input; below the sender's limit in sum, so the "
                "receiver is never the bottleneck.")},
    {"tcp-cost", "5 us", Assumption("TCP input of one segment.")},
    {"reassembly-cost", "5 us", Assumption("Queue one fragment.")},
    {"copy-cost", "4 ns/B", Assumption("250 MB/s: PC100 SDRAM.")},
    {"checksum-cost", "2 ns/B", Assumption("Half a copy.")},
    {"system-call-cost",
     "12 us",
     Assumption("With transmit-cost, interrupt and completion about "
                "28 us a small packet: the sender's rate limit.")},
    {"wakeup-cost", "5 us", Assumption("Schedule and switch.")},
    {"on-chip-latency", "10 us", Assumption("NIC to interrupt.")},
    {"pci-latency", "10 us", Assumption("NIC to interrupt.")},
    {"pci-clock", "33 MHz", DataSheet("PCI of a PC of that time.")},
    {"receive-latency", "10 us", Assumption("So that Direct has a round trip of 183 us.")},
    {"transmit-latency", "10 us", Assumption("So that Direct has a round trip of 183 us.")},
    {"untuned-latency", "0 us", Assumption(UNUSED)},
    {"on-chip-ring", "64 frames", Assumption("Usual size of an Ethernet driver's ring.")},
    {"pci-ring", "64 frames", Assumption("Usual size of an Ethernet driver's ring.")},
    {"transmit-ring", "16 frames", Assumption("Small ring of a PC NIC of that time.")},
    {"transmit-queue", "100 frames", DataSheet("Linux 2.4: txqueuelen of an Ethernet device.")},
    {"backlog", "300 frames", DataSheet("Linux 2.4: netdev_max_backlog.")},
    {"poll-quota", "64 frames", DataSheet("Linux 2.4: weight of the backlog.")},
    {"reassembly-memory", "256 KiB", DataSheet("Linux 2.4: ipfrag_high_thresh.")},
    {"reassembly-low", "192 KiB", DataSheet("Linux 2.4: ipfrag_low_thresh.")},
    {"reassembly-timeout", "30 s", DataSheet("Linux 2.4: ipfrag_time.")},
    {"socket-buffer", "64 KiB", DataSheet("Linux 2.4: rmem_default and wmem_default (65,535).")},
    {"application-buffer", "64 KiB", Assumption("A measuring program takes whole datagrams.")},
}};

struct Preset
{
    std::string_view name;
    const std::array<Row, 33>* rows;
};

constexpr std::array<Preset, 2> PRESETS{{{"ixp425", &IXP425}, {"pc-568", &PC_568}}};

const Preset*
FindPreset(std::string_view name)
{
    for (const Preset& preset : PRESETS)
    {
        if (preset.name == name)
        {
            return &preset;
        }
    }
    return nullptr;
}

} // namespace

const std::vector<std::string_view>&
MachinePresetNames()
{
    static const std::vector<std::string_view> names{PRESETS[0].name, PRESETS[1].name};
    return names;
}

std::optional<MachineParameters>
MachinePreset(std::string_view name)
{
    const Preset* preset = FindPreset(name);
    if (preset == nullptr)
    {
        return std::nullopt;
    }
    MachineParameters parameters;
    for (const Row& row : *preset->rows)
    {
        const MachineParameter* parameter = FindMachineParameter(row.name);
        assert(parameter != nullptr);
        [[maybe_unused]] const auto complaint = parameter->Set(parameters, row.value);
        assert(!complaint);
    }
    return parameters;
}

ParameterReason
MachinePresetReason(std::string_view preset, const MachineParameter& parameter)
{
    const Preset* found = FindPreset(preset);
    assert(found != nullptr);
    for (const Row& row : *found->rows)
    {
        if (row.name == parameter.name)
        {
            return row.reason;
        }
    }
    assert(false);
    return {};
}

} // namespace isb
