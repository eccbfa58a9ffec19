// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TEST_SPLICE_WORLD_H
#define ISB_TEST_SPLICE_WORLD_H

#include "model/splice/ist-active.h"
#include "tests/splice/model-tcp.h"

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace isb::test
{

/// How a link treats packets; chances out of 1000.
struct LinkFaults
{
    uint32_t lose = 0;
    uint32_t duplicate = 0;
    uint64_t delayNs = 1000000;
    uint64_t jitterNs = 0; ///< uniform on top of the delay: reorders
};

/// Two model TCPs, each behind its own link, and one splice between them.
///
///     A ----link----> [ splice ] <----link---- B
class SpliceWorld
{
  public:
    static constexpr uint32_t IST_ADDRESS = 0xc0000201;
    static constexpr uint32_t ADDRESS[2] = {0x0a000001, 0x0a010002};

    /// \param families of the users, enum ist_family
    SpliceWorld(unsigned int method,
                uint64_t seed,
                const ist_settings& settings,
                std::array<uint8_t, 2> families = {IST_FAMILY_IPV4, IST_FAMILY_IPV4});

    /// Adds a user; its tuple is filled in. `opensAtNs` is ignored by a listener.
    void SetUser(unsigned int side, ModelTcpConfig config, uint64_t opensAtNs);

    /// Runs until nothing is left to happen, or the clock passes `untilNs`.
    void Run(uint64_t untilNs);

    /// Hands a packet to the splice as if it came from the side.
    ist_verdict Inject(unsigned int side, const Packet& packet);

    LinkFaults faults;
    ist_splice splice{};
    std::vector<ModelTcp> users;
    std::map<unsigned int, unsigned int> drops;  ///< by reason
    std::map<unsigned int, unsigned int> closes; ///< by reason
    unsigned int fallbacks = 0;
    unsigned int resetsMade = 0;
    std::array<uint64_t, 2> bytesFrom{}; ///< that reached the splice
    std::array<uint64_t, 2> bytesTo{};   ///< that left it
    uint64_t nowNs = 0;

    /// First reason why the run is not what a splice promises; empty if it is: all bytes delivered
    /// both ways, no RST, nothing odd on the wire, splice closed after 2 MSL.
    std::string Fault() const;

  private:
    struct Event
    {
        unsigned int side;
        bool towardsUser;
        Packet packet;
    };

    void Transmit(unsigned int side, bool towardsUser, const Packet& packet);
    void Handle(const Event& event);
    void Account(const ist_verdict& verdict);
    void Drain();
    uint64_t NextTimer() const;
    void FireTimers();

    ist_tuple TupleOf(unsigned int side, uint16_t port) const;

    ist_settings m_settings;
    std::array<uint8_t, 2> m_families;
    std::mt19937_64 m_random;
    std::multimap<uint64_t, Event> m_events;
    std::array<uint64_t, 2> m_opens{~uint64_t{0}, ~uint64_t{0}};
    std::array<std::vector<uint8_t>, 2> m_sent;
};

} // namespace isb::test

#endif
