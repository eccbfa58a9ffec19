// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/bindings.h"
#include "analysis/bindings/prediction-trial.h"
#include "model/core/punch/port-predictor.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

namespace py = pybind11;

namespace isb
{

namespace
{

constexpr uint16_t BLOCK_BASE = 1024;

NatSettings
NatOf(const std::string& assignment, uint16_t step, uint16_t block)
{
    const auto parsed = ParseNatPortAssignment(assignment);
    if (!parsed)
    {
        throw py::value_error("assignment '" + assignment +
                              "' is none of preserving, sequential, random, overloading");
    }
    NatSettings settings;
    settings.external = Ipv4{0xcb007101}; // 203.0.113.1
    settings.firstPort = BLOCK_BASE;
    settings.udp.mapping = NatBehaviour::AddressAndPortDependent;
    settings.udp.filtering = NatBehaviour::AddressAndPortDependent;
    settings.udp.assignment = *parsed;
    settings.udp.step = step;
    settings.timers.udp = std::chrono::seconds(30);
    settings.blocks.size = block;
    settings.blocks.mostEach = 4;
    if (const auto fault = FindContradiction(settings))
    {
        throw py::value_error(fault->text);
    }
    return settings;
}

std::vector<std::unique_ptr<PortPredictor>>
PredictorsOf(const std::vector<std::string>& names)
{
    std::vector<std::unique_ptr<PortPredictor>> predictors;
    for (const std::string& name : names)
    {
        predictors.push_back(MakePortPredictor(name));
        if (!predictors.back())
        {
            throw py::value_error("predictor '" + name +
                                  "' is none of none, preserving, sequential, learned");
        }
    }
    return predictors;
}

std::vector<std::vector<size_t>>
PlacesOfPredictions(const std::string& assignment,
                    uint16_t step,
                    uint16_t block,
                    double background,
                    const std::vector<std::string>& names,
                    size_t trials,
                    size_t most,
                    uint64_t seed)
{
    const auto predictors = PredictorsOf(names);
    PredictionTrialSettings settings;
    settings.nat = NatOf(assignment, step, block);
    settings.strangersPerSecond = background;
    const py::gil_scoped_release released;
    PredictionTrial trial(settings, seed);
    std::vector<std::vector<size_t>> places(names.size(), std::vector<size_t>(most + 1));
    for (size_t i = 0; i < trials; ++i)
    {
        const PredictionTrial::Outcome outcome = trial.Run();
        for (size_t at = 0; at < predictors.size(); ++at)
        {
            ++places[at][PredictionTrial::PlaceOf(outcome, *predictors[at], most)];
        }
    }
    return places;
}

} // namespace

void
BindPunch(py::module_& module)
{
    module.def("predict_ports",
               &PlacesOfPredictions,
               py::arg("assignment"),
               py::arg("step") = 1,
               py::arg("block") = 0,
               py::arg("background") = 0.0,
               py::arg("predictors") = std::vector<std::string>{"learned"},
               py::arg("trials") = 100,
               py::arg("most") = 16,
               py::arg("seed") = 1,
               R"(Predict the next UDP port of a NAT whose mapping depends on address and port.

Behind it others open `background` flows a second (Poisson). Each predictor names up to `most`
candidates per trial. Returns, for each predictor, how often the port was its first candidate, its
second, ..., and last how often it was none of them. The same seed gives the same numbers.)");
}

} // namespace isb
