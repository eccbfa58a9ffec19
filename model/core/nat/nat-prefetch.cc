// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-prefetch.h"

#include <algorithm>
#include <array>

namespace isb
{

namespace
{

// As many misses as a core can wait for at once, and some.
constexpr size_t BATCH = 32;

uint16_t
Read16(const uint8_t* bytes)
{
    return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]);
}

Ipv4
ReadAddress(const uint8_t* bytes)
{
    return {uint32_t{Read16(bytes)} << 16 | Read16(bytes + 2)};
}

/// Finds a packet's place in the index; false when it has none.
bool
FindPlace(const NatMappingTable& table, NatSide from, ByteView header, uint32_t& place)
{
    constexpr size_t FIXED_HEADER = 20;
    if (header.size < FIXED_HEADER)
    {
        return false;
    }
    const uint8_t* const ip = header.data;
    const size_t length = (ip[0] & 0x0fU) * 4U;
    const auto protocol = static_cast<Protocol>(ip[9]);
    const bool hasPorts = protocol == Protocol::Udp || protocol == Protocol::Tcp;
    if (!hasPorts || length < FIXED_HEADER || header.size < length + 4)
    {
        return false;
    }
    const Endpoint source{ReadAddress(ip + 12), Read16(ip + length)};
    const Endpoint destination{ReadAddress(ip + 16), Read16(ip + length + 2)};
    place = from == NatSide::Inside ? table.PlaceOf(from, protocol, source, destination)
                                    : table.PlaceOf(from, protocol, destination, source);
    return true;
}

} // namespace

void
PrefetchSessions(const NatMappingTable& table, NatSide from, const ByteView* headers, size_t count)
{
    while (count != 0)
    {
        const size_t batch = std::min(count, BATCH);
        std::array<uint32_t, BATCH> places;
        size_t found = 0;
        for (size_t i = 0; i < batch; ++i)
        {
            if (FindPlace(table, from, headers[i], places[found]))
            {
                table.FetchIndex(from, places[found++]);
            }
        }
        for (size_t i = 0; i < found; ++i)
        {
            table.FetchSession(from, places[i]);
        }
        headers += batch;
        count -= batch;
    }
}

} // namespace isb
