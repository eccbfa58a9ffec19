// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-table.h"

#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-maps.h"
#include "model/splice/ist-names.h"
#include "model/splice/ist-rate.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>

namespace isb
{

namespace
{

constexpr uint32_t BATCH = 1024; ///< entries that one system call reads

SpliceMethod
MethodOf(unsigned int method)
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

/// The rate of a cost of ist_rate_cost(), which is rounded.
uint64_t
RateOf(uint64_t cost)
{
    constexpr uint64_t SECOND = uint64_t{8'000'000'000} << IST_RATE_SHIFT;
    return cost == 0 ? 0 : (SECOND + cost / 2) / cost;
}

IstSpliceInfo
Describe(uint32_t slot, const ist_entry& entry)
{
    IstSpliceInfo info;
    info.id = ist_entry_id(slot, entry.generation);
    info.method = MethodOf(entry.core.method);
    info.requested = MethodOf(entry.core.wanted);
    info.state = ist_state_name(entry.core.state);
    info.label = entry.label;
    info.limits.rateBps = RateOf(entry.rate_cost);
    info.limits.bytes = entry.byte_limit; // a lifetime is kept as its end only, and not shown
    info.added = TimePoint(static_cast<int64_t>(entry.added_tick) << IST_TICK_SHIFT);
    info.active = std::max(info.added, TimePoint(entry.core.active_ns));
    for (size_t i = 0; i < info.side.size(); ++i)
    {
        const ist_side& side = entry.core.side[i];
        IstSpliceInfo::Side& shown = info.side[i];
        if ((side.flags & IST_SIDE_KNOWN) != 0)
        {
            shown.peer = {IpAddress(side.family, side.tuple.source), side.tuple.source_port};
            shown.local.address = IpAddress(side.family, side.tuple.destination);
        }
        shown.local.port = side.tuple.destination_port;
        shown.packets = entry.count[i].packets;
        shown.bytes = entry.count[i].bytes;
    }
    return info;
}

} // namespace

std::string_view
CarrierReasonName(unsigned int reason)
{
    return reason < IST_REASON_COUNT ? ist_reason_name(reason) : ist_carrier_reason_name(reason);
}

BpfTable::BpfTable(const BpfPins& pins)
    : m_splices(pins.Get(IST_MAP_SPLICES)),
      m_drops(pins.Get(IST_MAP_DROPS)),
      m_counters(pins.Get(IST_MAP_COUNTERS))
{
    bpf_map_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(m_splices.Get(), &info, &size) != 0)
    {
        throw SystemError("look at pinned " + pins.PathOf(IST_MAP_SPLICES));
    }
    m_slots = info.max_entries;
}

uint32_t
BpfTable::MaxSplices() const
{
    return m_slots;
}

std::vector<IstSpliceInfo>
BpfTable::List() const
{
    std::vector<IstSpliceInfo> list;
    std::vector<uint32_t> keys(BATCH);
    std::vector<ist_entry> entries(BATCH);
    bpf_map_batch_opts options{};
    options.sz = sizeof(options);
    options.elem_flags = BPF_F_LOCK;
    uint32_t place = 0;
    bool begun = false;
    bool more = true;
    while (more)
    {
        uint32_t count = BATCH;
        const int error = bpf_map_lookup_batch(m_splices.Get(),
                                               begun ? &place : nullptr,
                                               &place,
                                               keys.data(),
                                               entries.data(),
                                               &count,
                                               &options);
        if (error != 0 && error != -ENOENT)
        {
            throw SystemError("read map " IST_MAP_SPLICES, -error);
        }
        begun = true;
        more = error == 0;
        for (uint32_t i = 0; i < count; ++i)
        {
            if ((entries[i].flags & IST_ENTRY_USED) != 0)
            {
                list.push_back(Describe(keys[i], entries[i]));
            }
        }
    }
    std::sort(list.begin(),
              list.end(),
              [](const IstSpliceInfo& a, const IstSpliceInfo& b) { return a.id < b.id; });
    return list;
}

std::optional<IstSpliceInfo>
BpfTable::Find(uint64_t id) const
{
    const auto slot = static_cast<uint32_t>(id);
    ist_entry entry{};
    if (bpf_map_lookup_elem_flags(m_splices.Get(), &slot, &entry, BPF_F_LOCK) != 0 ||
        (entry.flags & IST_ENTRY_USED) == 0 || ist_entry_id(slot, entry.generation) != id)
    {
        return std::nullopt;
    }
    return Describe(slot, entry);
}

uint64_t
BpfTable::Total(const Descriptor& map, uint32_t key) const
{
    const int processors = libbpf_num_possible_cpus();
    std::vector<uint64_t> values(static_cast<size_t>(std::max(processors, 1)));
    if (processors < 1 || bpf_map_lookup_elem(map.Get(), &key, values.data()) != 0)
    {
        throw SystemError("read a map of counters");
    }
    uint64_t total = 0;
    for (const uint64_t value : values)
    {
        total += value;
    }
    return total;
}

IstCounters
BpfTable::Counters() const
{
    IstCounters counters;
    counters.added = Total(m_counters, IST_COUNTER_ADDED);
    counters.refused = Total(m_counters, IST_COUNTER_REFUSED);
    counters.paired = Total(m_counters, IST_COUNTER_PAIRED);
    counters.fallbacks = Total(m_counters, IST_COUNTER_FALLBACKS);
    counters.ended = Total(m_counters, IST_COUNTER_ENDED);
    counters.consumed = Total(m_counters, IST_COUNTER_CONSUMED);
    counters.emitted = Total(m_counters, IST_COUNTER_EMITTED);
    counters.forwarded = Total(m_counters, IST_COUNTER_FORWARDED);
    counters.forwardedBytes = Total(m_counters, IST_COUNTER_FORWARDED_BYTES);
    for (const IstSpliceInfo& splice : List())
    {
        for (const IstSpliceInfo::Side& side : splice.side)
        {
            counters.forwarded += side.packets;
            counters.forwardedBytes += side.bytes;
        }
    }
    for (uint32_t reason = 0; reason < IST_REASONS; ++reason)
    {
        const std::string_view name = CarrierReasonName(reason);
        const uint64_t count = name.empty() ? 0 : Total(m_drops, reason);
        if (count != 0)
        {
            counters.drops[name] += count;
        }
    }
    return counters;
}

} // namespace isb
