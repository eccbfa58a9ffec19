// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-forwards.h"

#include "model/core/nat/nat-tag-index.h"

namespace isb
{

void
NatForwards::Add(Protocol protocol, Endpoint external, uint32_t mapping)
{
    m_forwards[{protocol, external}].mappings.push_back(mapping);
}

bool
NatForwards::Has(Protocol protocol, Endpoint external) const
{
    return m_forwards.count({protocol, external}) != 0;
}

uint32_t
NatForwards::Next(Protocol protocol, Endpoint external) const
{
    const auto found = m_forwards.find({protocol, external});
    return found == m_forwards.end() ? NAT_NO_SLOT : found->second.mappings[found->second.next];
}

void
NatForwards::Advance(Protocol protocol, Endpoint external)
{
    Turns& turns = m_forwards.find({protocol, external})->second;
    turns.next = (turns.next + 1) % turns.mappings.size();
}

void
NatForwards::Clear()
{
    m_forwards.clear();
}

} // namespace isb
