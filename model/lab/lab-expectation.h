// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_EXPECTATION_H
#define ISB_LAB_LAB_EXPECTATION_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isb
{

enum class Measure : uint8_t
{
    Throughput,  ///< TrafficResult::throughputBps, in bits per second
    Loss,        ///< TrafficResult::lossRatio
    Rtt,         ///< TrafficResult::rtt.meanNs
    Connections, ///< TrafficResult::established
    FirstByte,   ///< TrafficResult::firstByte.meanNs: from connect() to the first byte back
    Failures,    ///< TrafficResult::failed
    Completed,   ///< TrafficResult::completed
};

/// What is counted of a subscription.
enum class SubscriptionCount : uint8_t
{
    Asked,
    Established,
    Failed,
    FromPrepared,
};

/// What a subscription must have come to. Fields that are empty are not judged.
struct SubscriptionExpectation
{
    size_t user = 0;    ///< index into Lab::users
    size_t wanted = 0;  ///< index into its settings.wants
    std::string path;   ///< every connection that stood came this way: "translated"
    std::string method; ///< the same, by this method: "passive"
    std::string ist;    ///< the same, through this IST
    std::string code;   ///< it was refused with this code: "not-allowed"
    std::optional<SubscriptionCount> count; ///< judged by the limits of the Expectation
};

/// What counters of a broker or translator must show.
struct CounterExpectation
{
    std::string who;     ///< name of a broker or translator
    std::string counter; ///< key of BrokerResult::counters or TranslatorResult::counters
};

/// What a run must show. Limits are inclusive, in the unit of the result's field; at least one is
/// given, unless it is about a subscription's path, method, IST or code. "equals" is both limits
/// alike.
struct Expectation
{
    size_t traffic =
        0; ///< index into Lab::traffic; without meaning when one of the next two is set
    Measure measure = Measure::Throughput;
    std::optional<double> atLeast;
    std::optional<double> atMost;
    std::string text; ///< as a reader wrote it: "bulk: throughput at-least 80 Mb/s"
    std::optional<SubscriptionExpectation> subscription = std::nullopt;
    std::optional<CounterExpectation> counter = std::nullopt;
    /// So many traffics from `traffic` on, taken together: counts and rates added, times and losses
    /// the mean over what was measured.
    size_t trafficCount = 1;
};

/// The words of the scenario file: "rtt", "from-prepared".
[[nodiscard]] std::string_view ToString(Measure measure);
[[nodiscard]] std::string_view ToString(SubscriptionCount count);

} // namespace isb

#endif
