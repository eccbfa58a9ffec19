// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TEST_SPLICE_DRIVER_H
#define ISB_TEST_SPLICE_DRIVER_H

#include "model/splice/ist-active.h"
#include "tests/splice/raw-tcp.h"

#include <string>
#include <vector>

namespace isb::test
{

/// What one step did, in a form that tests can compare.
struct Outcome
{
    ist_verdict verdict{};
    Packet forwarded;                  ///< after the edits; empty if not forwarded
    std::vector<std::string> made{};   ///< crafted packets: "A SYN-ACK", "B RST"
    std::vector<ist_packet> packets{}; ///< the same, parsed

    /// "hold", "forward", "drop ist.unpaired"; then ", " and each crafted packet.
    std::string Text() const;
};

/// One splice with its clock, moved by hand, one segment at a time.
///
///     A 10.0.0.1:31000 -> IST 192.0.2.1:7000      B 10.1.0.2:32000 -> IST 192.0.2.1:7001
///
/// or, with IPv6, A 2001:db8:0:a::1 -> ::ffff of its net, B 2001:db8:0:b::2 likewise.
class SpliceDriver
{
  public:
    static constexpr uint32_t ISN_A = 1000000;
    static constexpr uint32_t ISN_B = 5000000;
    static constexpr uint32_t SHOWN_TO_A = 0x70000000; ///< active: ISN shown to A
    static constexpr uint32_t SHOWN_TO_B = 0x71000000;

    explicit SpliceDriver(unsigned int method = IST_METHOD_PASSIVE,
                          uint8_t familyA = IST_FAMILY_IPV4,
                          uint8_t familyB = IST_FAMILY_IPV4);

    /// A segment of the side with its tuple; checksums of what comes out are verified.
    Outcome Step(unsigned int side, Segment segment);
    Outcome Step(unsigned int side, const Packet& packet);

    Outcome Syn(unsigned int side, uint32_t isn, const Packet& options = {});
    Outcome Send(unsigned int side,
                 uint32_t seq,
                 uint32_t ack,
                 unsigned int flags = IST_TCP_ACK,
                 size_t payload = 0);

    /// Lets `seconds` pass, then calls the timer once.
    Outcome Wait(double seconds);

    /// Both SYNs and both ACKs: ESTABLISHED.
    void Establish(const Packet& options = {});

    /// Brings the splice to a state by the shortest way.
    void Reach(unsigned int state);

    std::string StateName() const;

    ist_settings settings{};
    ist_splice splice{};
    uint64_t nowNs = IST_SECOND_NS;
    ist_tuple tuple[2];
    uint8_t family[2];

  private:
    Outcome Describe(const ist_verdict& verdict) const;
};

} // namespace isb::test

#endif
