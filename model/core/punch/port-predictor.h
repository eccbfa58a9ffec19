// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_PUNCH_PORT_PREDICTOR_H
#define ISB_CORE_PUNCH_PORT_PREDICTOR_H

#include "model/core/punch/port-estimate.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace isb
{

/// Which external port the next mapping of a local port will have.
struct PortQuestion
{
    uint16_t local = 0; ///< source port on the host
    TimePoint when{0};  ///< when the mapping is made
    size_t most = 1;    ///< candidates wanted
};

/// Guesses the external port of a mapping that is not made yet (thesis 3.6.3: port prediction "with
/// some uncertainty"; Guha and Francis' STUNT, thesis chapter 2).
class PortPredictor
{
  public:
    virtual ~PortPredictor() = default;
    /// "none", "preserving", "sequential", "learned"
    [[nodiscard]] virtual std::string_view Name() const = 0;
    /// Candidates, most likely first, each once; empty without samples.
    [[nodiscard]] virtual std::vector<uint16_t> Predict(const std::vector<PortSample>& samples,
                                                        const PortQuestion& question) const = 0;
};

/// Predicts nothing: the port that was seen last. Right where the mapping does not depend on the
/// destination.
class NoPredictor : public PortPredictor
{
  public:
    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] std::vector<uint16_t> Predict(const std::vector<PortSample>& samples,
                                                const PortQuestion& question) const override;
};

/// The local port itself, then the one that was seen last.
class PreservingPredictor : public PortPredictor
{
  public:
    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] std::vector<uint16_t> Predict(const std::vector<PortSample>& samples,
                                                const PortQuestion& question) const override;
};

/// The last one plus one, two, ... steps of a fixed size.
class SequentialPredictor : public PortPredictor
{
  public:
    explicit SequentialPredictor(int32_t step = 1);
    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] std::vector<uint16_t> Predict(const std::vector<PortSample>& samples,
                                                const PortQuestion& question) const override;

  private:
    int32_t m_step;
};

/// What EstimatePorts() says of the samples. In a sequence every reading of the step counts by its
/// weight, and the number of mappings that others make until `when` as Poisson distributed with the
/// rate that the samples show.
class LearnedPredictor : public PortPredictor
{
  public:
    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] std::vector<uint16_t> Predict(const std::vector<PortSample>& samples,
                                                const PortQuestion& question) const override;
};

/// Null for a name that is none of the above.
[[nodiscard]] std::unique_ptr<PortPredictor> MakePortPredictor(std::string_view name);

} // namespace isb

#endif
