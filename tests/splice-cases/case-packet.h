// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_SPLICE_CASES_CASE_PACKET_H
#define ISB_TESTS_SPLICE_CASES_CASE_PACKET_H

#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isb::cases
{

/// A packet or a part of one, as on the wire.
using Bytes = std::vector<uint8_t>;

/// TCP flags and IP protocol numbers by their RFCs' names, apart from the code under test.
inline constexpr unsigned int FIN = 0x001;
inline constexpr unsigned int SYN = 0x002;
inline constexpr unsigned int RST = 0x004;
inline constexpr unsigned int PSH = 0x008;
inline constexpr unsigned int ACK = 0x010;
inline constexpr unsigned int URG = 0x020;
inline constexpr unsigned int ECE = 0x040;
inline constexpr unsigned int CWR = 0x080;
inline constexpr unsigned int AE = 0x100;
inline constexpr uint8_t ICMP = 1;
inline constexpr uint8_t TCP = 6;
inline constexpr uint8_t UDP = 17;
inline constexpr uint8_t ICMPV6 = 58;

/// What an IP header says beside addresses and protocol; what a family does not have is ignored.
struct Ip
{
    uint8_t ttl = 64;               ///< IPv6: hop limit
    uint8_t trafficClass = 0;       ///< DSCP and ECN
    uint32_t flowLabel = 0;         ///< IPv6
    uint16_t identification = 7000; ///< IPv4
    bool dontFragment = true;       ///< IPv4
    Bytes options{};                ///< IPv4 options, a multiple of four
};

/// A TCP segment; options in wire form, padded with NOPs to a multiple of four.
struct Tcp
{
    uint32_t seq = 0;
    uint32_t ack = 0;
    unsigned int flags = ACK;
    uint16_t window = 65535;
    Bytes options{};
    Bytes payload{};
    uint16_t urgent = 0;
};

/// Whole packets with right checksums, each computed by summing everything.
[[nodiscard]] Bytes BuildTcp(const IpEndpoint& from,
                             const IpEndpoint& to,
                             const Tcp& tcp,
                             const Ip& ip = {});
[[nodiscard]] Bytes BuildUdp(const IpEndpoint& from,
                             const IpEndpoint& to,
                             const Bytes& payload,
                             const Ip& ip = {});
/// `body` from the ICMP header on, of which the checksum is filled in; ICMP or ICMPv6 by the
/// family.
[[nodiscard]] Bytes BuildIcmp(const IpAddress& from,
                              const IpAddress& to,
                              Bytes body,
                              const Ip& ip = {});
/// Any protocol; IPv6 puts `extensions` before the body, whose first header is `protocol` then.
[[nodiscard]] Bytes BuildIp(const IpAddress& from,
                            const IpAddress& to,
                            uint8_t protocol,
                            const Bytes& body,
                            const Ip& ip = {});

/// Cuts a packet's IP payload in fragments of `size` bytes (a multiple of eight), in order.
/// \param identification of the fragments, IPv4 16 bits, IPv6 32
[[nodiscard]] std::vector<Bytes> Fragments(const Bytes& packet,
                                           size_t size,
                                           uint32_t identification);

/// The same packet with every checksum filled in anew: IP header, TCP, UDP (unless 0), ICMP; a
/// fragment's IP header only. What offload leaves to a device is so completed.
[[nodiscard]] Bytes Complete(Bytes packet);

/// Options in wire form.
[[nodiscard]] Bytes Mss(uint16_t mss);
[[nodiscard]] Bytes Wscale(uint8_t shift);
[[nodiscard]] Bytes SackPermitted();
[[nodiscard]] Bytes Timestamps(uint32_t tsval, uint32_t tsecr);
[[nodiscard]] Bytes Sack(const std::vector<uint32_t>& edges);
[[nodiscard]] Bytes Nops(size_t count);
[[nodiscard]] Bytes operator+(const Bytes& a, const Bytes& b);
[[nodiscard]] Bytes Text(std::string_view text);

/// "10.0.0.1:5 > 10.0.0.2:6 TCP ... | 4500...": a packet for people, headers and bytes.
[[nodiscard]] std::string Show(const Bytes& packet);

} // namespace isb::cases

#endif
