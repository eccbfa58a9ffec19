// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/prediction-trial.h"

#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <algorithm>
#include <cmath>

namespace isb
{

namespace
{

constexpr Ipv4 HOST{0x0a000002};           // 10.0.0.2
constexpr uint32_t STRANGERS = 0x0a000100; // 10.0.1.0
constexpr Ipv4 STUN{0xc0000201};           // 192.0.2.1, and the next one
constexpr uint16_t STUN_PORT = 3478;
constexpr Endpoint PEER{Ipv4{0xc6336401}, 7000}; // 198.51.100.1
constexpr uint32_t SERVERS = 0xcb007200;         // 203.0.114.0
constexpr uint16_t FIRST_DYNAMIC = 49152;        // RFC 6335 section 6
constexpr uint32_t DYNAMIC_PORTS = 16384;
constexpr uint64_t NAT_SEED = 0x6e6174; // a stream of its own for the NAT

} // namespace

PredictionTrial::PredictionTrial(const PredictionTrialSettings& settings, uint64_t seed)
    : m_settings(settings),
      m_random(seed),
      m_natRandom(seed ^ NAT_SEED),
      m_box(settings.nat, m_natRandom, nullptr),
      m_stranger(NextStranger())
{
}

Duration
PredictionTrial::NextStranger()
{
    if (m_settings.strangersPerSecond <= 0)
    {
        return TIME_NEVER;
    }
    const double uniform = (static_cast<double>(m_random.Next() >> 11) + 0.5) / 9007199254740992.0;
    const double seconds = -std::log(uniform) / m_settings.strangersPerSecond;
    return Duration(static_cast<int64_t>(seconds * 1e9));
}

uint16_t
PredictionTrial::AnyPort()
{
    return static_cast<uint16_t>(FIRST_DYNAMIC + m_random.Below(DYNAMIC_PORTS));
}

uint16_t
PredictionTrial::Send(Endpoint from, Endpoint to)
{
    std::vector<uint8_t> packet = BuildUdp(from, to, {});
    const NatVerdict verdict =
        m_box.Process(m_now, NatSide::Inside, {packet.data(), packet.size()}, packet.size());
    PacketView view;
    const bool sent =
        verdict.action == NatVerdict::Action::Forward && view.Read(packet, packet.size());
    return sent ? view.SourceEndpoint().port : uint16_t{0};
}

void
PredictionTrial::LiveUntil(TimePoint when)
{
    while (m_stranger <= when)
    {
        m_now = m_stranger;
        const Ipv4 host{STRANGERS + static_cast<uint32_t>(m_random.Below(m_settings.strangers))};
        const Ipv4 server{SERVERS + static_cast<uint32_t>(m_random.Below(256))};
        (void)Send({host, AnyPort()}, {server, 443});
        m_stranger += NextStranger();
    }
    m_now = when;
    m_box.Timeout(m_now);
}

PredictionTrial::Outcome
PredictionTrial::Run()
{
    LiveUntil(m_now + m_settings.pause);
    Outcome outcome;
    const uint16_t local = AnyPort();
    for (size_t at = 0; at < m_settings.samples; ++at)
    {
        const Endpoint server{Ipv4{STUN.value + static_cast<uint32_t>(at / 2)},
                              static_cast<uint16_t>(STUN_PORT + at % 2)};
        const uint16_t port = Send({HOST, local}, server);
        LiveUntil(m_now + m_settings.sampleGap);
        if (port != 0)
        {
            outcome.samples.push_back({local, server, {m_settings.nat.external, port}, m_now});
        }
    }
    LiveUntil(m_now + m_settings.delay);
    outcome.question = {local, m_now, 0};
    outcome.port = Send({HOST, local}, PEER);
    return outcome;
}

size_t
PredictionTrial::PlaceOf(const Outcome& outcome, const PortPredictor& predictor, size_t most)
{
    PortQuestion question = outcome.question;
    question.most = most;
    const std::vector<uint16_t> ports = predictor.Predict(outcome.samples, question);
    const auto found = std::find(ports.begin(), ports.end(), outcome.port);
    return outcome.port == 0 || found == ports.end() ? most
                                                     : static_cast<size_t>(found - ports.begin());
}

} // namespace isb
