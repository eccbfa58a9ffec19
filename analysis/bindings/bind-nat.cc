// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/bindings.h"
#include "analysis/bindings/conversions.h"
#include "model/core/nat/nat-box.h"
#include "model/core/random/rng.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>

namespace py = pybind11;

namespace isb
{

namespace
{

/// A NatBox with the random numbers, trace and clock that it needs, owned together.
class PythonNat
{
  public:
    PythonNat(const NatSettings& settings, uint64_t seed)
        : m_rng(seed),
          m_box(settings, m_rng, &m_events)
    {
    }

    py::dict Process(int64_t now, const std::string& side, const py::bytes& bytes);
    void Timeout(int64_t now);
    py::list Mappings() const;
    py::dict Counters() const;

    NatBox&
    Box()
    {
        return m_box;
    }

    EventList&
    Events()
    {
        return m_events;
    }

  private:
    SeededRng m_rng;
    EventList m_events;
    NatBox m_box;
    PythonClock m_clock;
};

NatSide
ToSide(const std::string& side)
{
    if (side == "inside")
    {
        return NatSide::Inside;
    }
    if (side == "outside")
    {
        return NatSide::Outside;
    }
    throw py::value_error("side '" + side + "' is neither 'inside' nor 'outside'");
}

const char*
ActionName(NatVerdict::Action action)
{
    switch (action)
    {
    case NatVerdict::Action::Forward:
        return "forward";
    case NatVerdict::Action::Hairpin:
        return "hairpin";
    case NatVerdict::Action::Drop:
        return "drop";
    case NatVerdict::Action::Hold:
        return "hold";
    case NatVerdict::Action::NotForUs:
        break;
    }
    return "not-for-us";
}

py::dict
PythonNat::Process(int64_t now, const std::string& side, const py::bytes& bytes)
{
    PythonPacket packet(bytes);
    const NatSide from = ToSide(side);
    const auto verdict =
        m_box.Process(m_clock.Advance(now), from, packet.Header(), packet.Length());
    py::dict answer;
    answer["action"] = ActionName(verdict.action);
    answer["packet"] = packet.ToPython();
    answer["reason"] = FromText(verdict.reason);
    answer["rule"] = FromText(verdict.rule);
    answer["ticket"] = verdict.ticket;
    return answer;
}

void
PythonNat::Timeout(int64_t now)
{
    m_box.Timeout(m_clock.Advance(now));
}

py::list
PythonNat::Mappings() const
{
    py::list list;
    for (const auto& mapping : m_box.Mappings())
    {
        py::dict item;
        item["id"] = mapping.id;
        item["protocol"] = FromText(ToString(mapping.protocol));
        item["internal"] = FromEndpoint(mapping.internal);
        item["external"] = FromEndpoint(mapping.external);
        item["remote"] = FromEndpoint(mapping.remote);
        item["sessions"] = mapping.sessions;
        item["expiry"] = FromTime(mapping.expiry);
        list.append(item);
    }
    return list;
}

py::dict
PythonNat::Counters() const
{
    const auto& counters = m_box.Counters();
    py::dict drops;
    for (size_t index = 0; index < NAT_DROP_COUNT; ++index)
    {
        if (counters.drops[index] != 0)
        {
            drops[FromText(DropInfo(static_cast<NatDrop>(index)).reason)] = counters.drops[index];
        }
    }
    py::dict answer;
    answer["outbound"] = counters.outbound;
    answer["inbound"] = counters.inbound;
    answer["hairpinned"] = counters.hairpinned;
    answer["untouched"] = counters.untouched;
    answer["held"] = counters.held;
    answer["mappings_created"] = counters.mappingsCreated;
    answer["mappings_expired"] = counters.mappingsExpired;
    answer["drops"] = drops;
    return answer;
}

NatBehaviour
ToBehaviour(const std::string& name)
{
    const auto behaviour = ParseNatBehaviour(name);
    if (!behaviour)
    {
        throw py::value_error("behaviour '" + name +
                              "' is none of endpoint-independent, address-dependent, "
                              "address-and-port-dependent");
    }
    return *behaviour;
}

/// What the preset says, with the axes given in their place.
NatSettings
ToSettings(const std::string& preset,
           const std::optional<std::string>& mapping,
           const std::optional<std::string>& filtering,
           const std::optional<std::string>& assignment)
{
    NatSettings settings;
    if (!ApplyNatPreset(preset, settings))
    {
        std::string names;
        for (const auto name : NAT_PRESETS)
        {
            names += std::string(name) + ", ";
        }
        for (const auto name : NAT_FURTHER_PRESETS)
        {
            names += std::string(name) + ", ";
        }
        names.resize(names.size() - 2);
        throw py::value_error("NAT preset '" + preset + "' is none of " + names);
    }
    for (NatAxes* axes : {&settings.udp, &settings.tcp, &settings.icmp})
    {
        axes->mapping = mapping ? ToBehaviour(*mapping) : axes->mapping;
        axes->filtering = filtering ? ToBehaviour(*filtering) : axes->filtering;
    }
    if (assignment)
    {
        const auto parsed = ParseNatPortAssignment(*assignment);
        if (!parsed)
        {
            throw py::value_error("assignment '" + *assignment +
                                  "' is none of preserving, sequential, random, overloading");
        }
        settings.SetAssignment(*parsed);
    }
    return settings;
}

std::unique_ptr<PythonNat>
MakeNat(const std::string& external,
        const std::string& preset,
        const std::vector<std::string>& internal,
        const std::optional<std::string>& mapping,
        const std::optional<std::string>& filtering,
        const std::optional<std::string>& assignment,
        std::pair<uint16_t, uint16_t> ports,
        const std::optional<bool>& hairpin,
        bool checksums,
        const std::optional<size_t>& maxMappings,
        uint64_t seed)
{
    NatSettings settings = ToSettings(preset, mapping, filtering, assignment);
    settings.external = ToIpv4(external);
    settings.internal = ToSubnets(internal);
    settings.firstPort = ports.first;
    settings.lastPort = ports.second;
    if (hairpin)
    {
        settings.hairpin = *hairpin ? NatHairpin::ExternalSource : NatHairpin::None;
    }
    settings.checksums = checksums;
    settings.limits.mappings = maxMappings.value_or(settings.limits.mappings);
    if (const auto contradiction = FindContradiction(settings))
    {
        throw py::value_error(contradiction->text);
    }
    return std::make_unique<PythonNat>(settings, seed);
}

constexpr const char* NAT_DOC =
    R"(A network address and port translator (RFC 3022, 4787, 5382, 5508).

Args:
    external: the one external address, "203.0.113.1".
    preset: the thesis' NAT type: "full-cone", "restricted-cone", "port-restricted-cone" or
        "symmetric"; or "linux-masquerade", "linux-masquerade-random" or "cgn".
    internal: subnets whose sources are translated; empty: any source from inside.
    mapping, filtering: replace the preset's axis (RFC 4787 sections 4.1 and 5):
        "endpoint-independent", "address-dependent" or "address-and-port-dependent".
    assignment: of external ports: "preserving", "sequential", "random" or "overloading"; None: the
        preset's, as with the two below.
    ports: first and last external port, both included.
    hairpin: insiders reach one another by external endpoints.
    checksums: packets carry checksums, which are kept right; False: not touched.
    max_mappings: bound of all mappings together.
    seed: of the random numbers.

Raises:
    ValueError: an argument is wrong, or the settings contradict one another.)";

constexpr const char* PROCESS_DOC = R"(Judge one packet and translate it.

Args:
    now: time in nanoseconds, not before the last call's.
    side: where the packet comes from, "inside" or "outside".
    packet: the whole IPv4 packet, network byte order.

Returns:
    dict with "action" ("forward", "hairpin", "drop", "hold" or "not-for-us"), "packet" (the
    bytes after translation), "reason" and "rule" of a drop, "ticket" of a hold.

Raises:
    ValueError: no packet's length, another side, or time goes back.)";

} // namespace

