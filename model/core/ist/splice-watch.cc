// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-watch.h"

#include "model/core/ist/header-difference.h"
#include "model/splice/ist-forward.h"

#include <algorithm>
#include <array>
#include <string>

namespace isb
{

namespace
{

constexpr IstReason RATE_LIMIT{"ist.rate-limit", "thesis 3.6.2"};
constexpr IstReason BYTE_LIMIT{"ist.byte-limit", "thesis 3.6.2"};

} // namespace

SpliceWatch::SpliceWatch(SpliceKeeper& keeper)
    : m_keeper(keeper)
{
}

/// A RST passes always: it is the end, and comes but once.
bool
SpliceWatch::Refuses(TimePoint now, Splice& splice, const ist_packet& packet, IstVerdict& verdict)
{
    if (!splice.allowance.CountsPackets() || splice.core.state < IST_STATE_ESTABLISHED ||
        (packet.tcp_flags & IST_TCP_RST) != 0)
    {
        return false;
    }
    switch (splice.allowance.Ask(now, packet.total_length))
    {
    case SpliceAllowance::Pass:
        return false;
    case SpliceAllowance::OverRate:
        verdict = m_keeper.report.Drop(now, packet, &splice, RATE_LIMIT);
        return true;
    case SpliceAllowance::OverBytes:
        break;
    }
    verdict = m_keeper.report.Drop(now, packet, &splice, BYTE_LIMIT);
    m_keeper.End(now, splice, BYTE_LIMIT);
    return true;
}

void
SpliceWatch::Stepped(TimePoint now,
                     Splice& splice,
                     ByteView header,
                     const ist_packet& packet,
                     const ist_verdict& answer)
{
    const bool opens = answer.from_state < IST_STATE_ESTABLISHED;
    const bool counts = answer.action != IST_ACTION_DROP || answer.from_state != answer.to_state;
    if (packet.protocol != IST_PROTOCOL_TCP || !counts ||
        (!opens && (packet.tcp_flags & IST_TCP_CONTROL) == 0))
    {
        return;
    }
    const std::string_view reason = ReasonOf(answer.reason).name;
    m_keeper.report.Handshake(now, splice, packet, "received", reason);
    ist_packet sent;
    const auto size = static_cast<uint32_t>(header.size);
    const bool sameFamily = (answer.edits.fields & IST_EDIT_FAMILY) == 0;
    if (answer.action == IST_ACTION_FORWARD && sameFamily &&
        ist_packet_parse(&sent, header.data, size, packet.total_length) == 0)
    {
        m_keeper.report.Handshake(now, splice, sent, "forwarded", reason);
    }
}

void
SpliceWatch::Rewrite(TimePoint now,
                     const IstTable::Place& place,
                     MutableBytes header,
                     const ist_packet& packet,
                     const ist_rewrite& edits)
{
    Splice& splice = *place.splice;
    Splice::Side& side = splice.At(place.from);
    splice.allowance.Charge(now, packet.total_length);
    if (!m_keeper.report.IsTraced() || side.rewriteShown || packet.payload_length == 0 ||
        packet.family != IST_FAMILY_IPV4 || (edits.fields & IST_EDIT_FAMILY) != 0)
    {
        (void)ist_rewrite_apply(header.data, &packet, &edits, IST_CHECKSUM_FULL);
        return;
    }
    std::array<uint8_t, IST_HEADER_MAX> before{};
    std::copy_n(header.data, std::min<size_t>(header.size, before.size()), before.begin());
    (void)ist_rewrite_apply(header.data, &packet, &edits, IST_CHECKSUM_FULL);
    side.rewriteShown = true;
    const std::string text =
        DescribeHeaderDifference({before.data(), before.size()}, header, packet);
    m_keeper.report.Rewritten(now, splice, packet, text);
}

} // namespace isb
