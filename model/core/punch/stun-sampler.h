// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_PUNCH_STUN_SAMPLER_H
#define ISB_CORE_PUNCH_STUN_SAMPLER_H

#include "model/core/punch/port-sample.h"
#include "model/core/random/rng.h"
#include "model/wire/bytes.h"
#include "model/wire/stun-message.h"

#include <cstddef>
#include <vector>

namespace isb
{

/// Asks a broker's STUN endpoints (RFC 8489 Binding) one after the other from one local port, so
/// that the order of the mappings is known, and keeps what they saw. Sockets and time-outs are the
/// owner's. The same port and address last: the newest sample is of the mapping made last.
class StunSampler
{
  public:
    explicit StunSampler(Rng& random);

    /// `servers` in the order of StunServers; at least two are asked where there are two, as one
    /// cannot tell whether the mapping depends on the destination.
    void Begin(const std::vector<Endpoint>& servers, uint16_t local);
    void Clear();

    [[nodiscard]] bool IsDone() const;
    /// Whom to ask now; not when done.
    [[nodiscard]] Endpoint Server() const;
    /// The question; the same when repeated.
    [[nodiscard]] std::vector<uint8_t> Request() const;
    /// Whether the bytes are one whole STUN message that answers the question. The next one is then
    /// to be asked.
    [[nodiscard]] bool Take(TimePoint now, ByteView bytes);
    /// There is no answer: goes on to the next.
    void Skip();

    [[nodiscard]] const std::vector<PortSample>& Samples() const;

  private:
    void Next();

    Rng& m_random;
    std::vector<Endpoint> m_servers;
    size_t m_at = 0;
    uint16_t m_local = 0;
    StunId m_id{};
    std::vector<PortSample> m_samples;
};

} // namespace isb

#endif
