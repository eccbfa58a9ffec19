// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-config.h"

#include "emulation/sys/system-error.h"
#include "model/core/ist/core-settings.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <chrono>

namespace isb
{

namespace
{

/// The sweep: all splices within TICKS_A_ROUND ticks, and so how late a timer may be.
constexpr auto TICK = std::chrono::milliseconds(100);
constexpr uint32_t LEAST_TICK_SLOTS = 4096;
constexpr uint32_t TICKS_A_ROUND = 64;

constexpr uint32_t FIRST = 0;

} // namespace

ist_config
BpfConfigOf(const IstSettings& settings)
{
    ist_config config{};
    config.settings = CoreSettingsOf(settings);
    config.settings.decrement_ttl = 1; // no stack forwards behind these programs
    config.unmatched_limit_ns = Nanoseconds(settings.unmatchedLimit);
    config.fragment_ns = Nanoseconds(settings.fragmentTimeout);
    config.tick_ns = Nanoseconds(TICK);
    config.max_splices = static_cast<uint32_t>(settings.maxSplices);
    config.tick_slots = std::min(config.max_splices,
                                 std::max(LEAST_TICK_SLOTS, config.max_splices / TICKS_A_ROUND));
    config.xdp_most = UINT16_MAX;
    config.own_port_first = settings.ownPortFirst;
    config.own_port_last = settings.ownPortLast;
    return config;
}

ist_own_key
BpfOwnKey(const IpAddress& address)
{
    ist_own_key key{};
    key.family = address.family;
    const size_t words = address.IsIpv4() ? 1 : address.word.size();
    for (size_t i = 0; i < words; ++i)
    {
        ist_put32(key.bytes + 4 * i, address.word[i]);
    }
    return key;
}

ist_config
ReadBpfConfig(const BpfPins& pins)
{
    const Descriptor map = pins.Get(IST_MAP_CONFIG);
    ist_config config{};
    if (bpf_map_lookup_elem(map.Get(), &FIRST, &config) != 0)
    {
        throw SystemError("read " + pins.PathOf(IST_MAP_CONFIG));
    }
    return config;
}

void
WriteBpfConfig(const BpfPins& pins, const ist_config& config)
{
    const Descriptor map = pins.Get(IST_MAP_CONFIG);
    if (bpf_map_update_elem(map.Get(), &FIRST, &config, BPF_ANY) != 0)
    {
        throw SystemError("write " + pins.PathOf(IST_MAP_CONFIG));
    }
}

} // namespace isb
