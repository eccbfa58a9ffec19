// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/nat-options.h"

#include "analysis/bindings/conversions.h"

#include <pybind11/stl.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace py = pybind11;

namespace isb
{

namespace
{

using Setter = void (*)(py::handle value, NatSettings& settings);
using AxesSetter = void (*)(py::handle value, NatAxes& axes);
using TimerSetter = Duration NatTimers::*;

/// What `value` is among the names of an enumeration's first values.
template <typename Enum>
Enum
ToEnum(std::string_view what, py::handle value, std::initializer_list<Enum> all)
{
    const auto name = value.cast<std::string>();
    std::string names;
    for (const Enum each : all)
    {
        if (ToString(each) == name)
        {
            return each;
        }
        names += (names.empty() ? "" : ", ") + std::string(ToString(each));
    }
    throw py::value_error(std::string(what) + " '" + name + "' is none of " + names);
}

NatBehaviour
ToBehaviour(py::handle value)
{
    return ToEnum("behaviour",
                  value,
                  {NatBehaviour::EndpointIndependent,
                   NatBehaviour::AddressDependent,
                   NatBehaviour::AddressAndPortDependent});
}

const std::pair<std::string_view, AxesSetter> AXES_OPTIONS[] = {
    {"mapping", [](py::handle v, NatAxes& axes) { axes.mapping = ToBehaviour(v); }},
    {"filtering", [](py::handle v, NatAxes& axes) { axes.filtering = ToBehaviour(v); }},
    {"assignment",
     [](py::handle v, NatAxes& axes)
     {
         axes.assignment = ToEnum("assignment",
                                  v,
                                  {NatPortAssignment::Preserving,
                                   NatPortAssignment::Sequential,
                                   NatPortAssignment::Random,
                                   NatPortAssignment::Overloading});
     }},
    {"step", [](py::handle v, NatAxes& axes) { axes.step = v.cast<uint16_t>(); }},
    {"parity", [](py::handle v, NatAxes& axes) { axes.parity = v.cast<bool>(); }},
    {"contiguity", [](py::handle v, NatAxes& axes) { axes.contiguity = v.cast<bool>(); }},
    {"refresh",
     [](py::handle v, NatAxes& axes) {
         axes.refresh = ToEnum("refresh", v, {NatRefresh::Outbound, NatRefresh::Both});
     }},
};

const std::pair<std::string_view, TimerSetter> TIMER_OPTIONS[] = {
    {"udp", &NatTimers::udp},
    {"tcp_established", &NatTimers::tcpEstablished},
    {"tcp_transitory", &NatTimers::tcpTransitory},
    {"tcp_closing", &NatTimers::tcpClosing},
    {"icmp", &NatTimers::icmp},
    {"fragments", &NatTimers::fragments},
    {"syn_hold", &NatTimers::synHold},
    {"port_hold", &NatTimers::portHold},
};

/// The entry of a table of options, or null.
template <typename Value, size_t N>
const Value*
FindOption(const std::pair<std::string_view, Value> (&table)[N], std::string_view name)
{
    for (const auto& [known, value] : table)
    {
        if (known == name)
        {
            return &value;
        }
    }
    return nullptr;
}

[[noreturn]] void
RefuseName(std::string_view what, const std::string& name)
{
    throw py::type_error(std::string(what) + " has no option '" + name + "'");
}

void
SetProtocol(py::handle value, NatAxes& axes)
{
    for (const auto& [key, option] : value.cast<py::dict>())
    {
        const auto name = key.cast<std::string>();
        const AxesSetter* const set = FindOption(AXES_OPTIONS, name);
        if (set == nullptr)
        {
            RefuseName("a protocol of NatBox", name);
        }
        (*set)(option, axes);
    }
}

void
SetTimers(py::handle value, NatSettings& settings)
{
    for (const auto& [key, seconds] : value.cast<py::dict>())
    {
        const auto name = key.cast<std::string>();
        const TimerSetter* const timer = FindOption(TIMER_OPTIONS, name);
        if (timer == nullptr)
        {
            RefuseName("timers of NatBox", name);
        }
        const auto length = seconds.cast<double>();
        if (!(length >= -1e6 && length <= 1e9)) // also not a number
        {
            throw py::value_error("timer '" + name + "' is no number of seconds");
        }
        settings.timers.*(*timer) = Duration(static_cast<int64_t>(length * 1e9));
    }
}

void
SetHairpin(py::handle value, NatSettings& settings)
{
    if (py::isinstance<py::bool_>(value))
    {
        settings.hairpin = value.cast<bool>() ? NatHairpin::ExternalSource : NatHairpin::None;
        return;
    }
    settings.hairpin =
        ToEnum("hairpin",
               value,
               {NatHairpin::None, NatHairpin::InternalSource, NatHairpin::ExternalSource});
}

void
SetFaults(py::handle value, NatSettings& settings)
{
    settings.faults = {};
    for (const auto& name : value.cast<std::vector<std::string>>())
    {
        if (name == "kill-on-reset")
        {
            settings.faults.killOnReset = true;
        }
        else if (name == "kill-on-icmp")
        {
            settings.faults.killOnIcmp = true;
        }
        else if (name == "rewrite-payload")
        {
            settings.faults.rewritePayload = true;
        }
        else
        {
            throw py::value_error("fault '" + name +
                                  "' is none of kill-on-reset, kill-on-icmp, rewrite-payload");
        }
    }
}

void
SetForwards(py::handle value, NatSettings& settings)
{
    settings.forwards.clear();
    for (const auto& item : value.cast<std::vector<py::tuple>>())
    {
        if (item.size() != 3)
        {
            throw py::value_error("a forward is (protocol, external, list of internal endpoints)");
        }
        NatForward forward;
        forward.protocol =
            ToEnum("protocol", item[0], {Protocol::Udp, Protocol::Tcp, Protocol::Icmp});
        if (py::isinstance<py::int_>(item[1]))
        {
            forward.external.port = item[1].cast<uint16_t>();
        }
        else
        {
            forward.external = ToEndpoint(item[1].cast<std::string>());
        }
        for (const auto& internal : item[2].cast<std::vector<std::string>>())
        {
            forward.internal.push_back(ToEndpoint(internal));
        }
        settings.forwards.push_back(forward);
    }
}

template <size_t NatLimits::*Limit>
void
SetLimit(py::handle value, NatSettings& settings)
{
    settings.limits.*Limit = value.cast<size_t>();
}

const std::pair<std::string_view, Setter> OPTIONS[] = {
    {"internal",
     [](py::handle v, NatSettings& s)
     { s.internal = ToSubnets(v.cast<std::vector<std::string>>()); }},
    {"further_externals",
     [](py::handle v, NatSettings& s)
     {
         s.furtherExternals.clear();
         for (const auto& text : v.cast<std::vector<std::string>>())
         {
             s.furtherExternals.push_back(ToIpv4(text));
         }
     }},
    {"pooling",
     [](py::handle v, NatSettings& s) {
         s.pooling = ToEnum("pooling", v, {NatPooling::Paired, NatPooling::Arbitrary});
     }},
    {"udp", [](py::handle v, NatSettings& s) { SetProtocol(v, s.udp); }},
    {"tcp", [](py::handle v, NatSettings& s) { SetProtocol(v, s.tcp); }},
    {"icmp", [](py::handle v, NatSettings& s) { SetProtocol(v, s.icmp); }},
    {"ports",
     [](py::handle v, NatSettings& s)
     { std::tie(s.firstPort, s.lastPort) = v.cast<std::pair<uint16_t, uint16_t>>(); }},
    {"port_block",
     [](py::handle v, NatSettings& s)
     { std::tie(s.blocks.size, s.blocks.mostEach) = v.cast<std::pair<uint16_t, uint16_t>>(); }},
    {"hairpin", SetHairpin},
    {"unsolicited_syn",
     [](py::handle v, NatSettings& s)
     {
         s.unsolicitedSyn = ToEnum("unsolicited_syn",
                                   v,
                                   {NatSynAnswer::Drop,
                                    NatSynAnswer::Reset,
                                    NatSynAnswer::Unreachable,
                                    NatSynAnswer::Hold});
     }},
    {"eviction",
     [](py::handle v, NatSettings& s) {
         s.eviction = ToEnum("eviction", v, {NatEviction::RefuseNew, NatEviction::OldestIdle});
     }},
    {"forwards", SetForwards},
    {"faults", SetFaults},
    {"timers", SetTimers},
    {"max_mappings", SetLimit<&NatLimits::mappings>},
    {"max_sessions", SetLimit<&NatLimits::sessions>},
    {"max_destinations", SetLimit<&NatLimits::destinationsPerMapping>},
    {"max_mappings_each", SetLimit<&NatLimits::mappingsPerSubscriber>},
    {"max_sessions_each", SetLimit<&NatLimits::sessionsPerSubscriber>},
    {"max_new_mappings_per_second_each",
     [](py::handle v, NatSettings& s) { s.limits.newMappingsPerSecond = v.cast<uint32_t>(); }},
    {"checksums", [](py::handle v, NatSettings& s) { s.checksums = v.cast<bool>(); }},
};

/// Sets one option; the axes' by their bare names for all protocols.
void
SetOption(const std::string& name, py::handle value, NatSettings& settings)
{
    if (const AxesSetter* const set = FindOption(AXES_OPTIONS, name))
    {
        for (NatAxes* axes : {&settings.udp, &settings.tcp, &settings.icmp})
        {
            (*set)(value, *axes);
        }
        return;
    }
    const Setter* const set = FindOption(OPTIONS, name);
    if (set == nullptr)
    {
        RefuseName("NatBox", name);
    }
    (*set)(value, settings);
}

bool
IsOfOneProtocol(const std::string& name)
{
    return name == "udp" || name == "tcp" || name == "icmp";
}

} // namespace

void
ApplyNatOptions(const py::dict& options, NatSettings& settings)
{
    for (const bool ofOneProtocol : {false, true}) // what holds for one comes after what for all
    {
        for (const auto& [key, value] : options)
        {
            const auto name = key.cast<std::string>();
            if (IsOfOneProtocol(name) != ofOneProtocol || value.is_none())
            {
                continue;
            }
            try
            {
                SetOption(name, value, settings);
            }
            catch (const py::cast_error&)
            {
                throw py::value_error("NatBox option '" + name + "' has a value of a wrong type");
            }
        }
    }
    if (const auto contradiction = FindContradiction(settings))
    {
        throw py::value_error(contradiction->text);
    }
}

} // namespace isb
