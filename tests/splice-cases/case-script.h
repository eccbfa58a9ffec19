// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_SPLICE_CASES_CASE_SCRIPT_H
#define ISB_TESTS_SPLICE_CASES_CASE_SCRIPT_H

#include "tests/splice-cases/splice-case.h"

#include <string>
#include <string_view>
#include <vector>

namespace isb::cases
{

/// What one user's SYN asks for.
struct Wishes
{
    uint16_t mss = 1460; ///< 0: none
    int wscale = 7;      ///< -1: none
    bool sack = true;
    bool timestamps = true;
    unsigned int flags = 0; ///< beside SYN: ECE, CWR, AE
    uint16_t window = 64240;
};

/// One user: his endpoint, the IST's that he uses, and what his TCP begins with.
struct User
{
    IpEndpoint self;
    IpEndpoint ist;
    uint32_t isn = 0;
    uint32_t tsval = 0;
    Wishes wishes{};
};

/// Which family each user has.
struct Families
{
    std::string_view name; ///< "v4", "v6", "v4v6", "v6v4"
    ist_family a = IST_FAMILY_IPV4;
    ist_family b = IST_FAMILY_IPV4;

    [[nodiscard]] bool
    Cross() const
    {
        return a != b;
    }
};

inline constexpr uint16_t PORT_A = 5001;
inline constexpr uint16_t PORT_B = 5002;

/// A case under construction, in the words of the two users.
///
///     A 10.0.1.1:1111 / 2001:db8:1::1 --- :1 :5001  IST  :2 :5002 --- B 10.0.2.1:2222 / ...:2::1
///
/// Every packet that leaves is built anew from what it should say; nothing is taken from the code
/// under test. Forwarded packets have one TTL less.
class Script
{
  public:
    Script(std::string_view name, const Families& families);

    [[nodiscard]] const Families&
    Of() const
    {
        return m_families;
    }

    [[nodiscard]] User& At(IstSide side);
    [[nodiscard]] const User& At(IstSide side) const;

    /// Orders a splice before the next step; ports of 0 are PORT_A and PORT_B.
    Script& Order(SpliceMethod method, uint16_t portA = PORT_A, uint16_t portB = PORT_B);
    Script& Order(const IstPair& pair);

    /// One step each; `what` says what is sent, `from` who sends it.
    Script& Consumes(std::string what, IstSide from, Recipe in, std::vector<Sent> out = {});
    Script& Drops(std::string what,
                  IstSide from,
                  Recipe in,
                  std::string reason,
                  std::vector<Sent> out = {});
    Script& Passes(std::string what, IstSide at, Bytes in);
    Script& Forwards(std::string what,
                     IstSide from,
                     Recipe in,
                     Recipe forwarded,
                     std::vector<Sent> more = {});
    /// A segment that arrives at the other user as his own partner's.
    Script& Carries(std::string what,
                    IstSide from,
                    const Tcp& tcp,
                    const Ip& ip = {},
                    std::vector<Sent> more = {});
    /// The same of a datagram.
    Script& CarriesDatagram(std::string what,
                            IstSide from,
                            const Bytes& payload,
                            const Ip& ip = {});

    /// As a user sends it to the IST, and as he gets it from there.
    [[nodiscard]] Bytes From(IstSide side, const Tcp& tcp, const Ip& ip = {}) const;
    [[nodiscard]] Bytes To(IstSide side, const Tcp& tcp, const Ip& ip = {}) const;
    [[nodiscard]] Bytes DatagramFrom(IstSide side, const Bytes& payload, const Ip& ip = {}) const;
    [[nodiscard]] Bytes DatagramTo(IstSide side, const Bytes& payload, const Ip& ip = {}) const;
    /// The IP header of a packet from that side after forwarding.
    [[nodiscard]] Ip After(IstSide from, Ip ip, size_t payload) const;

    /// What the users and the IST say while a splice is set up.
    [[nodiscard]] Tcp Syn(IstSide of) const;
    [[nodiscard]] Sent SynAck(IstSide to) const;
    /// The first ACK of a side; the other's ISN is what its SYN-ACK shows.
    [[nodiscard]] Tcp FirstAck(IstSide of) const;
    /// The IST's ACK or RST that stands for what the partner would say.
    [[nodiscard]] Sent AckTo(IstSide to, const Tcp& tcp) const;
    [[nodiscard]] Bytes Registration(IstSide of) const;

    /// A segment of an established splice: `offset` bytes after a side's SYN, acknowledging
    /// `acknowledged` bytes after the other's; timestamps if both have them.
    [[nodiscard]] Tcp Segment(IstSide of,
                              uint32_t offset,
                              uint32_t acknowledged,
                              const Bytes& payload = {},
                              unsigned int flags = ACK) const;

    /// SYNs, SYN-ACKs, ACKs, A first or B first: ESTABLISHED.
    Script& Handshake(IstSide first = IstSide::A);
    /// Both register: a UDP splice is joined.
    Script& Register();

    /// The MSS option that a side is shown for the other's `mss` (0: none): IPv6 headers are 20
    /// bytes longer, so an IPv6 user is told so much less, but never below what IPv6 always carries
    /// (RFC 7915 section 4.1, RFC 9293 section 3.7.1). 0: no option.
    [[nodiscard]] uint16_t MssTowards(IstSide side, uint16_t mss) const;

    /// What both SYNs ask for.
    [[nodiscard]] bool BothTimestamps() const;
    [[nodiscard]] bool BothWscale() const;
    [[nodiscard]] bool BothSack() const;

    SpliceCase made;

  private:
    Families m_families;
    std::array<User, 2> m_users;
};

[[nodiscard]] inline IstSide
OtherThan(IstSide side)
{
    return side == IstSide::A ? IstSide::B : IstSide::A;
}

/// A packet that is what it is.
[[nodiscard]] inline Recipe
Fixed(Bytes packet)
{
    return [packet = std::move(packet)](const Numbers&) { return packet; };
}

/// The four combinations, and those of one family.
[[nodiscard]] const std::vector<Families>& AllFamilies();

} // namespace isb::cases

#endif
