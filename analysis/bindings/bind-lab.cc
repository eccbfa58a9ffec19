// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/bindings.h"
#include "analysis/bindings/conversions.h"
#include "analysis/bindings/lab-dict.h"
#include "model/box/machine-parameters.h"
#include "model/lab/lab.h"
#include "model/lab/parse-lab.h"

#include <string>
#include <vector>

namespace py = pybind11;

namespace isb
{

namespace
{

/// Raises isblab.ScenarioError with the first fault; the others are in its attribute `more`.
[[noreturn]] void
RaiseScenarioError(const std::vector<LabError>& faults)
{
    const py::object type = py::module_::import("isblab.errors").attr("ScenarioError");
    py::object first;
    py::list more;
    for (const auto& fault : faults)
    {
        py::object error = type(fault.what, fault.source, fault.line);
        if (!first)
        {
            first = error;
        }
        else
        {
            more.append(error);
        }
    }
    first.attr("more") = py::tuple(more);
    PyErr_SetObject(type.ptr(), first.ptr());
    throw py::error_already_set();
}

/// What runs on each host, the most telling: "isb" before "ist" before "user"; "host" for none.
std::vector<std::string>
HostKinds(const Lab& lab)
{
    std::vector<std::string> kinds(lab.hosts.size(), "host");
    for (const auto& user : lab.users)
    {
        kinds[user.host] = "user";
    }
    for (const auto& translator : lab.translators)
    {
        kinds[translator.host] = "ist";
    }
    for (const auto& broker : lab.brokers)
    {
        kinds[broker.host] = "isb";
    }
    return kinds;
}

py::dict
FromHost(const Lab& lab, const Host& host, const std::string& kind)
{
    py::dict item;
    item["name"] = host.name;
    item["kind"] = kind;
    item["site"] = SiteNameOf(lab, host.site);
    item["machine"] = host.machine;
    item["address"] = host.port.address.ToString();
    return item;
}

/// "symmetric", or the axes when no preset has them: "address-dependent/address-dependent".
std::string
NatText(const NatAxes& axes)
{
    for (const std::string_view name : NAT_PRESETS)
    {
        const NatAxes preset = NatPreset(name).value_or(NatAxes{});
        if (preset.mapping == axes.mapping && preset.filtering == axes.filtering)
        {
            return std::string(name);
        }
    }
    return std::string(ToString(axes.mapping)) + "/" + std::string(ToString(axes.filtering));
}

py::dict
FromBox(const Box& box)
{
    py::list ports;
    for (const auto& port : box.ports)
    {
        py::dict item;
        item["name"] = port.name;
        item["address"] = port.address.ToString();
        item["subnet"] = port.subnet.ToString();
        ports.append(item);
    }
    py::dict item;
    item["name"] = box.name;
    item["machine"] = box.machine;
    item["role"] = FromText(ToString(box.role));
    item["ports"] = ports;
    item["internet"] = box.internet;
    item["nat"] = py::none();
    item["firewall"] = py::none();
    if (box.role == BoxRole::Nat)
    {
        const NatAxes& axes = box.nat.tcp;
        const bool alike =
            axes.mapping == box.nat.udp.mapping && axes.filtering == box.nat.udp.filtering;
        item["nat"] = NatText(axes) + (alike ? "" : " (UDP: " + NatText(box.nat.udp) + ")");
    }
    if (box.allowed)
    {
        py::list allowed;
        for (const Ipv4 address : *box.allowed)
        {
            allowed.append(address.ToString());
        }
        item["firewall"] = allowed;
    }
    return item;
}

py::dict
FromLink(const Lab& lab, const Link& link)
{
    py::dict item;
    item["between"] = py::make_tuple(EndName(lab, link.ends[0]), EndName(lab, link.ends[1]));
    item["subnet"] = link.subnet.ToString();
    item["rate_bps"] = link.rate.bitsPerSecond;
    item["delay_ns"] = FromTime(link.delay);
    return item;
}

py::dict
FromTraffic(const Lab& lab, const Traffic& traffic)
{
    py::dict item;
    item["name"] = traffic.name;
    item["kind"] = FromText(ToString(traffic.kind));
    item["from"] = lab.hosts[traffic.from].name;
    item["to"] = lab.hosts[traffic.to].name;
    item["via"] = py::none();
    if (traffic.via)
    {
        item["via"] = lab.boxes[traffic.via->box].name;
    }
    item["service"] = FromTrafficService(lab, traffic);
    item["connections"] = traffic.connections;
    item["payload_bytes"] = traffic.payloadBytes;
    item["request_bytes"] = traffic.requestBytes;
    item["response_bytes"] = traffic.responseBytes;
    item["requests_each"] = traffic.requestsEach;
    item["pause_ns"] = FromTime(traffic.pause);
    item["total_bytes"] = traffic.totalBytes;
    item["rate_bps"] = py::none();
    if (traffic.rate)
    {
        item["rate_bps"] = traffic.rate->bitsPerSecond;
    }
    item["start_ns"] = FromTime(traffic.start);
    item["stop_ns"] = FromTime(traffic.stop);
    return item;
}

py::dict
FromMachine(const MachineParameters& machine)
{
    py::dict item;
    for (const auto& parameter : MachineParameterTable())
    {
        item[FromText(parameter.name)] = parameter.Get(machine);
    }
    return item;
}

py::dict
FromLab(const Lab& lab)
{
    py::list hosts;
    py::list boxes;
    py::list links;
    py::list traffic;
    py::list expectations;
    py::dict machines;
    const std::vector<std::string> kinds = HostKinds(lab);
    for (size_t i = 0; i < lab.hosts.size(); ++i)
    {
        hosts.append(FromHost(lab, lab.hosts[i], kinds[i]));
    }
    for (const auto& box : lab.boxes)
    {
        boxes.append(FromBox(box));
    }
    for (const auto& link : lab.links)
    {
        links.append(FromLink(lab, link));
    }
    for (const auto& item : lab.traffic)
    {
        traffic.append(FromTraffic(lab, item));
    }
    for (const auto& expectation : lab.expectations)
    {
        expectations.append(expectation.text);
    }
    for (const auto& [name, machine] : lab.machines)
    {
        machines[py::str(name)] = FromMachine(machine);
    }
    py::dict answer;
    answer["name"] = lab.name;
    answer["title"] = lab.title;
    answer["duration_ns"] = FromTime(lab.duration);
    answer["seed"] = lab.seed;
    answer["checksums"] = lab.checksums;
    answer["hosts"] = hosts;
    answer["boxes"] = boxes;
    answer["links"] = links;
    answer["traffic"] = traffic;
    answer["expectations"] = expectations;
    answer["machines"] = machines;
    AddWorld(lab, answer);
    return answer;
}

py::dict
ParseToDict(const std::string& text, const std::string& source)
{
    const auto parsed = ParseLab(text, source);
    if (!parsed)
    {
        RaiseScenarioError(parsed.errors);
    }
    return FromLab(*parsed.lab);
}

constexpr const char* PARSE_DOC = R"(Read and check a scenario.

Args:
    text: TOML, schema 1 (doc/scenario.md).
    source: name of the file, for errors.

Returns:
    The complete lab as a dict: addresses given, names resolved. Times are in nanoseconds (_ns),
    rates in bits per second (_bps, None for "full"), machine parameters texts with unit.

Raises:
    isblab.ScenarioError: the scenario is refused; `file`, `line` and `what` say where and why,
        `more` holds further faults.)";

} // namespace

void
BindLab(py::module_& module)
{
    module.def("parse_lab",
               &ParseToDict,
               py::arg("text"),
               py::arg("source") = "scenario",
               PARSE_DOC);
}

} // namespace isb
