// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-book.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr unsigned int MOST_TRIES = 4;
/// Ports below are the system's: none is given out because a peer wants it.
constexpr uint16_t FIRST_USER_PORT = 1024;

std::optional<Ipv4>
AllowedSource(Ipv4 address)
{
    return address == Ipv4{} ? std::nullopt : std::optional(address);
}

SpliceMethod
EngineMethod(ForwardingMethod method)
{
    switch (method)
    {
    case ForwardingMethod::Active:
        return SpliceMethod::Active;
    case ForwardingMethod::Pure:
        return SpliceMethod::Pure;
    case ForwardingMethod::Udp:
        return SpliceMethod::Udp;
    case ForwardingMethod::Proxy:
    case ForwardingMethod::Passive:
        break;
    }
    return SpliceMethod::Passive;
}

/// Datagrams have one way through the network layer, whatever it is called for TCP.
ForwardingMethod
MethodFor(const SpliceRequestMessage& request)
{
    const bool spliced =
        request.method == ForwardingMethod::Passive || request.method == ForwardingMethod::Pure;
    return request.protocol == Protocol::Udp && spliced ? ForwardingMethod::Udp : request.method;
}

bool
FitsProtocol(ForwardingMethod method, Protocol protocol)
{
    if (method == ForwardingMethod::Proxy)
    {
        return protocol == Protocol::Tcp || protocol == Protocol::Udp;
    }
    return protocol == (method == ForwardingMethod::Udp ? Protocol::Udp : Protocol::Tcp);
}

template <typename T>
T
Tighter(T a, T b)
{
    return a == T{} ? b : b == T{} ? a : std::min(a, b);
}

} // namespace

SpliceLimits
TighterLimits(const SpliceLimits& a, const SpliceLimits& b)
{
    SpliceLimits both;
    both.rateBps = Tighter(a.rateBps, b.rateBps);
    both.bytes = Tighter(a.bytes, b.bytes);
    both.lifetime = Tighter(a.lifetime, b.lifetime);
    return both;
}

SpliceBook::SpliceBook(const IstServerSettings& settings, Rng& random)
    : tcpPorts(settings.portFirst, settings.portLast, random),
      udpPorts(settings.portFirst, settings.portLast, random),
      m_settings(settings)
{
    tcpPorts.Reserve(settings.broker.port); // the broker may live on this host
    udpPorts.Reserve(settings.pingPort);
}

std::optional<SpliceRefusal>
SpliceBook::Refusal(const SpliceRequestMessage& request, ForwardingMethod method) const
{
    const auto& methods = m_settings.methods;
    if (request.splice == 0)
    {
        return SpliceRefusal{IsbCode::BadRequest, "a splice needs a number"};
    }
    if (m_splices.count(request.splice) != 0)
    {
        return SpliceRefusal{IsbCode::Duplicate, "this splice is already here"};
    }
    if (!FitsProtocol(method, request.protocol))
    {
        return SpliceRefusal{IsbCode::BadRequest, "the method does not carry this protocol"};
    }
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
    {
        return SpliceRefusal{IsbCode::BadRequest, "this IST does not have the method"};
    }
    if (m_splices.size() >= m_settings.capacity)
    {
        return SpliceRefusal{IsbCode::Overloaded, "all splices are in use"};
    }
    return std::nullopt;
}

std::optional<SpliceRefusal>
SpliceBook::Admit(TimePoint now, const SpliceRequestMessage& request)
{
    const ForwardingMethod method = MethodFor(request);
    if (const auto refusal = Refusal(request, method))
    {
        return refusal;
    }
    BookedSplice splice;
    splice.request = request;
    splice.method = method;
    splice.tries = 1;
    if (!ChoosePorts(splice))
    {
        return SpliceRefusal{IsbCode::Overloaded, "all IST ports are in use"};
    }
    if (request.patience > Duration{0})
    {
        splice.deadline = now + request.patience;
    }
    BookedSplice& booked = m_splices[request.splice] = splice;
    m_deadlines.Schedule(request.splice, booked.entered, booked.deadline);
    return std::nullopt;
}

IstPortPool&
SpliceBook::PoolOf(const BookedSplice& splice)
{
    return splice.request.protocol == Protocol::Udp ? udpPorts : tcpPorts;
}

/// Pure (thesis 4.4): A's port is the source port of B's connection and the other way round. False,
/// with nothing taken, when a port that was agreed is not free here.
bool
SpliceBook::ChooseAgreedPorts(BookedSplice& splice)
{
    const SpliceRequestMessage& request = splice.request;
    const uint16_t first = std::min(request.portA, request.portB);
    const uint16_t low = first != 0 ? first : std::max(request.portA, request.portB);
    if ((low != 0 && low < FIRST_USER_PORT) ||
        (request.portB != 0 && !tcpPorts.TakeExactly(request.portB)))
    {
        return false;
    }
    splice.portB = request.portB;
    if (request.portA == 0)
    {
        splice.portA = tcpPorts.Take().value_or(0);
    }
    else if (tcpPorts.TakeExactly(request.portA))
    {
        splice.portA = request.portA;
    }
    if (splice.portA == 0)
    {
        ReturnPorts(splice);
    }
    return splice.portA != 0;
}

