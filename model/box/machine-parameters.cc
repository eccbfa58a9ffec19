// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/machine-parameters.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <limits>

namespace isb
{

namespace
{

constexpr uint64_t MOST_COUNT = 1'000'000;
constexpr uint64_t MOST_BYTES = 1'073'741'824;

constexpr std::array<UnitName, 2> PER_BYTE_UNITS{{{"ps/B", 1}, {"ns/B", 1'000}}};
constexpr std::array<UnitName, 1> FRAME_UNITS{{{"frames", 1}}};
constexpr std::array<UnitName, 1> CLOCK_UNITS{{{"MHz", 1}}};
constexpr std::array<UnitName, 3> SIZE_UNITS{{{"B", 1}, {"KiB", 1'024}, {"MiB", 1'048'576}}};

/// No machine of this model does anything for longer than a minute.
constexpr std::array<UnitName, 4> TIME_UNITS{
    {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};

constexpr UnitTable TIME{"duration", "10 us", TIME_UNITS.data(), 4, 60'000'000'000};
constexpr UnitTable PER_BYTE{"cost per byte", "10 ns/B", PER_BYTE_UNITS.data(), 2, 1'000'000'000};
constexpr UnitTable FRAMES{"number of frames", "300 frames", FRAME_UNITS.data(), 1, MOST_COUNT};
constexpr UnitTable CLOCK{"clock", "33 MHz", CLOCK_UNITS.data(), 1, 1'000};
constexpr UnitTable BYTES{"size", "64 KiB", SIZE_UNITS.data(), 3, MOST_BYTES};

/// Where a parameter lives and how it is written; one of the three pointers is set.
struct Field
{
    MachineParameter text;
    const UnitTable* units;
    uint64_t least; ///< smallest value that makes sense, in smallest units
    Duration MachineParameters::*duration = nullptr;
    int64_t MachineParameters::*perByte = nullptr;
    uint32_t MachineParameters::*number = nullptr;
};

Field
Time(std::string_view name, Duration MachineParameters::*member, std::string_view meaning)
{
    return {{name, "us", meaning, 0}, &TIME, 0, member, nullptr, nullptr};
}

Field
PerByte(std::string_view name, int64_t MachineParameters::*member, std::string_view meaning)
{
    return {{name, "ns/B", meaning, 0}, &PER_BYTE, 0, nullptr, member, nullptr};
}

Field
Number(std::string_view name,
       std::string_view unit,
       const UnitTable* units,
       uint64_t least,
       uint32_t MachineParameters::*member,
       std::string_view meaning)
{
    return {{name, unit, meaning, 0}, units, least, nullptr, nullptr, member};
}

using P = MachineParameters;

const std::vector<Field>&
Fields()
{
    static const std::vector<Field> fields{
        Time("interrupt-cost", &P::interruptCost, "Enter and leave one interrupt."),
        Time("receive-cost", &P::receiveCost, "Take one frame from the NIC's ring, without copy."),
        Time("transmit-cost", &P::transmitCost, "Queue one frame and give it to the NIC."),
        Time("completion-cost", &P::completionCost, "Free one frame that was sent."),
        Time("pci-register-cost", &P::pciRegisterCost, "CPU stall of one register read over PCI."),
        Time("forward-cost", &P::forwardCost, "IP input, route look-up and output of one frame."),
        Time("nat-cost", &P::natCost, "NAT look-up and rewrite of one packet."),
        Time("splice-cost", &P::spliceCost, "IST look-up and rewrite of one packet in the kernel."),
        Time("walk-cost", &P::walkCost, "One entry walked when the NAT's table is a list."),
        Time("local-cost", &P::localCost, "IP and UDP input of one packet up to the socket."),
        Time("tcp-cost",
             &P::tcpCost,
             "TCP input of one segment and the output that it sets off, besides local-cost."),
        Time("reassembly-cost",
             &P::reassemblyCost,
             "Queue one fragment; forwarders that need whole datagrams pay it again to cut it."),
        PerByte("copy-cost", &P::copyPicoseconds, "One copy of one byte."),
        PerByte("checksum-cost",
                &P::checksumPicoseconds,
                "Checksum of one byte that is delivered to a local socket."),
        Time("system-call-cost", &P::systemCallCost, "One select, recv or send, without copy."),
        Time("wakeup-cost", &P::wakeupCost, "Wake a sleeping process and switch to it."),
        Time("on-chip-latency", &P::onChipLatency, "Frame received to interrupt, on-chip MAC."),
        Time("pci-latency", &P::pciLatency, "Frame received to interrupt, PCI NIC."),
        Number("pci-clock",
               "MHz",
               &CLOCK,
               0,
               &P::pciMegahertz,
               "Clock of the 32-bit PCI bus; 0 MHz: frames need no bus time."),
        Time("receive-latency", &P::receiveLatency, "Stack latency from driver to IP, no CPU."),
        Time("transmit-latency", &P::transmitLatency, "Stack latency from IP to wire, no CPU."),
        Time("untuned-latency",
             &P::untunedLatency,
             "What a packet waits in the kernel IST without occupying the CPU."),
        Number("on-chip-ring",
               "frames",
               &FRAMES,
               1,
               &P::onChipRing,
               "Receive ring of an on-chip MAC."),
        Number("pci-ring", "frames", &FRAMES, 1, &P::pciRing, "Receive ring of a PCI NIC."),
        Number("transmit-ring",
               "frames",
               &FRAMES,
               1,
               &P::transmitRing,
               "Transmit ring of every NIC."),
        Number("transmit-queue",
               "frames",
               &FRAMES,
               0,
               &P::transmitQueue,
               "Queue before the transmit ring (txqueuelen)."),
        Number("backlog",
               "frames",
               &FRAMES,
               1,
               &P::backlog,
               "Kernel buffer between interrupt and softirq (netdev_max_backlog)."),
        Number("poll-quota",
               "frames",
               &FRAMES,
               1,
               &P::pollQuota,
               "Frames that softirq takes from one source before the next has its turn."),
        Number("reassembly-memory",
               "KiB",
               &BYTES,
               0,
               &P::reassemblyMemory,
               "Incomplete datagrams beyond this are evicted, oldest first (ipfrag_high_thresh)."),
        Number("reassembly-low",
               "KiB",
               &BYTES,
               0,
               &P::reassemblyLow,
               "Eviction ends when this is reached (ipfrag_low_thresh)."),
        Time("reassembly-timeout",
             &P::reassemblyTimeout,
             "An incomplete datagram is dropped this long after its first fragment."),
        Number("socket-buffer",
               "KiB",
               &BYTES,
               1,
               &P::socketBuffer,
               "Bytes that one socket of a process holds, each way."),
        Number("application-buffer",
               "KiB",
               &BYTES,
               1,
               &P::applicationBuffer,
               "Bytes that one receive call of the proxy takes; the rest of a datagram is lost."),
    };
    return fields;
}

uint64_t
Value(const Field& field, const MachineParameters& parameters)
{
    if (field.duration != nullptr)
    {
        return static_cast<uint64_t>((parameters.*field.duration).count());
    }
    if (field.perByte != nullptr)
    {
        return static_cast<uint64_t>(parameters.*field.perByte);
    }
    return parameters.*field.number;
}

} // namespace

std::string_view
ToString(ParameterOrigin origin)
{
    switch (origin)
    {
    case ParameterOrigin::DataSheet:
        return "data sheet";
    case ParameterOrigin::ThesisText:
        return "thesis";
    case ParameterOrigin::Fitted:
        return "fitted";
    case ParameterOrigin::Assumption:
        return "assumption";
    }
    return "";
}

std::string
MachineParameter::Get(const MachineParameters& parameters) const
{
    const Field& field = Fields()[index];
    return FormatQuantity(Value(field, parameters), *field.units);
}

std::optional<std::string>
MachineParameter::Set(MachineParameters& parameters, std::string_view text) const
{
    const Field& field = Fields()[index];
    const Result<uint64_t> value = ParseQuantity(text, *field.units);
    if (!value)
    {
        return std::string(name) + ": " + value.Why();
    }
    if (*value < field.least)
    {
        return std::string(name) + ": \"" + std::string(text) + "\" is too small; the least is " +
               FormatQuantity(field.least, *field.units);
    }
    if (field.duration != nullptr)
    {
        parameters.*field.duration = Duration(static_cast<int64_t>(*value));
    }
    else if (field.perByte != nullptr)
    {
        parameters.*field.perByte = static_cast<int64_t>(*value);
    }
    else
    {
        parameters.*field.number = static_cast<uint32_t>(*value);
    }
    return std::nullopt;
}

const std::vector<MachineParameter>&
MachineParameterTable()
{
    static const std::vector<MachineParameter> table = []
    {
        std::vector<MachineParameter> rows;
        for (const Field& field : Fields())
        {
            rows.push_back(field.text);
            rows.back().index = static_cast<uint8_t>(rows.size() - 1);
        }
        return rows;
    }();
    return table;
}

const MachineParameter*
FindMachineParameter(std::string_view name)
{
    for (const MachineParameter& parameter : MachineParameterTable())
    {
        if (parameter.name == name)
        {
            return &parameter;
        }
    }
    return nullptr;
}

} // namespace isb
