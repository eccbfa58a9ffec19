// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-port-pool.h"

namespace isb
{

namespace
{

constexpr uint32_t WORD_BITS = 64;
constexpr uint16_t FIRST_REGISTERED = 1024;

/// Bits of even positions and of odd ones.
constexpr uint64_t EVEN_BITS = 0x5555'5555'5555'5555;

} // namespace

uint16_t
WishedPort(NatPortAssignment assignment,
           uint16_t internalPort,
           NatPortRange range,
           uint16_t cursor,
           Rng& rng)
{
    switch (assignment)
    {
    case NatPortAssignment::Preserving:
    case NatPortAssignment::Overloading:
        return range.Contains(internalPort)
                   ? internalPort
                   : static_cast<uint16_t>(range.first + internalPort % range.Size());
    case NatPortAssignment::Sequential:
        return range.Contains(cursor) ? cursor : range.first;
    case NatPortAssignment::Random:
        break;
    }
    return static_cast<uint16_t>(range.first + rng.Below(range.Size()));
}

NatPortPool::NatPortPool(NatPortRange ports)
    : m_ports(ports),
      m_free(ports.Size()),
      m_bits((ports.Size() + WORD_BITS - 1) / WORD_BITS)
{
}

/// The first free one of the bits from `from` to before `end` that stand in `wanted`, a pattern of
/// one word.
std::optional<uint32_t>
NatPortPool::FirstFree(uint32_t from, uint32_t end, uint64_t wanted) const
{
    for (uint32_t word = from / WORD_BITS; word * WORD_BITS < end; ++word)
    {
        uint64_t free = ~m_bits[word] & wanted;
        if (word == from / WORD_BITS)
        {
            free &= ~uint64_t{0} << (from % WORD_BITS);
        }
        if (free != 0)
        {
            const uint32_t bit = word * WORD_BITS + static_cast<uint32_t>(__builtin_ctzll(free));
            return bit < end ? std::optional(bit) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<uint16_t>
NatPortPool::TakeIn(const NatAxes& axes,
                    uint16_t internalPort,
                    NatPortRange range,
                    uint16_t& cursor,
                    Rng& rng)
{
    const uint32_t begin = uint32_t{range.first} - m_ports.first;
    const uint32_t end = begin + range.Size();
    const uint32_t wish =
        uint32_t{WishedPort(axes.assignment, internalPort, range, cursor, rng)} - m_ports.first;
    uint64_t wanted = ~uint64_t{0};
    if (axes.parity)
    {
        wanted = ((internalPort ^ m_ports.first) & 1) == 0 ? EVEN_BITS : ~EVEN_BITS;
    }
    std::optional<uint32_t> found = FirstFree(wish, end, wanted);
    if (!found)
    {
        found = FirstFree(begin, wish, wanted);
    }
    if (!found)
    {
        return std::nullopt;
    }
    m_bits[*found / WORD_BITS] |= uint64_t{1} << (*found % WORD_BITS);
    --m_free;
    cursor = static_cast<uint16_t>(range.first + (*found - begin + axes.step) % range.Size());
    return static_cast<uint16_t>(m_ports.first + *found);
}

std::optional<uint16_t>
NatPortPool::Take(const NatAxes& axes,
                  uint16_t internalPort,
                  NatPortRange range,
                  uint16_t& cursor,
                  Rng& rng)
{
    if (m_free == 0)
    {
        return std::nullopt;
    }
    if (range.first < FIRST_REGISTERED && range.last >= FIRST_REGISTERED)
    {
        const NatPortRange kind = internalPort < FIRST_REGISTERED
                                      ? NatPortRange{range.first, FIRST_REGISTERED - 1}
                                      : NatPortRange{FIRST_REGISTERED, range.last};
        if (const auto port = TakeIn(axes, internalPort, kind, cursor, rng))
        {
            return port;
        }
    }
    return TakeIn(axes, internalPort, range, cursor, rng);
}

bool
NatPortPool::Claim(uint16_t port)
{
    if (!IsFree(port))
    {
        return false;
    }
    const uint32_t bit = uint32_t{port} - m_ports.first;
    m_bits[bit / WORD_BITS] |= uint64_t{1} << (bit % WORD_BITS);
    --m_free;
    return true;
}

void
NatPortPool::Release(uint16_t port)
{
    const uint32_t bit = uint32_t{port} - m_ports.first;
    m_bits[bit / WORD_BITS] &= ~(uint64_t{1} << (bit % WORD_BITS));
    ++m_free;
}

} // namespace isb
