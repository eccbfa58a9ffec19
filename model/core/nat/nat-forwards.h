// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_FORWARDS_H
#define ISB_CORE_NAT_NAT_FORWARDS_H

#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace isb
{

/// The mappings of the administrator's forwards (thesis 1.1) by external endpoint, and whose turn
/// it is where one has several internal endpoints.
class NatForwards
{
  public:
    [[nodiscard]] bool
    IsEmpty() const
    {
        return m_forwards.empty();
    }

    void Add(Protocol protocol, Endpoint external, uint32_t mapping);
    [[nodiscard]] bool Has(Protocol protocol, Endpoint external) const;
    /// The mapping whose turn it is, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t Next(Protocol protocol, Endpoint external) const;
    /// A new flow went to a mapping of this endpoint or was refused there: the next one's turn.
    void Advance(Protocol protocol, Endpoint external);
    void Clear();

  private:
    struct Turns
    {
        std::vector<uint32_t> mappings;
        size_t next = 0;
    };

    std::map<std::pair<Protocol, Endpoint>, Turns> m_forwards;
};

} // namespace isb

#endif