void
BindNat(py::module_& module)
{
    py::class_<PythonNat>(module, "NatBox", NAT_DOC)
        .def(py::init(&MakeNat),
             py::arg("external"),
             py::arg("preset") = "port-restricted-cone",
             py::kw_only(),
             py::arg("internal") = std::vector<std::string>(),
             py::arg("mapping") = py::none(),
             py::arg("filtering") = py::none(),
             py::arg("assignment") = py::none(),
             py::arg("ports") = std::pair<uint16_t, uint16_t>(1024, 65535),
             py::arg("hairpin") = py::none(),
             py::arg("checksums") = true,
             py::arg("max_mappings") = py::none(),
             py::arg("seed") = 1)
        .def("process",
             &PythonNat::Process,
             py::arg("now"),
             py::arg("side"),
             py::arg("packet"),
             PROCESS_DOC)
        .def("timeout",
             &PythonNat::Timeout,
             py::arg("now"),
             "End everything whose time has come at `now` (nanoseconds).")
        .def_property_readonly(
            "next_timeout",
            [](PythonNat& nat) { return FromTime(nat.Box().NextTimeout()); },
            "When timeout() is due next, in nanoseconds; None when nothing waits.")
        .def(
            "take_released",
            [](PythonNat& nat) { return nat.Box().TakeReleased(); },
            "Tickets of held packets to process() again, in this order.")
        .def(
            "take_abandoned",
            [](PythonNat& nat) { return nat.Box().TakeAbandoned(); },
            "Tickets of held packets that were given up and counted as dropped.")
        .def("mappings",
             &PythonNat::Mappings,
             "All mappings as dicts: id, protocol, internal, external, remote (the part that the "
             "mapping depends on, None for none), sessions, expiry (nanoseconds).")
        .def("counters",
             &PythonNat::Counters,
             "Packets by outcome, mappings made and expired, and \"drops\" by reason.")
        .def(
            "take_events",
            [](PythonNat& nat) { return nat.Events().Take(); },
            "Trace events since the last call, as dicts with the keys of events.jsonl.");
}

} // namespace isb
