// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_RESTING_PORTS_H
#define ISB_CORE_NAT_NAT_RESTING_PORTS_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace isb
{

/// Released ports that no other host may get before their rest is over (RFC 6888 REQ-8): what
/// still comes in for the old mapping must not reach a new one. Bounded by the ports there are.
class NatRestingPorts
{
  public:
    struct Port
    {
        Protocol protocol;
        Endpoint external;
        Ipv4 host; ///< who had it
        TimePoint until;
    };

    /// A port begins its rest, which ends after all that rest already.
    void Add(const Port& port);
    /// Ends the rest of the first port if it is over: true, and what port that was.
    [[nodiscard]] bool TakeRested(TimePoint now, Port& port);
    /// Ends the rest of a port early because the host that had it wants it back; false when it is
    /// not resting or was another's.
    [[nodiscard]] bool TakeBack(Protocol protocol, Endpoint external, Ipv4 host);

    /// All that rest, in order of their ends.
    [[nodiscard]] std::vector<Port> List() const;

    /// How many entries are kept: those that rest, and as many again and 64 that were taken back.
    [[nodiscard]] size_t
    EntryCount() const
    {
        return m_order.size();
    }

  private:
    struct Entry
    {
        Port port;
        uint64_t number; ///< tells the rests of one port apart
    };

    [[nodiscard]] bool Rests(const Entry& entry) const;
    void ForgetTakenBack();

    uint64_t m_lastNumber = 0;
    std::deque<Entry> m_order;
    /// The same by port; one that is not here was taken back.
    std::unordered_map<uint64_t, Entry> m_byPort;
};

} // namespace isb

#endif
