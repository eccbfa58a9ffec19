// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/address-pool.h"

#include <algorithm>
#include <iterator>

namespace isb
{

namespace
{

constexpr uint8_t WIRE_LENGTH = 30;

uint64_t
SizeOf(uint8_t length)
{
    return uint64_t{1} << (32U - length);
}

} // namespace

Subnet
WireBlock::Next()
{
    const auto size = static_cast<uint32_t>(SizeOf(WIRE_LENGTH));
    return {Ipv4{m_block.address.value + size * m_used++}, WIRE_LENGTH};
}

AddressPool::AddressPool(Subnet range, const std::vector<Subnet>& taken, uint8_t longest)
    : m_range(range),
      m_next(range.address.value),
      m_longest(longest)
{
    std::copy_if(taken.begin(),
                 taken.end(),
                 std::back_inserter(m_taken),
                 [range](const Subnet& subnet) { return subnet.Overlaps(range); });
}

std::optional<WireBlock>
AddressPool::Take(size_t wires)
{
    uint8_t length = m_longest;
    while (length > m_range.length && SizeOf(length) < wires * SizeOf(WIRE_LENGTH))
    {
        --length;
    }
    const uint64_t size = SizeOf(length);
    const uint64_t end = uint64_t{m_range.address.value} + SizeOf(m_range.length);
    if (size < wires * SizeOf(WIRE_LENGTH))
    {
        return std::nullopt;
    }
    for (uint64_t at = (m_next + size - 1) / size * size; at + size <= end; at += size)
    {
        const Subnet block{Ipv4{static_cast<uint32_t>(at)}, length};
        if (std::none_of(m_taken.begin(),
                         m_taken.end(),
                         [&](const Subnet& subnet) { return subnet.Overlaps(block); }))
        {
            m_next = at + size;
            return WireBlock(block);
        }
    }
    return std::nullopt;
}

} // namespace isb
