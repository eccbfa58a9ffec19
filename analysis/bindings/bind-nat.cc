// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/bindings.h"
#include "analysis/bindings/conversions.h"
#include "analysis/bindings/nat-options.h"
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
    void Reboot(int64_t now, const std::optional<std::string>& external);
    void Rebind(int64_t now);
    void SetFull(int64_t now, bool full);
    void Reconfigure(int64_t now, const py::kwargs& options);
    py::list TakeEmitted();
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

void
PythonNat::Reboot(int64_t now, const std::optional<std::string>& external)
{
    const Ipv4 address = external ? ToIpv4(*external) : m_box.Settings().external;
    NatSettings settings = m_box.Settings();
    settings.external = address;
    if (const auto contradiction = FindContradiction(settings))
    {
        throw py::value_error(contradiction->text);
    }
    m_box.Reboot(m_clock.Advance(now), address);
}

void
PythonNat::Rebind(int64_t now)
{
    m_box.Rebind(m_clock.Advance(now));
}

void
PythonNat::SetFull(int64_t now, bool full)
{
    m_box.SetFull(m_clock.Advance(now), full);
}

void
PythonNat::Reconfigure(int64_t now, const py::kwargs& options)
{
    NatSettings settings = m_box.Settings();
    ApplyNatOptions(options, settings);
    if (const auto contradiction = m_box.Reconfigure(m_clock.Advance(now), settings))
    {
        throw py::value_error(contradiction->text);
    }
}

py::list
PythonNat::TakeEmitted()
{
    py::list list;
    for (const NatEmitted& emitted : m_box.TakeEmitted())
    {
        py::dict item;
        item["side"] = emitted.to == NatSide::Inside ? "inside" : "outside";
        item["packet"] = FromBytes(emitted.packet);
        list.append(item);
    }
    return list;
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

/// What a preset stands for; every other setting at its default.
NatSettings
ToSettings(const std::string& preset)
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
    return settings;
}

std::unique_ptr<PythonNat>
MakeNat(const std::string& external,
        const std::string& preset,
        uint64_t seed,
        const py::kwargs& options)
{
    NatSettings settings = ToSettings(preset);
    settings.external = ToIpv4(external);
    ApplyNatOptions(options, settings);
    return std::make_unique<PythonNat>(settings, seed);
}

const std::string&
NatDoc()
{
    static const std::string doc =
        std::string(R"(A network address and port translator (RFC 3022, 4787, 5382, 5508, 6888).

Args:
    external: the box's own external address, "203.0.113.1".
    preset: the thesis' NAT type: "full-cone", "restricted-cone", "port-restricted-cone" or
        "symmetric"; or "linux-masquerade", "linux-masquerade-random" or "cgn".
    seed: of the random numbers.

All the rest by keyword, in place of what the preset says; None leaves that:
)") + NAT_OPTIONS_DOC +
        R"(

Raises:
    ValueError: an argument is wrong, or the settings contradict one another.
    TypeError: a keyword is none of these.)";
    return doc;
}

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
    py::class_<PythonNat>(module, "NatBox", NatDoc().c_str())
        .def(py::init(&MakeNat),
             py::arg("external"),
             py::arg("preset") = "port-restricted-cone",
             py::kw_only(),
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
        .def("reboot",
             &PythonNat::Reboot,
             py::arg("now"),
             py::arg("external") = py::none(),
             "Lose all mappings, and get another external address unless it is None.")
        .def("rebind",
             &PythonNat::Rebind,
             py::arg("now"),
             "Move every mapping to another external endpoint; sessions live on.")
        .def("set_full",
             &PythonNat::SetFull,
             py::arg("now"),
             py::arg("full"),
             "Treat every table as full, or no longer.")
        .def("reconfigure",
             &PythonNat::Reconfigure,
             py::arg("now"),
             "Change settings by the constructor's keywords; mappings that they allow stay.")
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
        .def("take_emitted",
             &PythonNat::TakeEmitted,
             "Packets that the NAT sends itself (RST, ICMP errors), as dicts: side, packet.")
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
