// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-payload.h"

#include "model/splice/ist-checksum.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr size_t ADDRESS = 4;

/// The whole 16-bit words that hold the address at `at`.
ByteView
WordsAround(MutableBytes payload, size_t at)
{
    const size_t begin = at & ~size_t{1};
    const size_t end = std::min(payload.size, (at + ADDRESS + 1) & ~size_t{1});
    return {payload.data + begin, end - begin};
}

uint32_t
SumOf(ByteView words)
{
    return ist_sum(words.data, static_cast<uint32_t>(words.size), 0);
}

} // namespace

uint32_t
ReplaceAddress(MutableBytes payload, Ipv4 from, Ipv4 to)
{
    uint32_t delta = 0;
    if (from == to)
    {
        return delta;
    }
    for (size_t at = 0; at + ADDRESS <= payload.size; ++at)
    {
        if (ist_get32(payload.data + at) != from.value)
        {
            continue;
        }
        const ByteView words = WordsAround(payload, at);
        const uint32_t before = SumOf(words);
        ist_put32(payload.data + at, to.value);
        delta = ist_fold(delta + ist_delta16(static_cast<uint16_t>(before),
                                             static_cast<uint16_t>(SumOf(words))));
        at += ADDRESS - 1;
    }
    return delta;
}

} // namespace isb
