// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/credential.h"

#include <gtest/gtest.h>
#include <set>

namespace isb
{
namespace
{

Token
Challenge(uint8_t first)
{
    Token token{};
    token[0] = first;
    return token;
}

TEST(SimulatedMac, ProvesTheSameSecretAlike)
{
    const SimulatedMac a;
    const SimulatedMac b;
    EXPECT_EQ(a.Compute("secret", Challenge(1)), b.Compute("secret", Challenge(1)));
    EXPECT_EQ(a.Compute("secret", Challenge(1)).size(), 8U);
}

TEST(SimulatedMac, DiffersWithSecretAndChallenge)
{
    const SimulatedMac mac;
    std::set<std::vector<uint8_t>> proofs;
    for (const std::string_view secret : {"", "a", "b", "ab", "ba", "a-long-secret"})
    {
        for (int first = 0; first < 256; ++first)
        {
            proofs.insert(mac.Compute(secret, Challenge(static_cast<uint8_t>(first))));
        }
    }
    EXPECT_EQ(proofs.size(), 6U * 256U);
}

TEST(SimulatedMac, DependsOnEveryByteOfTheChallenge)
{
    const SimulatedMac mac;
    const auto plain = mac.Compute("secret", Token{});
    for (size_t at = 0; at < Token{}.size(); ++at)
    {
        Token changed{};
        changed[at] = 1;
        EXPECT_NE(mac.Compute("secret", changed), plain) << at;
    }
}

} // namespace
} // namespace isb
