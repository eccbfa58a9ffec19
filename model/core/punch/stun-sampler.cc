// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/stun-sampler.h"

#include <string_view>

namespace isb
{

namespace
{

/// SOFTWARE of requests: makes them as long as our server's answer, so that they cost nothing of
/// what it lends to sources that may be forged (promises T2, T6).
constexpr std::string_view SOFTWARE = "isblab user daemon, prepares to punch a hole";

} // namespace

StunSampler::StunSampler(Rng& random)
    : m_random(random)
{
}

void
StunSampler::Begin(const std::vector<Endpoint>& servers, uint16_t local)
{
    Clear();
    m_servers = servers;
    m_local = local;
    Next();
}

void
StunSampler::Clear()
{
    m_servers.clear();
    m_samples.clear();
    m_at = 0;
}

bool
StunSampler::IsDone() const
{
    return m_at >= m_servers.size();
}

Endpoint
StunSampler::Server() const
{
    return m_servers[m_at];
}

void
StunSampler::Next()
{
    std::array<uint8_t, 12> bits{};
    for (size_t at = 0; at < bits.size(); ++at)
    {
        bits[at] = static_cast<uint8_t>(m_random.Below(256));
    }
    m_id = MakeStunId(bits);
}

std::vector<uint8_t>
StunSampler::Request() const
{
    StunMessage request;
    request.kind = StunClass::Request;
    request.id = m_id;
    request.attributes = {MakeStunText(StunType::Software, SOFTWARE)};
    return EncodeStun(request);
}

bool
StunSampler::Take(TimePoint now, ByteView bytes)
{
    StunMessage answer;
    if (IsDone() || DecodeStun(bytes, answer) != StunFault::None || answer.id != m_id ||
        answer.kind != StunClass::Success)
    {
        return false;
    }
    const std::optional<Endpoint> seen = answer.Mapped();
    if (!seen)
    {
        return false;
    }
    m_samples.push_back({m_local, Server(), *seen, now});
    Skip();
    return true;
}

void
StunSampler::Skip()
{
    ++m_at;
    Next();
}

const std::vector<PortSample>&
StunSampler::Samples() const
{
    return m_samples;
}

} // namespace isb
