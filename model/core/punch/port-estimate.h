// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_PUNCH_PORT_ESTIMATE_H
#define ISB_CORE_PUNCH_PORT_ESTIMATE_H

#include "model/core/punch/port-sample.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace isb
{

/// How a NAT seems to choose the external port of a new mapping.
enum class PortAssignment : uint8_t
{
    Unknown,     ///< too few samples
    Independent, ///< one mapping whatever the destination: nothing to predict (RFC 4787 REQ-1)
    Preserving,  ///< the local port, while it is free
    Sequential,  ///< the last one plus a step, also for others behind the same NAT
    Scattered,   ///< no order that shows in the samples: random, or blocks of several users
};

/// "unknown", "independent", "preserving", "sequential", "scattered"
[[nodiscard]] std::string_view ToString(PortAssignment assignment);

/// What samples tell of a NAT.
struct PortEstimate
{
    PortAssignment assignment = PortAssignment::Unknown;
    int32_t step = 0;      ///< Sequential: between two mappings; negative: downwards
    double strangers = 0;  ///< Sequential: mappings a second that others behind the NAT make
    double confidence = 0; ///< 0 to 1: share of the samples' differences that the estimate explains
    uint16_t last = 0;     ///< newest external port
    TimePoint when{0};     ///< of the newest sample
};

/// Largest step that counts as an order. RFC 4787's parity preservation steps by 2; boxes that
/// reserve RTP and RTCP pairs or several ports for a host step by 4 and 8.
inline constexpr int32_t MAX_PORT_STEP = 16;
/// Most mappings of others between two samples that still count as an order.
inline constexpr int32_t MAX_PORTS_BETWEEN = 512;

/// `samples` in the order in which they were taken, all of one protocol. Ports are compared modulo
/// the ports from 1024 on, so that a sequence may wrap.
[[nodiscard]] PortEstimate EstimatePorts(const std::vector<PortSample>& samples);

/// One way to read a sequence: with a step of 2 nobody else was there, with a step of 1 somebody
/// was, each time.
struct StepReading
{
    int32_t step = 0;
    double weight = 0;    ///< of all readings, which sum to 1
    double strangers = 0; ///< mappings of others that it sees between the samples
    double seconds = 0;   ///< between the samples that it explains
};

/// Every step that explains more than half of the samples' differences, weighed by how common it is
/// (1 far before 2, then 4 and 8) and by Poisson's likelihood of the strangers that it needs.
[[nodiscard]] std::vector<StepReading> ReadSteps(const std::vector<PortSample>& samples);

/// From one port to another, the short way round the ports from 1024 on.
[[nodiscard]] int32_t PortDistance(uint16_t from, uint16_t to);
/// The port so far behind, wrapped into the ports from 1024 on.
[[nodiscard]] uint16_t PortAfter(uint16_t port, int64_t distance);

} // namespace isb

#endif
