// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/bindings.h"
#include "analysis/bindings/conversions.h"
#include "model/core/ist/ist-engine.h"
#include "model/core/random/rng.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>

namespace py = pybind11;

namespace isb
{

namespace
{

/// An IstEngine with the random numbers, trace and clock that it needs, owned together.
class PythonIst
{
  public:
    PythonIst(IstSettings settings, uint64_t seed)
        : m_rng(seed),
          m_engine(std::move(settings), m_rng, &m_events)
    {
    }

    uint64_t Add(int64_t now,
                 const std::string& method,
                 uint16_t portA,
                 uint16_t portB,
                 const std::optional<std::string>& allowedA,
                 const std::optional<std::string>& allowedB,
                 const std::optional<std::string>& target);
    bool Remove(int64_t now, uint64_t id);
    py::dict Process(int64_t now, const py::bytes& bytes);
    py::list TakeEmitted();
    void Timeout(int64_t now);
    py::list List() const;
    py::dict Counters() const;

    IstEngine&
    Engine()
    {
        return m_engine;
    }

    EventList&
    Events()
    {
        return m_events;
    }

  private:
    SeededRng m_rng;
    EventList m_events;
    IstEngine m_engine;
    PythonClock m_clock;
};

SpliceMethod
ToMethod(const std::string& name)
{
    for (const auto method :
         {SpliceMethod::Passive, SpliceMethod::Pure, SpliceMethod::Active, SpliceMethod::Udp})
    {
        if (ToString(method) == name)
        {
            return method;
        }
    }
    throw py::value_error("splice method '" + name + "' is none of passive, pure, active, udp");
}

const char*
ActionName(IstVerdict::Action action)
{
    switch (action)
    {
    case IstVerdict::Consumed:
        return "consumed";
    case IstVerdict::Forward:
        return "forward";
    case IstVerdict::Drop:
        return "drop";
    case IstVerdict::Hold:
        return "hold";
    case IstVerdict::NotOurs:
        break;
    }
    return "not-ours";
}

uint64_t
PythonIst::Add(int64_t now,
               const std::string& method,
               uint16_t portA,
               uint16_t portB,
               const std::optional<std::string>& allowedA,
               const std::optional<std::string>& allowedB,
               const std::optional<std::string>& target)
{
    IstPair pair;
    pair.method = ToMethod(method);
    pair.portA = portA;
    pair.portB = portB;
    if (allowedA)
    {
        pair.allowedA = ToIpv4(*allowedA);
    }
    if (allowedB)
    {
        pair.allowedB = ToIpv4(*allowedB);
    }
    if (target)
    {
        pair.activeTarget = ToEndpoint(*target);
    }
    const auto id = m_engine.Add(m_clock.Advance(now), pair);
    if (!id)
    {
        throw py::value_error(id.Why());
    }
    return *id;
}

bool
PythonIst::Remove(int64_t now, uint64_t id)
{
    return m_engine.Remove(m_clock.Advance(now), id);
}

py::dict
PythonIst::Process(int64_t now, const py::bytes& bytes)
{
    PythonPacket packet(bytes);
    const auto verdict = m_engine.Process(m_clock.Advance(now), packet.Header(), packet.Length());
    py::dict answer;
    answer["action"] = ActionName(verdict.action);
    answer["packet"] = packet.ToPython();
    answer["reason"] = FromText(verdict.reason);
    answer["rule"] = FromText(verdict.rule);
    answer["ticket"] = verdict.ticket;
    return answer;
}

py::list
PythonIst::TakeEmitted()
{
    py::list packets;
    for (const auto& packet : m_engine.TakeEmitted())
    {
        packets.append(FromBytes(packet));
    }
    return packets;
}

void
PythonIst::Timeout(int64_t now)
{
    m_engine.Timeout(m_clock.Advance(now));
}

py::dict
FromSide(const IstSpliceInfo::Side& side)
{
    py::dict item;
    item["peer"] = FromEndpoint(side.peer.ToIpv4());
    item["local"] = FromEndpoint(side.local.ToIpv4());
    item["packets"] = side.packets;
    item["bytes"] = side.bytes;
    return item;
}

py::list
PythonIst::List() const
{
    py::list list;
    for (const auto& splice : m_engine.List())
    {
        py::dict item;
        item["id"] = splice.id;
        item["method"] = FromText(ToString(splice.method));
        item["requested"] = FromText(ToString(splice.requested));
        item["state"] = FromText(splice.state);
        item["a"] = FromSide(splice.side[0]);
        item["b"] = FromSide(splice.side[1]);
        list.append(item);
    }
    return list;
}

py::dict
PythonIst::Counters() const
{
    const auto& counters = m_engine.Counters();
    py::dict drops;
    for (const auto& [reason, count] : counters.drops)
    {
        drops[FromText(reason)] = count;
    }
    py::dict answer;
    answer["added"] = counters.added;
    answer["refused"] = counters.refused;
    answer["paired"] = counters.paired;
    answer["fallbacks"] = counters.fallbacks;
    answer["ended"] = counters.ended;
    answer["forwarded"] = counters.forwarded;
    answer["forwarded_bytes"] = counters.forwardedBytes;
    answer["consumed"] = counters.consumed;
    answer["emitted"] = counters.emitted;
    answer["drops"] = drops;
    return answer;
}

std::unique_ptr<PythonIst>
MakeIst(const std::vector<std::string>& addresses, size_t maxSplices, uint64_t seed)
{
    IstSettings settings;
    for (const auto& address : addresses)
    {
        settings.addresses.emplace_back(ToIpv4(address));
    }
    settings.maxSplices = maxSplices;
    return std::make_unique<PythonIst>(std::move(settings), seed);
}

constexpr const char* IST_DOC = R"(The translator in the network layer (thesis 4.2 to 4.4, 5.2).

Joins two connections, both opened by the users, by rewriting headers.

Args:
    addresses: own addresses; packets to others are not ours. Empty: every destination is own.
    max_splices: bound of splices in all states.
    seed: of the random numbers.)";

constexpr const char* ADD_DOC = R"(Open two ports and wait for their users.

Args:
    now: time in nanoseconds, not before the last call's.
    method: "passive", "pure", "active" or "udp".
    port_a, port_b: ports of the IST to which users A and B connect. 0 for B: "pure" takes A's
        source port as seen, "active" chooses one.
    allowed_a, allowed_b: the only source address that may take the side.
    target: "active" only: the endpoint to connect to, "192.0.2.1:80".

Returns:
    id of the splice.

Raises:
    ValueError: port 0, a port that is taken, the limit reached, a contradictory order.)";

