// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_BOX_TESTBED_H
#define ISB_TESTS_BOX_TESTBED_H

#include "model/box/box-machine.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace isb
{

/// The five phases of thesis 5.4.
enum class Phase : uint8_t
{
    Direct,
    Forwarder,
    Nat,
    IstApp,
    IstKernel,
};

inline constexpr std::array<Phase, 5> PHASES{Phase::Direct,
                                             Phase::Forwarder,
                                             Phase::Nat,
                                             Phase::IstApp,
                                             Phase::IstKernel};

[[nodiscard]] std::string ToString(Phase phase);

/// NICs of the box on the way of the data.
enum class Direction : uint8_t
{
    MacToPci,
    PciToMac,
    MacToMac,
};

[[nodiscard]] std::string ToString(Direction direction);

struct TestbedSettings
{
    Phase phase = Phase::Forwarder;
    Direction direction = Direction::MacToPci;
    MachineParameters box;
    MachineParameters host;
    uint32_t tableEntries = 0; ///< of the NAT, if its table is a list
    uint64_t seed = 1;
};

struct UdpResult
{
    uint64_t sent = 0; ///< datagrams
    uint64_t received = 0;
    double loss = 0;
    double sentBps = 0; ///< payload
    double receivedBps = 0;
    std::map<std::string, uint64_t> drops; ///< frames by reason, "box.ring-full:1"
    std::array<double, CPU_LEVEL_COUNT> occupancy{};
};

/// Hosts A and B and the box between them without ns-3: what IP, UDP and a closed TCP-like loop do,
/// in a few lines, so that the machine can be calibrated and its claims tested alone.
class Testbed
{
  public:
    explicit Testbed(const TestbedSettings& settings);
    ~Testbed();

    /// UDP from A to B for `duration`. `rateBps` of payload; 0: as fast as A can.
    UdpResult RunUdp(uint32_t payload, uint64_t rateBps, Duration duration);
    /// Frames of `payload` UDP bytes straight onto A's wire every `interval` (jittered), without
    /// the sender's machine: for overload that no PC of the thesis could make.
    UdpResult RunRaw(uint32_t payload, Duration interval, Duration duration);
    /// UDP ping-pong, mean round trip.
    Duration RunPingPong(uint32_t payload, uint32_t rounds);
    /// Bulk transfer A to B with `window` segments in flight a TCP connection; payload bits a
    /// second that B gets. Acknowledgements every `ackEvery` segments.
    double RunTcp(uint32_t window, uint32_t ackEvery, Duration duration);

    [[nodiscard]] const BoxMachine& Box() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
