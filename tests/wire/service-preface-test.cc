// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/service-preface.h"

#include "model/wire/registration.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

Token
SomeToken()
{
    Token token;
    for (size_t at = 0; at < token.size(); ++at)
    {
        token[at] = static_cast<uint8_t>(0xf0 + at);
    }
    return token;
}

TEST(ServicePreface, CarriesItsToken)
{
    const auto bytes = MakeServicePreface(SomeToken());
    EXPECT_EQ(ReadServicePreface(ByteView(bytes.data(), bytes.size())), SomeToken());
}

TEST(ServicePreface, IsRecognisedByEveryByteOfItsName)
{
    for (size_t at = 0; at < 8; ++at)
    {
        auto bytes = MakeServicePreface(SomeToken());
        bytes[at] ^= 1;
        EXPECT_FALSE(ReadServicePreface(ByteView(bytes.data(), bytes.size()))) << at;
    }
}

TEST(ServicePreface, IsRecognisedByItsLength)
{
    const auto bytes = MakeServicePreface(SomeToken());
    std::vector<uint8_t> longer(bytes.begin(), bytes.end());
    longer.push_back(0);
    EXPECT_FALSE(ReadServicePreface(longer));
    for (size_t size = 0; size < bytes.size(); ++size)
    {
        EXPECT_FALSE(ReadServicePreface(ByteView(bytes.data(), size))) << size;
    }
}

TEST(ServicePreface, IsNoRegistration)
{
    const auto bytes = MakeServicePreface(SomeToken());
    EXPECT_FALSE(IsRegistrationDatagram(ByteView(bytes.data(), bytes.size())));
    EXPECT_FALSE(
        ReadServicePreface(ByteView(REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size())));
}

} // namespace
} // namespace isb
