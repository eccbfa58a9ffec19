// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace
{

TEST(IstChecksum, SumsRfc1071sExample)
{
    // RFC 1071 section 3: 0001 f203 f4f5 f6f7 sum to ddf2.
    const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(ist_sum(bytes, sizeof(bytes), 0), 0xddf2u);
}

TEST(IstChecksum, PadsAnOddLastByteOnTheRight)
{
    const uint8_t bytes[] = {0x12, 0x34, 0x56};
    EXPECT_EQ(ist_sum(bytes, 3, 0), 0x1234u + 0x5600u);
}

TEST(IstChecksum, UpdateGivesZeroWhereRfc1141GivesMinusZero)
{
    // RFC 1624 section 4: HC = dd2f, m = 5555, m' = 3285 -> 0000, not ffff.
    EXPECT_EQ(ist_checksum_update(0xdd2f, ist_delta16(0x5555, 0x3285)), 0x0000);
}

TEST(IstChecksum, IncrementalEqualsFullOverRandomBytes)
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 200000; ++round)
    {
        std::vector<uint8_t> bytes(20 + random() % 40);
        for (uint8_t& byte : bytes)
        {
            // Many zero and all-one bytes: the cases in which the two zeros matter.
            const uint64_t kind = random() % 3;
            byte = static_cast<uint8_t>(kind == 0 ? 0 : kind == 1 ? 0xff : random());
        }
        bytes[0] = 0x45; // a header is never all zero
        const auto size = static_cast<uint32_t>(bytes.size());
        const auto before = static_cast<uint16_t>(~ist_sum(bytes.data(), size, 0));
        uint32_t delta = 0;
        const uint32_t at = 2 + 2 * static_cast<uint32_t>(random() % ((size - 6) / 2));
        const auto value = random() % 2 ? static_cast<uint32_t>(random()) : 0xffffffffu;
        delta += ist_delta32(ist_get32(&bytes[at]), value);
        ist_put32(&bytes[at], value);
        const auto after = static_cast<uint16_t>(~ist_sum(bytes.data(), size, 0));
        ASSERT_EQ(ist_checksum_update(before, delta), after) << "round " << round;
    }
}

TEST(IstChecksum, SwappedDeltaServesOddOffsets)
{
    std::mt19937_64 random(2);
    for (int round = 0; round < 10000; ++round)
    {
        std::vector<uint8_t> bytes(24);
        for (uint8_t& byte : bytes)
        {
            byte = static_cast<uint8_t>(random());
        }
        const auto before = static_cast<uint16_t>(~ist_sum(bytes.data(), 24, 0));
        const auto value = static_cast<uint32_t>(random());
        const uint16_t delta = ist_delta_swap(ist_delta32(ist_get32(&bytes[7]), value));
        ist_put32(&bytes[7], value);
        ASSERT_EQ(ist_checksum_update(before, delta),
                  static_cast<uint16_t>(~ist_sum(bytes.data(), 24, 0)));
    }
}

TEST(IstChecksum, PartialHoldsTheSumItself)
{
    // A pseudo header sum of 0x1234 in which 0x0034 becomes 0x0135.
    EXPECT_EQ(ist_partial_update(0x1234, ist_delta16(0x0034, 0x0135)), 0x1335);
}

} // namespace
