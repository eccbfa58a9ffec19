// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/module-answers.h"

#include "kernel/uapi/ist-netlink.h"
#include "kernel/uapi/ist-uapi.h"
#include "model/splice/ist-names.h"

#include <chrono>
#include <utility>

namespace isb
{

namespace
{

SpliceMethod
MethodOf(uint64_t method)
{
    switch (method)
    {
    case IST_METHOD_PURE:
        return SpliceMethod::Pure;
    case IST_METHOD_ACTIVE:
        return SpliceMethod::Active;
    case IST_METHOD_UDP:
        return SpliceMethod::Udp;
    default:
        return SpliceMethod::Passive;
    }
}

TimePoint
TimeIn(const nlattr& attribute)
{
    return TimePoint{static_cast<int64_t>(NumberIn(attribute))};
}

/// The name as a constant of this program; "" for one that it does not know.
std::string_view
ReasonOfName(const std::string& name)
{
    for (unsigned int reason = 0; reason < IST_REASONS; ++reason)
    {
        for (const std::string_view known : {std::string_view(ist_reason_name(reason)),
                                             std::string_view(ist_carrier_reason_name(reason))})
        {
            if (known == name)
            {
                return known;
            }
        }
    }
    return {};
}

IstSpliceInfo::Side
SideIn(const nlattr& nest)
{
    IstSpliceInfo::Side side;
    ForEachNested(nest,
                  [&](uint16_t type, const nlattr& attribute)
                  {
                      switch (type)
                      {
                      case IST_NL_SIDE_PEER:
                          side.peer.address = AddressIn(attribute);
                          break;
                      case IST_NL_SIDE_PEER_PORT:
                          side.peer.port = static_cast<uint16_t>(NumberIn(attribute));
                          break;
                      case IST_NL_SIDE_LOCAL:
                          side.local.address = AddressIn(attribute);
                          break;
                      case IST_NL_SIDE_LOCAL_PORT:
                          side.local.port = static_cast<uint16_t>(NumberIn(attribute));
                          break;
                      case IST_NL_SIDE_PACKETS:
                          side.packets = NumberIn(attribute);
                          break;
                      case IST_NL_SIDE_BYTES:
                          side.bytes = NumberIn(attribute);
                          break;
                      default:
                          break;
                      }
                  });
    return side;
}

void
TakeSpliceAttribute(IstSpliceInfo& info, uint16_t type, const nlattr& attribute)
{
    switch (type)
    {
    case IST_NL_A_ID:
        info.id = NumberIn(attribute);
        break;
    case IST_NL_A_METHOD:
        info.method = MethodOf(NumberIn(attribute));
        break;
    case IST_NL_A_REQUESTED:
        info.requested = MethodOf(NumberIn(attribute));
        break;
    case IST_NL_A_STATE:
        info.state = ist_state_name(static_cast<unsigned int>(NumberIn(attribute)));
        break;
    case IST_NL_A_LABEL:
        info.label = NumberIn(attribute);
        break;
    case IST_NL_A_LIMIT_RATE:
        info.limits.rateBps = NumberIn(attribute);
        break;
    case IST_NL_A_LIMIT_BYTES:
        info.limits.bytes = NumberIn(attribute);
        break;
    case IST_NL_A_LIMIT_TIME:
        info.limits.lifetime = Duration{static_cast<int64_t>(NumberIn(attribute))};
        break;
    case IST_NL_A_ADDED:
        info.added = TimeIn(attribute);
        break;
    case IST_NL_A_ACTIVE:
        info.active = TimeIn(attribute);
        break;
    case IST_NL_A_SIDE_A:
        info.side[0] = SideIn(attribute);
        break;
    case IST_NL_A_SIDE_B:
        info.side[1] = SideIn(attribute);
        break;
    default:
        break;
    }
}

uint64_t*
CounterOf(IstCounters& counters, uint16_t type)
{
    switch (type)
    {
    case IST_NL_C_ADDED:
        return &counters.added;
    case IST_NL_C_REFUSED:
        return &counters.refused;
    case IST_NL_C_PAIRED:
        return &counters.paired;
    case IST_NL_C_FALLBACKS:
        return &counters.fallbacks;
    case IST_NL_C_ENDED:
        return &counters.ended;
    case IST_NL_C_FORWARDED:
        return &counters.forwarded;
    case IST_NL_C_FORWARDED_BYTES:
        return &counters.forwardedBytes;
    case IST_NL_C_CONSUMED:
        return &counters.consumed;
    case IST_NL_C_EMITTED:
        return &counters.emitted;
    default:
        return nullptr;
    }
}

void
TakeDrop(IstCounters& counters, const nlattr& nest)
{
    std::string_view reason;
    uint64_t count = 0;
    ForEachNested(nest,
                  [&](uint16_t type, const nlattr& attribute)
                  {
                      if (type == IST_NL_A_REASON)
                      {
                          reason = ReasonOfName(TextIn(attribute));
                      }
                      else if (type == IST_NL_A_COUNT)
                      {
                          count = NumberIn(attribute);
                      }
                  });
    counters.drops[reason] += count;
}

} // namespace

IstSpliceInfo
SpliceIn(const nlmsghdr& message)
{
    IstSpliceInfo info;
    ForEachAttribute(message,
                     [&](uint16_t type, const nlattr& attribute)
                     { TakeSpliceAttribute(info, type, attribute); });
    return info;
}

IstCounters
CountersIn(const nlmsghdr& message)
{
    IstCounters counters;
    const auto onCounter = [&](uint16_t type, const nlattr& attribute)
    {
        if (uint64_t* counter = CounterOf(counters, type))
        {
            *counter = NumberIn(attribute);
        }
    };
    ForEachAttribute(message,
                     [&](uint16_t type, const nlattr& attribute)
                     {
                         if (type == IST_NL_A_COUNTERS)
                         {
                             ForEachNested(attribute, onCounter);
                         }
                         else if (type == IST_NL_A_DROP)
                         {
                             TakeDrop(counters, attribute);
                         }
                     });
    return counters;
}

CarrierNews
NewsIn(const nlmsghdr& message)
{
    CarrierNews news;
    ForEachAttribute(message,
                     [&](uint16_t type, const nlattr& attribute)
                     {
                         switch (type)
                         {
                         case IST_NL_A_NEWS_KIND:
                             news.kind = static_cast<CarrierNews::Kind>(NumberIn(attribute));
                             break;
                         case IST_NL_A_ID:
                             news.id = NumberIn(attribute);
                             break;
                         case IST_NL_A_LABEL:
                             news.label = NumberIn(attribute);
                             break;
                         case IST_NL_A_PEER:
                             news.peer.address = AddressIn(attribute);
                             break;
                         case IST_NL_A_PEER_PORT:
                             news.peer.port = static_cast<uint16_t>(NumberIn(attribute));
                             break;
                         case IST_NL_A_PORT_B:
                             news.port = static_cast<uint16_t>(NumberIn(attribute));
                             break;
                         case IST_NL_A_REASON:
                             news.reason = ReasonOfName(TextIn(attribute));
                             break;
                         case IST_NL_A_BYTES:
                             news.bytes = NumberIn(attribute);
                             break;
                         default:
                             break;
                         }
                     });
    return news;
}

} // namespace isb
