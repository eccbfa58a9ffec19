// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BINDINGS_PREDICTION_TRIAL_H
#define ISB_BINDINGS_PREDICTION_TRIAL_H

#include "model/core/nat/nat-box.h"
#include "model/core/punch/port-predictor.h"
#include "model/core/random/rng.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// What a prediction is tried against.
struct PredictionTrialSettings
{
    NatSettings nat;
    double strangersPerSecond = 0; ///< new flows of others behind the NAT, Poisson
    uint32_t strangers = 20;       ///< hosts that make them
    size_t samples = 4;            ///< STUN endpoints that are asked, one after the other
    Duration sampleGap = std::chrono::milliseconds(40); ///< round trip of each
    Duration delay = std::chrono::milliseconds(100);    ///< from the last answer to the mapping
    Duration pause = std::chrono::seconds(2);           ///< between two trials
};

/// Tries, again and again behind one NAT that others use too, to predict the external port of a
/// host's next UDP mapping: the host samples, the candidates are named, then the host sends to its
/// peer, and the NAT's true port is compared. Models the NAT (NatBox) and others' new flows; not
/// the peer, loss, or flows that come in bursts.
class PredictionTrial
{
  public:
    /// The NAT's settings must be free of contradictions.
    PredictionTrial(const PredictionTrialSettings& settings, uint64_t seed);

    /// One trial. What the host saw, and which port its mapping to the peer then had; 0: none.
    struct Outcome
    {
        std::vector<PortSample> samples;
        PortQuestion question;
        uint16_t port = 0;
    };

    [[nodiscard]] Outcome Run();

    /// At which place among the predictor's candidates the port is; `most`: at none.
    [[nodiscard]] static size_t PlaceOf(const Outcome& outcome,
                                        const PortPredictor& predictor,
                                        size_t most);

  private:
    /// Others' flows until then.
    void LiveUntil(TimePoint when);
    [[nodiscard]] uint16_t Send(Endpoint from, Endpoint to);
    [[nodiscard]] Duration NextStranger();
    [[nodiscard]] uint16_t AnyPort();

    PredictionTrialSettings m_settings;
    SeededRng m_random;
    SeededRng m_natRandom;
    NatBox m_box;
    TimePoint m_now{0};
    TimePoint m_stranger;
};

} // namespace isb

#endif
