// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_RESULT_H
#define ISB_LAB_LAB_RESULT_H

#include "model/wire/units.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace isb
{

struct Lab;

/// Round trip times of one traffic, in nanoseconds. All zero when `count` is.
struct RttSummary
{
    uint64_t count = 0; ///< round trips measured
    double meanNs = 0;
    uint64_t minNs = 0;
    uint64_t p50Ns = 0;
    uint64_t p99Ns = 0;
    uint64_t maxNs = 0;
};

/// What one traffic did. Bytes are payload of TCP or UDP, rates payload bits per second. What does
/// not apply to the kind of traffic is zero.
struct TrafficResult
{
    std::string name;
    std::string kind; ///< as in the scenario, "tcp-bulk"
    std::string from; ///< host names
    std::string to;
    uint64_t connections = 0; ///< TCP: asked for
    uint64_t established = 0; ///< TCP: came up on both sides
    uint64_t sentBytes = 0;
    uint64_t receivedBytes = 0;
    uint64_t sentPackets = 0; ///< UDP: datagrams
    uint64_t receivedPackets = 0;
    double sentRateBps = 0;
    double receivedRateBps = 0;
    double throughputBps = 0; ///< mean of the two rates, as the thesis measures
    double lossRatio = 0;     ///< UDP: datagrams that did not arrive, 0 to 1
    RttSummary rtt;           ///< ping-pong; request-response: from request to whole response
    RttSummary firstByte;     ///< request-response, tcp-ping-pong: connect() to first byte back
    uint64_t failed = 0;      ///< TCP: connections that were refused, reset or timed out
    uint64_t completed = 0;   ///< request-response: responses complete; tcp-bulk with a total:
                              ///< connections that ended in good order with all bytes
};

/// What became of one wanted service (WantedReport).
struct SubscriptionResult
{
    std::string user;
    std::string provider;
    std::string service;
    std::string state; ///< "waiting", "subscribed", "refused"
    uint64_t asked = 0;
    uint64_t established = 0;
    uint64_t failed = 0;
    uint64_t fromPrepared = 0;
    std::map<std::string, uint64_t> paths;
    std::map<std::string, uint64_t> methods;
    std::map<std::string, uint64_t> ists;
    std::map<std::string, uint64_t> codes;
};

/// Counters of a broker ("logins", "connections", "fallbacks", "ended.bad-frame", "users",
/// "state") or translator ("splices", "paired", "forwarded-bytes", "splices.passive"), of all its
/// lives.
struct NamedCounters
{
    std::string name;
    std::map<std::string, uint64_t> counters;
};

/// Share of the run that a box's CPU spent in each level, 0 to 1. Zero for an ideal box.
struct CpuShare
{
    double hardirq = 0;
    double softirq = 0;
    double process = 0;
};

/// What one box did.
struct BoxResult
{
    std::string name;
    std::string role; ///< as in the scenario, "nat"
    CpuShare cpu;
    std::map<std::string, uint64_t> drops; ///< "reason" or "reason:port" -> packets
    uint64_t forwarded = 0;                ///< packets sent on
    uint64_t splices = 0;                  ///< IST: connections joined during the run
    uint64_t mappings = 0;                 ///< NAT: mappings made during the run
};

/// What became of one expectation.
struct ExpectationResult
{
    std::string text;     ///< "bulk: throughput at-least 80 Mb/s"
    std::string measured; ///< "93.94 Mb/s", or "nothing measured"
    bool holds = false;
};

/// The outcome of one run of a scenario. Traffic and boxes in the order of the Lab.
struct LabResult
{
    TimePoint end{0}; ///< simulated time of the end
    std::string scenario;
    uint64_t seed = 0;
    std::vector<TrafficResult> traffic;
    std::vector<BoxResult> boxes;
    std::vector<SubscriptionResult> subscriptions;
    std::vector<NamedCounters> brokers;
    std::vector<NamedCounters> translators;
    std::vector<ExpectationResult> expectations; ///< filled by JudgeExpectations()
};

/// Judges each expectation of the lab against the result's other parts; one item per expectation,
/// in order. A traffic that measured nothing (no round trip, nothing sent), a subscription without
/// connection holds no expectation about it. Pure: same arguments, same answer.
[[nodiscard]] std::vector<ExpectationResult> JudgeExpectations(const Lab& lab,
                                                               const LabResult& result);

} // namespace isb

#endif