constexpr const char* PROCESS_DOC = R"(Take one packet and rewrite it.

Args:
    now: time in nanoseconds, not before the last call's.
    packet: the whole IPv4 packet, network byte order.

Returns:
    dict with "action" ("not-ours", "consumed", "forward", "drop" or "hold"), "packet" (the bytes
    after the rewrite), "reason" and "rule" of a drop, "ticket" of a hold. Packets that the IST
    made itself (SYN-ACK, RST) are in take_emitted().

Raises:
    ValueError: no packet's length, or time goes back.)";

} // namespace

void
BindIst(py::module_& module)
{
    py::class_<PythonIst>(module, "IstEngine", IST_DOC)
        .def(py::init(&MakeIst),
             py::arg("addresses") = std::vector<std::string>(),
             py::kw_only(),
             py::arg("max_splices") = IstSettings{}.maxSplices,
             py::arg("seed") = 1)
        .def("add",
             &PythonIst::Add,
             py::arg("now"),
             py::arg("method"),
             py::arg("port_a"),
             py::arg("port_b"),
             py::kw_only(),
             py::arg("allowed_a") = py::none(),
             py::arg("allowed_b") = py::none(),
             py::arg("target") = py::none(),
             ADD_DOC)
        .def("remove",
             &PythonIst::Remove,
             py::arg("now"),
             py::arg("id"),
             "End a splice; users of a paired TCP splice get an RST each. False if there is none.")
        .def("process", &PythonIst::Process, py::arg("now"), py::arg("packet"), PROCESS_DOC)
        .def("take_emitted",
             &PythonIst::TakeEmitted,
             "Packets made by the IST since the last call, to be sent, as bytes.")
        .def(
            "take_released",
            [](PythonIst& ist) { return ist.Engine().TakeReleased(); },
            "Tickets of held packets to process() again, in this order.")
        .def(
            "take_abandoned",
            [](PythonIst& ist) { return ist.Engine().TakeAbandoned(); },
            "Tickets of held packets to forget.")
        .def("timeout",
             &PythonIst::Timeout,
             py::arg("now"),
             "End everything whose time has come at `now` (nanoseconds).")
        .def_property_readonly(
            "next_timeout",
            [](PythonIst& ist) { return FromTime(ist.Engine().NextTimeout()); },
            "When timeout() is due, in nanoseconds; None when nothing waits.")
        .def("splices",
             &PythonIst::List,
             "All splices as dicts: id, method, requested, state (names of thesis 5.2), and \"a\" "
             "and \"b\" with peer, local, packets, bytes.")
        .def("counters",
             &PythonIst::Counters,
             "Splices and packets by outcome, and \"drops\" by reason.")
        .def(
            "take_events",
            [](PythonIst& ist) { return ist.Events().Take(); },
            "Trace events since the last call, as dicts with the keys of events.jsonl.");
}

} // namespace isb
