// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_PACKET_PATH_H
#define ISB_CORE_IST_PACKET_PATH_H

#include "model/core/ist/fragment-follower.h"
#include "model/core/ist/splice-keeper.h"
#include "model/core/ist/splice-watch.h"
#include "model/wire/bytes.h"

#include <optional>

namespace isb
{

/// The way of a packet through an IstEngine: parse, find its splice, let the core step, apply the
/// edits. Also what needs no step: later fragments and ICMP errors.
class PacketPath
{
  public:
    PacketPath(const IstSettings& settings, SpliceKeeper& keeper);

    IstVerdict Process(TimePoint now, MutableBytes header, size_t packetLength);

    FragmentFollower fragments;

  private:
    IstVerdict OnMalformed(TimePoint now,
                           ByteView header,
                           size_t packetLength,
                           const ist_packet& packet);
    IstVerdict OnIcmp(TimePoint now, MutableBytes header, const ist_packet& packet);
    IstVerdict OnFirstFragment(TimePoint now, MutableBytes header, const ist_packet& packet);
    IstVerdict OnLaterFragment(TimePoint now, MutableBytes header, const ist_packet& packet);
    /// `packet`: as the core is to see it; `sent`: as it is on the wire.
    IstVerdict OnPacket(TimePoint now,
                        const IstTable::Place& place,
                        MutableBytes header,
                        const ist_packet& packet,
                        const ist_packet& sent);
    IstVerdict Step(TimePoint now,
                    const IstTable::Place& place,
                    MutableBytes header,
                    const ist_packet& packet,
                    const ist_packet& sent);
    IstVerdict Forward(TimePoint now,
                       const IstTable::Place& place,
                       MutableBytes header,
                       const ist_packet& packet,
                       const ist_rewrite& edits);
    [[nodiscard]] IstTable::Place Locate(TimePoint now, const ist_packet& packet);
    [[nodiscard]] std::optional<IstReason> Refusal(const IstTable::Place& place,
                                                   const ist_packet& packet);
    [[nodiscard]] bool IsOwn(const IpAddress& address) const;

    const IstSettings& m_settings;
    SpliceKeeper& m_keeper;
    SpliceWatch m_watch;
};

} // namespace isb

#endif
