// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/pcapng.h"

#include "model/wire/packet-builder.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace isb
{
namespace
{

constexpr Endpoint SOURCE{Ipv4{0x0a000002}, 5000};
constexpr Endpoint DESTINATION{Ipv4{0xc6336401}, 80};

uint32_t
Get32(const std::vector<uint8_t>& bytes, size_t at)
{
    return bytes[at] | uint32_t{bytes[at + 1]} << 8 | uint32_t{bytes[at + 2]} << 16 |
           uint32_t{bytes[at + 3]} << 24;
}

void
Append(std::vector<uint8_t>& file, const std::vector<uint8_t>& block)
{
    file.insert(file.end(), block.begin(), block.end());
}

TEST(Pcapng, EveryBlockHasItsLengthAtBothEndsInUnitsOfFour)
{
    for (const char* text : {"", "a", "ab", "abc", "abcd", "abcde"})
    {
        const std::vector<uint8_t> payload(text, text + std::string(text).size());
        for (const auto& block : {PcapngSection(text, text),
                                  PcapngInterface(PcapngLinkType::Raw, text, text),
                                  PcapngPacket(0, TimePoint(1), payload, 9, text)})
        {
            EXPECT_EQ(block.size() % 4, 0U);
            EXPECT_EQ(Get32(block, 4), block.size());
            EXPECT_EQ(Get32(block, block.size() - 4), block.size());
        }
    }
}

TEST(Pcapng, PacketBlockHoldsNanosecondsAndBothLengths)
{
    const auto block = PcapngPacket(3, TimePoint(0x1'2345'6789), std::vector<uint8_t>{7, 8}, 60);
    const std::vector<uint8_t> expected = {6, 0, 0,    0,    40,   0,    0, 0, 3,  0, 0,  0, 1, 0,
                                           0, 0, 0x89, 0x67, 0x45, 0x23, 2, 0, 0,  0, 60, 0, 0, 0,
                                           7, 8, 0,    0,    0,    0,    0, 0, 40, 0, 0,  0};
    EXPECT_EQ(block, expected);
}

TEST(Pcapng, CommentLongerThanAnOptionIsCut)
{
    const auto block = PcapngSection("", std::string(100'000, 'x'));
    EXPECT_EQ(block.size(), 24 + 4 + 65'536 + 4 + 4U);
}

#ifdef ISB_TSHARK

/// What tshark prints of a file, one line a packet.
std::string
Tshark(const std::vector<uint8_t>& file, const std::string& arguments)
{
    const std::string path = testing::TempDir() + "pcapng-test.pcapng";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
    const std::string command = std::string(ISB_TSHARK) + " -n -r " + path + " " + arguments +
                                " 2>&1 | grep -v '^Running as user'";
    std::FILE* const pipe = popen(command.c_str(), "r");
    std::string output;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
    {
        output += static_cast<char>(c);
    }
    pclose(pipe);
    std::remove(path.c_str());
    return output;
}

TEST(Pcapng, TsharkReadsPacketsInterfacesTimesAndComments)
{
    const std::vector<uint8_t> payload(100, 1);
    const auto udp = BuildUdp(SOURCE, DESTINATION, payload);
    const auto tcp = BuildTcp(DESTINATION, SOURCE, TcpFields{}, payload);
    std::vector<uint8_t> file = PcapngSection("isblab", "a run");
    Append(file, PcapngInterface(PcapngLinkType::Raw, "box:mac0"));
    Append(file, PcapngInterface(PcapngLinkType::Raw, "box:pci0"));
    Append(file, PcapngPacket(1, TimePoint(1'000'000'007), udp, 128, "dropped: nat.filtered"));
    Append(file, PcapngPacket(0, TimePoint(2'500'000'001), ByteView(tcp.data(), 60), 140));
    EXPECT_EQ(Tshark(file,
                     "-o udp.check_checksum:TRUE -T fields -E separator=' ' -e frame.time_epoch "
                     "-e frame.interface_name -e frame.len -e frame.cap_len -e ip.src -e ip.dst "
                     "-e udp.dstport -e udp.checksum.status -e tcp.dstport -e frame.comment"),
              "1.000000007 box:pci0 128 128 10.0.0.2 198.51.100.1 80 1  dropped: nat.filtered\n"
              "2.500000001 box:mac0 140 60 198.51.100.1 10.0.0.2   5000 \n");
}

TEST(Pcapng, TsharkFindsBuiltChecksumsRight)
{
    std::vector<uint8_t> file = PcapngSection("isblab");
    Append(file, PcapngInterface(PcapngLinkType::Raw, "a"));
    const std::vector<uint8_t> payload = {1, 2, 3};
    const auto udp = BuildUdp(SOURCE, DESTINATION, payload);
    for (const auto& packet :
         {udp,
          BuildTcp(SOURCE, DESTINATION, TcpFields{}, payload),
          BuildEcho(SOURCE.address, DESTINATION.address, ICMP_ECHO_REQUEST, 7, 1, payload),
          BuildIcmpError(DESTINATION.address, SOURCE.address, ICMP_UNREACHABLE, 3, 0, udp)})
    {
        const auto length = static_cast<uint32_t>(packet.size());
        Append(file, PcapngPacket(0, TimePoint(0), packet, length));
    }
    EXPECT_EQ(Tshark(file,
                     "-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE "
                     "-o udp.check_checksum:TRUE -T fields -E separator=' ' -E occurrence=f "
                     "-e ip.checksum.status -e tcp.checksum.status -e icmp.checksum.status"),
              "1  \n1 1 \n1  1\n1  1\n");
}

#endif

} // namespace
} // namespace isb
