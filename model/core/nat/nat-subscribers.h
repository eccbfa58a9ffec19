// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_SUBSCRIBERS_H
#define ISB_CORE_NAT_NAT_SUBSCRIBERS_H

#include "model/core/nat/nat-slab.h"
#include "model/core/nat/nat-tag-index.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace isb
{

/// "No external address yet", where one is named by its place in the settings.
inline constexpr uint16_t NAT_NO_ADDRESS = UINT16_MAX;

/// One internal host as far as its mappings count together (RFC 6888 section 2, "subscriber").
struct NatSubscriber
{
    Ipv4 address;
    uint32_t mappings = 0;              ///< forwards do not count
    uint32_t sessions = 0;              ///< of those mappings
    uint32_t firstBlock = NAT_NO_SLOT;  ///< list of its port blocks, oldest first
    uint16_t blocks = 0;                ///< how many
    uint16_t external = NAT_NO_ADDRESS; ///< the address it is paired with
    bool isWaiting = false;             ///< has no mapping, is remembered for its credit
    uint64_t credit = 0;                ///< of new mappings, in 1e-9 mappings
    TimePoint creditAt{0};              ///< when the credit was counted
};

/// The subscribers of a NAT that have mappings, and for one second more those whose rate of new
/// mappings is limited.
class NatSubscribers
{
  public:
    /// \param hash keyed
    /// \param newMappingsPerSecond 0: no limit
    /// \param most remembered without a mapping; must not be 0
    NatSubscribers(NatHash hash, uint32_t newMappingsPerSecond, size_t most);

    /// The subscriber's slot, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t Find(Ipv4 address) const;
    /// The subscriber's slot, made when there is none.
    [[nodiscard]] uint32_t Enter(TimePoint now, Ipv4 address);
    /// Forgets a subscriber without mappings, at once or when its credit no longer matters.
    void Leave(TimePoint now, uint32_t subscriber);

    /// True when Pay() would succeed now.
    [[nodiscard]] bool CanPay(TimePoint now, uint32_t subscriber);
    /// Token bucket: true when the subscriber may make another mapping now, which is then paid.
    [[nodiscard]] bool Pay(TimePoint now, uint32_t subscriber);

    NatSubscriber&
    operator[](uint32_t subscriber)
    {
        return m_subscribers[subscriber];
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_subscribers.Size();
    }

  private:
    struct Waiting
    {
        uint32_t subscriber;
        TimePoint until;
    };

    [[nodiscard]] uint32_t HashOf(Ipv4 address) const;
    void Forget(uint32_t subscriber);
    void ForgetWaiting(TimePoint now);

    NatHash m_hash;
    uint32_t m_rate;
    size_t m_most;
    NatSlab<NatSubscriber> m_subscribers;
    NatTagIndex m_index;
    std::deque<Waiting> m_waiting;
};

} // namespace isb

#endif
