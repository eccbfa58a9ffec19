// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_SPLICE_WATCH_H
#define ISB_CORE_IST_SPLICE_WATCH_H

#include "model/core/ist/splice-keeper.h"
#include "model/wire/bytes.h"

namespace isb
{

/// What an IstEngine does about the packets of a watched splice beside forwarding them: it holds
/// them to the splice's limits and shows handshakes and rewritten headers in the trace. Apart from
/// PacketPath, so that splices which nobody watches cost one comparison.
class SpliceWatch
{
  public:
    explicit SpliceWatch(SpliceKeeper& keeper);

    /// True when a joined splice's limits refuse this packet; `verdict` then says why, and the
    /// splice may be gone.
    [[nodiscard]] bool Refuses(TimePoint now,
                               Splice& splice,
                               const ist_packet& packet,
                               IstVerdict& verdict);
    /// After the core's step and the edits: shows the packets that open and end a connection: every
    /// SYN, FIN and RST that counts, and the ACKs before the splice is established.
    void Stepped(TimePoint now,
                 Splice& splice,
                 ByteView header,
                 const ist_packet& packet,
                 const ist_verdict& answer);
    /// Applies the edits, charges the limits, and shows what changed in the first payload packet of
    /// a direction.
    void Rewrite(TimePoint now,
                 const IstTable::Place& place,
                 MutableBytes header,
                 const ist_packet& packet,
                 const ist_rewrite& edits);

  private:
    SpliceKeeper& m_keeper;
};

} // namespace isb

#endif
