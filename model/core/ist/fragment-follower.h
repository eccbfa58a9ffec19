// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_FRAGMENT_FOLLOWER_H
#define ISB_CORE_IST_FRAGMENT_FOLLOWER_H

#include "model/core/ist/ist-settings.h"

#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

namespace isb
{

/// Identifies the fragments of one datagram (RFC 791 section 3.2, RFC 8200 section 4.5).
struct FragmentKey
{
    IpAddress source;
    IpAddress destination;
    uint32_t identification = 0; ///< host byte order
    Protocol protocol = Protocol::Udp;
};

inline bool
operator<(const FragmentKey& a, const FragmentKey& b)
{
    return std::tie(a.source, a.destination, a.identification, a.protocol) <
           std::tie(b.source, b.destination, b.identification, b.protocol);
}

/// What became of a datagram, decided at its first fragment, the only one with ports.
struct DatagramFate
{
    enum Kind : uint8_t
    {
        Unknown, ///< the first fragment has not come
        NotOurs,
        Forward,
        Drop,
    };

    Kind kind = Unknown;
    uint64_t splice = 0;       ///< Forward: by which splice
    IstSide from = IstSide::A; ///< Forward: who sent it
    std::string_view reason;   ///< Drop
    std::string_view rule;     ///< Drop
};

/// Which bytes of its datagram's payload a fragment carries.
struct FragmentExtent
{
    size_t offset = 0;
    size_t length = 0;
    bool last = false;
};

/// Lets the later fragments of a datagram share the fate of the first, without reassembly.
///
/// Fragments that overtake their first one are held by the caller under a ticket. A datagram is
/// forgotten when all its bytes have passed, after the time-out, or, being the oldest, when there
/// are too many. Overlaps are not looked for: the receiver reassembles and judges.
class FragmentFollower
{
  public:
    /// A later fragment's fate; Unknown = hold under `ticket`, or drop when that is 0. Nothing is
    /// known and nothing held: NotOurs.
    struct Later
    {
        DatagramFate fate;
        uint64_t ticket = 0;
    };

    explicit FragmentFollower(const IstSettings& settings);

    /// The first fragment's fate was decided; `payload` = its bytes after the IP header.
    void First(TimePoint now, const FragmentKey& key, const DatagramFate& fate, size_t payload);

    /// A later fragment. When its first one has not come, it is held only if `mayHold`.
    [[nodiscard]] Later Next(TimePoint now,
                             const FragmentKey& key,
                             const FragmentExtent& extent,
                             bool mayHold);

    [[nodiscard]] std::vector<uint64_t> TakeReleased();
    [[nodiscard]] std::vector<uint64_t> TakeAbandoned();
    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);

    /// Datagrams followed.
    [[nodiscard]] size_t
    Size() const
    {
        return m_datagrams.size();
    }

    /// Fragments held.
    [[nodiscard]] size_t
    Held() const
    {
        return m_held;
    }

  private:
    struct Datagram
    {
        FragmentKey key;
        DatagramFate fate;
        TimePoint expiry{0};
        size_t passed = 0; ///< bytes of all fragments so far
        size_t total = 0;  ///< bytes in all; 0 before the last fragment came
        std::vector<uint64_t> tickets;
    };

    Later HoldBack(TimePoint now, const FragmentKey& key);
    Datagram& Create(TimePoint now, const FragmentKey& key);
    void Forget(uint64_t serial);

    size_t m_maxDatagrams;
    size_t m_maxHeld;
    Duration m_timeout;
    size_t m_held = 0;
    uint64_t m_lastSerial = 0;
    uint64_t m_lastTicket = 0;
    std::map<uint64_t, Datagram> m_datagrams; ///< by age: the first expires first
    std::map<FragmentKey, uint64_t> m_serials;
    std::vector<uint64_t> m_released;
    std::vector<uint64_t> m_abandoned;
};

} // namespace isb

#endif
