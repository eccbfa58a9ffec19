// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/pair-contradiction.h"

namespace isb
{

namespace
{

std::string
TakenText(Protocol protocol, uint16_t port)
{
    return std::string(ToString(protocol)) + " port " + std::to_string(port) +
           " is taken by another splice";
}

/// Whether user B's port is known when the pair is added.
bool
NeedsPortB(SpliceMethod method)
{
    return method == SpliceMethod::Passive || method == SpliceMethod::Udp;
}

/// What is wrong with the ends that only an active splice has.
std::optional<std::string>
TargetContradiction(const IstPair& pair)
{
    const IpEndpoint& target = pair.activeTarget;
    if (pair.method != SpliceMethod::Active)
    {
        return target != IpEndpoint{} || pair.activeSource
                   ? std::optional("only an active splice has a target; this one is " +
                                   std::string(ToString(pair.method)))
                   : std::nullopt;
    }
    if (target.address.IsUnspecified() || target.port == 0)
    {
        return "an active splice needs a target address and port, not " + target.ToString();
    }
    if (pair.activeSource && pair.activeSource->family != target.address.family)
    {
        return "an active splice cannot connect to " + target.ToString() + " from " +
               pair.activeSource->ToString() + ": they are of different families";
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string>
PairContradiction(const IstPair& pair,
                  const IsPortOpen& isPortOpen,
                  size_t splices,
                  size_t maxSplices)
{
    const Protocol protocol = pair.method == SpliceMethod::Udp ? Protocol::Udp : Protocol::Tcp;
    const bool active = pair.method == SpliceMethod::Active;
    if (pair.portA == 0 || (pair.portB == 0 && NeedsPortB(pair.method)))
    {
        return "port 0 cannot be opened: user " + std::string(pair.portA == 0 ? "A" : "B") +
               " needs a port from 1 to 65535";
    }
    if (pair.portA == pair.portB && !active)
    {
        return "port " + std::to_string(pair.portA) + " is given to both users: each needs its own";
    }
    if (isPortOpen(protocol, pair.portA))
    {
        return TakenText(protocol, pair.portA);
    }
    if (!active && pair.portB != 0 && isPortOpen(protocol, pair.portB))
    {
        return TakenText(protocol, pair.portB);
    }
    if (auto why = TargetContradiction(pair))
    {
        return why;
    }
    if (splices >= maxSplices)
    {
        return "all " + std::to_string(maxSplices) + " splices are in use";
    }
    return std::nullopt;
}

} // namespace isb
