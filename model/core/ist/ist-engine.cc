// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-engine.h"

#include "model/core/ist/packet-path.h"
#include "model/splice/ist-names.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

IstSpliceInfo
Describe(const Splice& splice)
{
    IstSpliceInfo info;
    info.id = splice.id;
    info.requested = splice.requested;
    info.method = splice.requested == SpliceMethod::Pure && splice.core.method != IST_METHOD_PURE
                      ? SpliceMethod::Passive
                      : splice.requested;
    info.state = ist_state_name(splice.core.state);
    info.label = splice.label;
    info.limits = splice.allowance.Limits();
    info.added = splice.added;
    info.active = std::max(splice.added, TimePoint(splice.core.active_ns));
    for (const IstSide which : {IstSide::A, IstSide::B})
    {
        const Splice::Side& side = splice.side[IndexOf(which)];
        const ist_side& core = splice.CoreSide(which);
        IstSpliceInfo::Side& shown = info.side[IndexOf(which)];
        if (splice.Knows(which))
        {
            shown.peer = SourceOf(core.family, core.tuple);
            shown.local.address = DestinationOf(core.family, core.tuple).address;
        }
        shown.local.port = side.port;
        shown.packets = side.packets;
        shown.bytes = side.bytes;
    }
    return info;
}

} // namespace

/// The parts, in the order in which they need one another.
class IstEngine::Impl
{
  public:
    Impl(IstSettings wanted, Rng& random, TraceSink* trace)
        : settings(std::move(wanted)),
          keeper(settings, random, trace),
          path(settings, keeper)
    {
    }

    const IstSettings settings;
    SpliceKeeper keeper;
    PacketPath path;
};

IstEngine::IstEngine(IstSettings settings, Rng& random, TraceSink* trace)
    : m_impl(std::make_unique<Impl>(std::move(settings), random, trace))
{
}

IstEngine::~IstEngine() = default;

Result<uint64_t>
IstEngine::Add(TimePoint now, const IstPair& pair)
{
    return m_impl->keeper.Add(now, pair);
}

bool
IstEngine::Remove(TimePoint now, uint64_t id)
{
    return m_impl->keeper.Remove(now, id);
}

IstVerdict
IstEngine::Process(TimePoint now, MutableBytes header, size_t packetLength)
{
    return m_impl->path.Process(now, header, packetLength);
}

std::vector<std::vector<uint8_t>>
IstEngine::TakeEmitted()
{
    return m_impl->keeper.TakeEmitted();
}

std::vector<CarrierNews>
IstEngine::TakeNotices()
{
    return m_impl->keeper.TakeNotices();
}

std::vector<uint64_t>
IstEngine::TakeReleased()
{
    return m_impl->path.fragments.TakeReleased();
}

std::vector<uint64_t>
IstEngine::TakeAbandoned()
{
    return m_impl->path.fragments.TakeAbandoned();
}

TimePoint
IstEngine::NextTimeout() const
{
    return std::min(m_impl->keeper.NextTimeout(), m_impl->path.fragments.NextTimeout());
}

void
IstEngine::Timeout(TimePoint now)
{
    m_impl->keeper.Timeout(now);
    m_impl->path.fragments.Timeout(now);
}

std::vector<IstSpliceInfo>
IstEngine::List() const
{
    std::vector<IstSpliceInfo> list;
    for (const auto& [id, slot] : m_impl->keeper.table.SlotsById())
    {
        list.push_back(Describe(m_impl->keeper.table.InSlot(slot)));
    }
    return list;
}

std::optional<IstSpliceInfo>
IstEngine::Find(uint64_t id) const
{
    const Splice* splice = m_impl->keeper.table.Find(id);
    return splice ? std::optional(Describe(*splice)) : std::nullopt;
}

size_t
IstEngine::Size() const
{
    return m_impl->keeper.table.Size();
}

size_t
IstEngine::StateSize() const
{
    return m_impl->keeper.table.Entries() + m_impl->path.fragments.Size() +
           m_impl->path.fragments.Held();
}

const IstCounters&
IstEngine::Counters() const
{
    return m_impl->keeper.report.counters;
}

} // namespace isb
