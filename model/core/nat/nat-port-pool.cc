// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-port-pool.h"

namespace isb
{

namespace
{

constexpr uint32_t WORD_BITS = 64;

} // namespace

NatPortPool::NatPortPool(NatPortAssignment assignment, uint16_t first, uint16_t last)
    : m_assignment(assignment),
      m_first(first),
      m_size(uint32_t{last} - first + 1),
      m_free(m_size),
      m_bits((m_size + WORD_BITS - 1) / WORD_BITS)
{
    if (const uint32_t used = m_size % WORD_BITS; used != 0)
    {
        m_bits.back() = ~uint64_t{0} << used;
    }
}

uint32_t
NatPortPool::FirstWish(uint16_t internalPort, Rng& rng) const
{
    switch (m_assignment)
    {
    case NatPortAssignment::Preserving:
    case NatPortAssignment::Overloading:
        return internalPort >= m_first && internalPort - m_first < m_size ? internalPort - m_first
                                                                          : internalPort % m_size;
    case NatPortAssignment::Sequential:
        return m_next;
    case NatPortAssignment::Random:
        break;
    }
    return static_cast<uint32_t>(rng.Below(m_size));
}

/// The first free port at or after `from`, around the end; there must be one.
uint32_t
NatPortPool::NextFree(uint32_t from) const
{
    uint32_t word = from / WORD_BITS;
    uint64_t free = ~m_bits[word] & (~uint64_t{0} << (from % WORD_BITS));
    while (free == 0)
    {
        word = word + 1 == m_bits.size() ? 0 : word + 1;
        free = ~m_bits[word];
    }
    return word * WORD_BITS + static_cast<uint32_t>(__builtin_ctzll(free));
}

std::optional<uint16_t>
NatPortPool::Take(uint16_t internalPort, Rng& rng)
{
    if (m_free == 0)
    {
        return std::nullopt;
    }
    const uint32_t port = NextFree(FirstWish(internalPort, rng));
    m_bits[port / WORD_BITS] |= uint64_t{1} << (port % WORD_BITS);
    m_next = port + 1 == m_size ? 0 : port + 1;
    --m_free;
    return static_cast<uint16_t>(m_first + port);
}

void
NatPortPool::Claim(uint16_t port)
{
    const uint32_t bit = port - m_first;
    m_bits[bit / WORD_BITS] |= uint64_t{1} << (bit % WORD_BITS);
    --m_free;
}

void
NatPortPool::Release(uint16_t port)
{
    const uint32_t bit = port - m_first;
    m_bits[bit / WORD_BITS] &= ~(uint64_t{1} << (bit % WORD_BITS));
    ++m_free;
}

} // namespace isb