bool
SpliceBook::ChoosePorts(BookedSplice& splice)
{
    if (splice.method == ForwardingMethod::Pure && ChooseAgreedPorts(splice))
    {
        return true;
    }
    if (splice.method == ForwardingMethod::Pure)
    {
        splice.method = ForwardingMethod::Passive; // the ports collide: thesis 4.4, decided
    }
    IstPortPool& pool = PoolOf(splice);
    splice.portA = pool.Take().value_or(0);
    if (splice.method != ForwardingMethod::Active)
    {
        splice.portB = pool.Take().value_or(0);
    }
    if (splice.portA == 0 || (splice.portB == 0 && splice.method != ForwardingMethod::Active))
    {
        ReturnPorts(splice);
        return false;
    }
    return true;
}

bool
SpliceBook::ChooseAgain(BookedSplice& splice)
{
    if (splice.tries >= MOST_TRIES)
    {
        return false;
    }
    ++splice.tries;
    const bool agreed = splice.request.portA != 0 || splice.request.portB != 0;
    ReturnPorts(splice);
    if (splice.method == ForwardingMethod::Pure && agreed)
    {
        splice.method = ForwardingMethod::Passive;
    }
    return ChoosePorts(splice);
}

void
SpliceBook::ReturnPorts(BookedSplice& splice)
{
    IstPortPool& pool = PoolOf(splice);
    pool.Return(splice.portA);
    pool.Return(splice.portB);
    splice.portA = 0;
    splice.portB = 0;
}

/// TCP ports on which proxies of this server listen.
std::vector<uint16_t>
SpliceBook::ListeningPorts() const
{
    std::vector<uint16_t> ports;
    for (const auto& [id, splice] : m_splices)
    {
        if (splice.method == ForwardingMethod::Proxy && splice.request.protocol == Protocol::Tcp &&
            !splice.paired)
        {
            ports.push_back(splice.portA);
            ports.push_back(splice.portB);
        }
    }
    return ports;
}

CarrierOrder
SpliceBook::OrderFor(const BookedSplice& splice) const
{
    const SpliceRequestMessage& request = splice.request;
    const Ipv4 first = request.providerFirst ? request.provider : request.subscriber;
    const Ipv4 second = request.providerFirst ? request.subscriber : request.provider;
    const SpliceLimits limits = TighterLimits(m_settings.limits, request.limits);
    if (splice.method == ForwardingMethod::Proxy)
    {
        ProxyPair pair;
        pair.protocol = request.protocol;
        pair.portA = splice.portA;
        pair.portB = splice.portB;
        pair.allowedA = AllowedSource(first);
        pair.allowedB = AllowedSource(second);
        pair.limits = limits;
        pair.label = request.splice;
        return ProxyOrder{request.splice, pair};
    }
    IstPair pair;
    pair.method = EngineMethod(splice.method);
    pair.portA = splice.portA;
    pair.portB = splice.portB;
    pair.allowedA = AllowedSource(first);
    pair.allowedB = AllowedSource(second);
    pair.limits = limits;
    pair.label = request.splice;
    if (splice.method == ForwardingMethod::Active)
    {
        pair.activeTarget = request.activeTarget;
        pair.allowedB.reset();
    }
    if (splice.method == ForwardingMethod::Pure && splice.portB == 0)
    {
        pair.closedPorts = ListeningPorts();
        const auto& reserved = tcpPorts.Reserved();
        pair.closedPorts.insert(pair.closedPorts.end(), reserved.begin(), reserved.end());
    }
    return EngineOrder{request.splice, pair};
}

void
SpliceBook::SetOwnPort(uint16_t before, uint16_t now)
{
    if (before != m_settings.broker.port)
    {
        tcpPorts.Unreserve(before);
    }
    tcpPorts.Reserve(now);
}

BookedSplice*
SpliceBook::Find(uint64_t splice)
{
    const auto found = m_splices.find(splice);
    return found == m_splices.end() ? nullptr : &found->second;
}

/// The ports of a proxy's UDP sockets stay bound; all others are single-use and closed by now.
void
SpliceBook::SetPaired(BookedSplice& splice)
{
    splice.paired = true;
    m_deadlines.Schedule(splice.request.splice, splice.entered, TIME_NEVER);
    if (splice.method != ForwardingMethod::Proxy || splice.request.protocol == Protocol::Tcp)
    {
        ReturnPorts(splice);
    }
}

/// Noted as taken, unless another splice waits there in a way that the carrier does not know.
void
SpliceBook::SetFollowed(BookedSplice& splice, uint16_t port)
{
    if (splice.request.portB == 0 && splice.portB != port)
    {
        tcpPorts.Return(splice.portB);
        splice.portB = tcpPorts.TakeExactly(port) ? port : 0;
    }
}

void
SpliceBook::Erase(uint64_t splice)
{
    const auto found = m_splices.find(splice);
    if (found == m_splices.end())
    {
        return;
    }
    ReturnPorts(found->second);
    m_deadlines.Schedule(splice, found->second.entered, TIME_NEVER);
    m_splices.erase(found);
}

std::vector<uint64_t>
SpliceBook::All() const
{
    std::vector<uint64_t> ids;
    for (const auto& [id, splice] : m_splices)
    {
        ids.push_back(id);
    }
    return ids;
}

std::optional<uint64_t>
SpliceBook::PopOverdue(TimePoint now)
{
    const auto id = m_deadlines.PopDue(now);
    if (id)
    {
        m_splices.at(*id).entered = TIME_NEVER;
    }
    return id;
}

TimePoint
SpliceBook::NextTimeout() const
{
    return m_deadlines.Next();
}

size_t
SpliceBook::Size() const
{
    return m_splices.size();
}

size_t
SpliceBook::PortsTaken() const
{
    return tcpPorts.Taken() + udpPorts.Taken();
}

} // namespace isb
