// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace isb
{

namespace
{

/// "93.94": two digits after the point, rounded; not negative. Independent of the locale.
std::string
TwoDecimals(double value)
{
    constexpr double MOST = 9e15; // hundredths still fit 64 bits
    const auto hundredths = static_cast<uint64_t>(std::llround(std::fmin(value, MOST) * 100));
    const std::string rest = std::to_string(hundredths % 100);
    return std::to_string(hundredths / 100) + (rest.size() < 2 ? ".0" : ".") + rest;
}

/// The value in the largest of the units of which there is one, "423.10 us".
template <typename Units>
std::string
InLargestUnit(double value, const Units& units)
{
    const auto* chosen = &units[0];
    for (const auto& unit : units)
    {
        if (value >= unit.factor)
        {
            chosen = &unit;
        }
    }
    return TwoDecimals(value / chosen->factor) + " " + chosen->name;
}

struct DecimalUnit
{
    const char* name;
    double factor;
};

/// The mean over those traffics that measured something, each as often as it measured.
class Mean
{
  public:
    void
    Add(double value, uint64_t weight)
    {
        m_sum += value * static_cast<double>(weight);
        m_weight += weight;
    }

    [[nodiscard]] std::optional<double>
    Value() const
    {
        return m_weight == 0 ? std::nullopt
                             : std::optional<double>(m_sum / static_cast<double>(m_weight));
    }

  private:
    double m_sum = 0;
    uint64_t m_weight = 0;
};

/// What so many traffics from `first` on showed together, in the unit of the limits; nothing when
/// there was nothing to measure.
std::optional<double>
ValueOf(Measure measure, const TrafficResult* first, size_t count)
{
    double sum = 0;
    bool any = false;
    Mean mean;
    for (const TrafficResult* each = first; each != first + count; ++each)
    {
        const bool sent = each->sentBytes != 0 || each->sentPackets != 0;
        any = any || sent;
        switch (measure)
        {
        case Measure::Throughput:
            sum += sent ? each->throughputBps : 0;
            break;
        case Measure::Loss:
            mean.Add(each->lossRatio, sent ? std::max<uint64_t>(1, each->sentPackets) : 0);
            break;
        case Measure::Rtt:
            mean.Add(each->rtt.meanNs, each->rtt.count);
            break;
        case Measure::FirstByte:
            mean.Add(each->firstByte.meanNs, each->firstByte.count);
            break;
        case Measure::Connections:
            sum += static_cast<double>(each->established);
            break;
        case Measure::Failures:
            sum += static_cast<double>(each->failed);
            break;
        case Measure::Completed:
            sum += static_cast<double>(each->completed);
            break;
        }
    }
    switch (measure)
    {
    case Measure::Throughput:
        return any ? std::optional<double>(sum) : std::nullopt;
    case Measure::Loss:
    case Measure::Rtt:
    case Measure::FirstByte:
        return mean.Value();
    case Measure::Connections:
    case Measure::Failures:
    case Measure::Completed:
        break;
    }
    return sum;
}

std::string
TextOf(Measure measure, double value)
{
    constexpr DecimalUnit RATES[] = {{"b/s", 1}, {"kb/s", 1e3}, {"Mb/s", 1e6}, {"Gb/s", 1e9}};
    constexpr DecimalUnit TIMES[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    switch (measure)
    {
    case Measure::Throughput:
        return InLargestUnit(value, RATES);
    case Measure::Loss:
        return TwoDecimals(value * 100) + " %";
    case Measure::Rtt:
    case Measure::FirstByte:
        return InLargestUnit(value, TIMES);
    case Measure::Connections:
    case Measure::Failures:
    case Measure::Completed:
        return std::to_string(static_cast<uint64_t>(value));
    }
    return {};
}

bool
Within(const Expectation& expectation, double value)
{
    return (!expectation.atLeast || value >= *expectation.atLeast) &&
           (!expectation.atMost || value <= *expectation.atMost);
}

void
JudgeTraffic(const Expectation& expectation, const LabResult& result, ExpectationResult& item)
{
    const size_t count = expectation.trafficCount;
    if (expectation.traffic >= result.traffic.size() ||
        result.traffic.size() - expectation.traffic < count)
    {
        return;
    }
    const TrafficResult* first = &result.traffic[expectation.traffic];
    if (const auto value = ValueOf(expectation.measure, first, count))
    {
        item.measured = TextOf(expectation.measure, *value);
        item.holds = Within(expectation, *value);
    }
}

/// "passive" or "passive 3, proxy 1", or "none".
std::string
ListOf(const std::map<std::string, uint64_t>& counts)
{
    std::string list;
    size_t kinds = 0;
    for (const auto& [name, count] : counts)
    {
        if (count != 0)
        {
            list += (list.empty() ? "" : ", ") + name + " " + std::to_string(count);
            ++kinds;
        }
    }
    return kinds == 0 ? "none" : kinds == 1 ? list.substr(0, list.rfind(' ')) : list;
}

const SubscriptionResult*
FindSubscription(const Lab& lab, const LabResult& result, const SubscriptionExpectation& what)
{
    const DaemonSettings& settings = lab.users[what.user].settings;
    const WantedService& wanted = settings.wants[what.wanted];
    for (const SubscriptionResult& each : result.subscriptions)
    {
        if (each.user == settings.user && each.provider == wanted.provider &&
            each.service == wanted.service)
        {
            return &each;
        }
    }
    return nullptr;
}

uint64_t
CountOf(SubscriptionCount count, const SubscriptionResult& result)
{
    switch (count)
    {
    case SubscriptionCount::Asked:
        return result.asked;
    case SubscriptionCount::Established:
        return result.established;
    case SubscriptionCount::Failed:
        return result.failed;
    case SubscriptionCount::FromPrepared:
        return result.fromPrepared;
    }
    return 0;
}

void
JudgeSubscription(const Lab& lab,
                  const Expectation& expectation,
                  const LabResult& result,
                  ExpectationResult& item)
{
    const SubscriptionExpectation& what = *expectation.subscription;
    const SubscriptionResult* found = FindSubscription(lab, result, what);
    if (found == nullptr)
    {
        return;
    }
    item.holds = true;
    item.measured.clear();
    const auto say = [&](const std::string& text)
    { item.measured += (item.measured.empty() ? "" : "; ") + text; };
    const auto only = [&](const std::string& wanted,
                          const char* name,
                          const std::map<std::string, uint64_t>& counts)
    {
        if (!wanted.empty())
        {
            say(std::string(name) + " " + ListOf(counts));
            item.holds = item.holds && ListOf(counts) == wanted;
        }
    };
    only(what.path, "path", found->paths);
    only(what.method, "method", found->methods);
    only(what.ist, "ist", found->ists);
    if (!what.code.empty())
    {
        const auto code = found->codes.find(what.code);
        say("code " + ListOf(found->codes));
        item.holds = item.holds && code != found->codes.end() && code->second != 0;
    }
    if (what.count)
    {
        const uint64_t value = CountOf(*what.count, *found);
        say(std::to_string(value));
        item.holds = item.holds && Within(expectation, static_cast<double>(value));
    }
}

/// A counter of the broker or translator (a broker that forwards is both); of a family
/// ("ended.bad-frame") 0 when it is not there.
std::optional<uint64_t>
FindCounter(const LabResult& result, const CounterExpectation& what)
{
    bool known = false;
    for (const std::vector<NamedCounters>* all : {&result.translators, &result.brokers})
    {
        for (const NamedCounters& each : *all)
        {
            const auto found = each.counters.find(what.counter);
            if (each.name == what.who && found != each.counters.end())
            {
                return found->second;
            }
            known = known || each.name == what.who;
        }
    }
    const bool family = what.counter.find('.') != std::string::npos;
    return known && family ? std::optional<uint64_t>(0) : std::nullopt;
}

void
JudgeCounter(const Expectation& expectation, const LabResult& result, ExpectationResult& item)
{
    if (const auto value = FindCounter(result, *expectation.counter))
    {
        item.measured = std::to_string(*value);
        item.holds = Within(expectation, static_cast<double>(*value));
    }
}

} // namespace

std::vector<ExpectationResult>
JudgeExpectations(const Lab& lab, const LabResult& result)
{
    std::vector<ExpectationResult> results;
    for (const Expectation& expectation : lab.expectations)
    {
        ExpectationResult item;
        item.text = expectation.text;
        item.measured = "nothing measured";
        if (expectation.subscription)
        {
            JudgeSubscription(lab, expectation, result, item);
        }
        else if (expectation.counter)
        {
            JudgeCounter(expectation, result, item);
        }
        else
        {
            JudgeTraffic(expectation, result, item);
        }
        results.push_back(std::move(item));
    }
    return results;
}

} // namespace isb
