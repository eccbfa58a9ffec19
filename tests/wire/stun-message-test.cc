// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/stun-message.h"

#include "tests/wire/plain-hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace isb::test
{
namespace
{

std::vector<uint8_t>
Hex(const std::string& text)
{
    std::vector<uint8_t> bytes;
    std::string digits;
    for (const char c : text)
    {
        digits += c == ' ' ? "" : std::string(1, c);
    }
    for (size_t i = 0; i + 1 < digits.size(); i += 2)
    {
        bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

std::vector<uint8_t>
operator+(std::vector<uint8_t> left, const std::vector<uint8_t>& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

const std::string ID = "2112a442 b7e7a701bc34d686fa87dfae";
const std::string PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt";

// RFC 5769 section 2.1 (its padding is of blanks)
const std::vector<uint8_t> REQUEST = Hex("00010058" + ID +
                                         "80220010 5354554e207465737420636c69656e74"
                                         "00240004 6e0001ff 80290008 932ff9b151263b36"
                                         "00060009 6576746a3a68367659202020"
                                         "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
                                         "80280004 e57a3bcf");
// Section 2.2
const std::vector<uint8_t> IPV4_RESPONSE = Hex("0101003c" + ID +
                                               "8022000b 7465737420766563746f7220"
                                               "00200008 0001a147e112a643"
                                               "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
                                               "80280004 c07d4c96");
// Section 2.3
const std::vector<uint8_t> IPV6_RESPONSE = Hex("01010048" + ID +
                                               "8022000b 7465737420766563746f7220"
                                               "00200014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9"
                                               "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
                                               "80280004 c8fb0b4c");
// Section 2.4
const std::vector<uint8_t> LONG_TERM_REQUEST =
    Hex("00010060 2112a442 78ad3433c6ad72c029da412e"
        "00060012 e3839ee38388e383aae38383e382afe382b90000"
        "0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341"
        "0014000b 6578616d706c652e6f726700"
        "00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666");

StunMessage
Decoded(const std::vector<uint8_t>& bytes)
{
    StunMessage message;
    EXPECT_EQ(DecodeStun(bytes, message), StunFault::None);
    return message;
}

std::string
TextOf(const StunMessage& message, StunType type)
{
    const StunAttribute* found = message.Find(type);
    return found == nullptr ? "" : std::string(found->value.begin(), found->value.end());
}

TEST(StunMessage, ReadsTheSampleRequestOfRfc5769)
{
    const StunMessage message = Decoded(REQUEST);
    EXPECT_EQ(message.kind, StunClass::Request);
    EXPECT_EQ(message.method, STUN_BINDING);
    EXPECT_FALSE(message.IsClassic());
    EXPECT_EQ(TextOf(message, StunType::Software), "STUN test client");
    EXPECT_EQ(TextOf(message, StunType::Username), "evtj:h6vY");
    EXPECT_TRUE(VerifyStunIntegrity(REQUEST, PlainHash(), StunShortTermKey(PASSWORD)));
    EXPECT_FALSE(VerifyStunIntegrity(REQUEST, PlainHash(), StunShortTermKey("another")));
    EXPECT_THAT(message.UnknownRequired({StunType::Username, StunType::MessageIntegrity}),
                testing::ElementsAre(static_cast<StunType>(0x0024)));
}

TEST(StunMessage, ReadsTheSampleIpv4ResponseOfRfc5769AndWritesTheSame)
{
    const StunMessage message = Decoded(IPV4_RESPONSE);
    EXPECT_EQ(message.kind, StunClass::Success);
    EXPECT_EQ(message.Mapped(), (Endpoint{*Ipv4::Parse("192.0.2.1"), 32853}));
    EXPECT_TRUE(VerifyStunIntegrity(IPV4_RESPONSE, PlainHash(), StunShortTermKey(PASSWORD)));

    StunMessage made;
    made.kind = StunClass::Success;
    made.id = message.id;
    made.attributes = {
        MakeStunText(StunType::Software, "test vector"),
        MakeStunXorAddress(StunAddress::From({*Ipv4::Parse("192.0.2.1"), 32853}), message.id)};
    const PlainHash hash;
    auto bytes = EncodeStun(made, {&hash, StunShortTermKey(PASSWORD), true});
    // The RFC pads by a blank, which the codes cover; the rest is the same byte for byte.
    EXPECT_EQ(bytes.size(), IPV4_RESPONSE.size());
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + 35, IPV4_RESPONSE.begin()));
    EXPECT_TRUE(std::equal(bytes.begin() + 36, bytes.begin() + 52, IPV4_RESPONSE.begin() + 36));
    EXPECT_TRUE(VerifyStunIntegrity(bytes, hash, StunShortTermKey(PASSWORD)));
    EXPECT_EQ(Decoded(bytes).Mapped(), message.Mapped());
}

TEST(StunMessage, ReadsTheSampleIpv6ResponseOfRfc5769)
{
    const StunMessage message = Decoded(IPV6_RESPONSE);
    const auto address =
        ReadStunXorAddress(*message.Find(StunType::XorMappedAddress), message.id).value();
    EXPECT_EQ(address.family, StunAddress::IPV6);
    EXPECT_EQ(address.port, 32853);
    EXPECT_THAT(address.address,
                testing::ElementsAreArray(Hex("20010db8123456780011223344556677")));
    EXPECT_EQ(MakeStunXorAddress(address, message.id), *message.Find(StunType::XorMappedAddress));
    EXPECT_EQ(message.Mapped(), std::nullopt) << "the core speaks IPv4";
    EXPECT_TRUE(VerifyStunIntegrity(IPV6_RESPONSE, PlainHash(), StunShortTermKey(PASSWORD)));
}

TEST(StunMessage, VerifiesTheLongTermRequestOfRfc5769AndWritesTheSame)
{
    const StunMessage message = Decoded(LONG_TERM_REQUEST);
    const PlainHash hash;
    const std::string user = TextOf(message, StunType::Username);
    EXPECT_EQ(TextOf(message, StunType::Realm), "example.org");
    const auto key = StunLongTermKey(hash, user, "example.org", "TheMatrIX");
    EXPECT_TRUE(VerifyStunIntegrity(LONG_TERM_REQUEST, hash, key));
    EXPECT_EQ(EncodeStun(message, {&hash, key, false}), LONG_TERM_REQUEST);
}

TEST(StunMessage, IntegrityFailsForEveryChangedByte)
{
    const auto key = StunShortTermKey(PASSWORD);
    for (size_t i = 0; i < IPV4_RESPONSE.size() - 8; ++i) // not the fingerprint
    {
        std::vector<uint8_t> changed = IPV4_RESPONSE;
        changed[i] ^= 1;
        if (i == 2 || i == 3) // the length: recomputed, so these bytes are covered by the decoder
        {
            StunMessage message;
            EXPECT_NE(DecodeStun(changed, message), StunFault::None);
            continue;
        }
        EXPECT_FALSE(VerifyStunIntegrity(changed, PlainHash(), key)) << "byte " << i;
    }
}

TEST(StunMessage, HashesOfTheTestsAreTheStandards)
{
    const std::string text = "abc";
    const std::vector<uint8_t> bytes(text.begin(), text.end());
    EXPECT_THAT(PlainHash().Md5(bytes),
                testing::ElementsAreArray(Hex("900150983cd24fb0d6963f7d28e17f72")));
    // RFC 2202 test case 2
    const std::string key = "Jefe";
    const std::string data = "what do ya want for nothing?";
    EXPECT_THAT(PlainHash().HmacSha1(std::vector<uint8_t>(key.begin(), key.end()),
                                     std::vector<uint8_t>(data.begin(), data.end())),
                testing::ElementsAreArray(Hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")));
}

TEST(StunMessage, ReadsClassicMessages)
{
    // RFC 3489: no cookie, CHANGE-REQUEST, no padding needed.
    const auto bytes = Hex("00010008 000102030405060708090a0b0c0d0e0f 00030004 00000006");
    const StunMessage message = Decoded(bytes);
    EXPECT_TRUE(message.IsClassic());
    const auto change = ReadStunChange(*message.Find(StunType::ChangeRequest)).value();
    EXPECT_TRUE(change.address);
    EXPECT_TRUE(change.port);
    EXPECT_EQ(EncodeStun(message), bytes);
}

TEST(StunMessage, WritesEveryAttributeAsItReadsIt)
{
    StunMessage message;
    message.id = MakeStunId({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    const Endpoint endpoint{*Ipv4::Parse("198.51.100.7"), 40000};
    for (const StunType type : {StunType::MappedAddress,
                                StunType::SourceAddress,
                                StunType::ChangedAddress,
                                StunType::ResponseOrigin,
                                StunType::OtherAddress})
    {
        message.attributes.push_back(MakeStunAddress(type, StunAddress::From(endpoint)));
    }
    message.attributes.push_back(MakeStunXorAddress(StunAddress::From(endpoint), message.id));
    message.attributes.push_back(MakeStunChange(StunType::ChangeRequest, {true, false}));
    message.attributes.push_back(MakeStunChange(StunType::ConnectFrom, {false, true}));
    message.attributes.push_back(MakeStunPort(4711));
    message.attributes.push_back(MakeStunError({420, "Unknown Attribute"}));
    message.attributes.push_back(MakeStunUnknown({StunType::ChangeRequest, StunType::Padding}));
    message.attributes.push_back(MakeStunPadding(7));
    const StunMessage read = Decoded(EncodeStun(message));
    EXPECT_EQ(read.attributes, message.attributes);
    EXPECT_EQ(read.Address(StunType::OtherAddress), endpoint);
    EXPECT_EQ(read.Mapped(), endpoint);
    EXPECT_EQ(ReadStunPort(*read.Find(StunType::ResponsePort)), 4711);
    EXPECT_EQ(ReadStunError(*read.Find(StunType::ErrorCode))->code, 420);
    EXPECT_THAT(*ReadStunUnknown(*read.Find(StunType::UnknownAttributes)),
                testing::ElementsAre(StunType::ChangeRequest, StunType::Padding));
}

TEST(StunMessage, ClassAndMethodAreInterleaved)
{
    for (const StunClass kind :
         {StunClass::Request, StunClass::Indication, StunClass::Success, StunClass::Error})
    {
        for (const uint16_t method : std::vector<uint16_t>{0x001, 0x003, 0x0ab, 0xfff})
        {
            StunMessage message;
            message.kind = kind;
            message.method = method;
            const StunMessage read = Decoded(EncodeStun(message));
            EXPECT_EQ(read.kind, kind);
            EXPECT_EQ(read.method, method);
        }
    }
    EXPECT_EQ(EncodeStun({StunClass::Error, STUN_BINDING, {}, {}})[1], 0x11);
}

TEST(StunMessage, WhatFollowsTheIntegrityDoesNotCount)
{
    StunMessage message = Decoded(LONG_TERM_REQUEST);
    std::vector<uint8_t> bytes = LONG_TERM_REQUEST + Hex("80220004 61616161");
    bytes[3] = static_cast<uint8_t>(bytes.size() - STUN_HEADER_SIZE);
    EXPECT_EQ(Decoded(bytes).Find(StunType::Software), nullptr);
    EXPECT_EQ(Decoded(bytes).attributes, message.attributes);
}

TEST(StunMessage, TheFirstOfTwoAttributesCounts)
{
    StunMessage message;
    message.attributes = {MakeStunPort(1), MakeStunPort(2)};
    EXPECT_EQ(ReadStunPort(*Decoded(EncodeStun(message)).Find(StunType::ResponsePort)), 1);
}

struct BadMessage
{
    const char* name;
    std::vector<uint8_t> bytes;
    StunFault fault;
};

class StunRefuses : public testing::TestWithParam<BadMessage>
{
};

TEST_P(StunRefuses, WithItsReason)
{
    StunMessage message;
    EXPECT_EQ(DecodeStun(GetParam().bytes, message), GetParam().fault)
        << ToString(DecodeStun(GetParam().bytes, message));
}

std::vector<uint8_t>
Many(size_t count)
{
    std::vector<uint8_t> bytes = Hex("00010000" + ID);
    for (size_t i = 0; i < count; ++i)
    {
        bytes = bytes + Hex("80220000");
    }
    bytes[2] = static_cast<uint8_t>(count * 4 >> 8);
    bytes[3] = static_cast<uint8_t>(count * 4);
    return bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Stun,
    StunRefuses,
    testing::Values(
        BadMessage{"nothing", {}, StunFault::Truncated},
        BadMessage{"half-a-header", Hex("00010000 2112a442"), StunFault::Truncated},
        BadMessage{"first-bits", Hex("40010000" + ID), StunFault::NotStun},
        BadMessage{"odd-length", Hex("00010002" + ID + "0000"), StunFault::BadLength},
        BadMessage{"too-short", Hex("00010008" + ID + "80220000"), StunFault::BadLength},
        BadMessage{"too-long", Hex("00010000" + ID + "80220000"), StunFault::BadLength},
        BadMessage{"attribute-runs-over",
                   Hex("00010004" + ID + "80220001"),
                   StunFault::BadAttribute},
        BadMessage{"attribute-huge", Hex("00010004" + ID + "8022ffff"), StunFault::BadAttribute},
        BadMessage{"address-family",
                   Hex("0001000c" + ID + "00010008 0003000101020304"),
                   StunFault::BadValue},
        BadMessage{"address-size", Hex("00010008" + ID + "00010004 00010001"), StunFault::BadValue},
        BadMessage{"change-size", Hex("00010004" + ID + "00030000"), StunFault::BadValue},
        BadMessage{"port-size", Hex("00010004" + ID + "00270000"), StunFault::BadValue},
        BadMessage{"error-class", Hex("01110008" + ID + "00090004 00000700"), StunFault::BadValue},
        BadMessage{"error-number", Hex("01110008" + ID + "00090004 00000464"), StunFault::BadValue},
        BadMessage{"integrity-size", Hex("00010004" + ID + "00080000"), StunFault::BadValue},
        BadMessage{"fingerprint-wrong",
                   Hex("00010008" + ID + "80280004 00000000"),
                   StunFault::BadFingerprint},
        BadMessage{"many", Many(STUN_ATTRIBUTE_LIMIT + 1), StunFault::TooManyAttributes},
        BadMessage{"as-many-as-may-be", Many(STUN_ATTRIBUTE_LIMIT), StunFault::None}),
    [](const auto& entry)
    {
        std::string name = entry.param.name;
        for (char& c : name)
        {
            c = c == '-' ? '_' : c;
        }
        return name;
    });

TEST(StunMessage, AFingerprintThatIsNotLastIsRefused)
{
    StunMessage message;
    auto bytes = EncodeStun(message, {nullptr, {}, true});
    EXPECT_EQ(DecodeStun(bytes, message), StunFault::None) << "a classic id: no fingerprint at all";
    message.id = MakeStunId({});
    bytes = EncodeStun(message, {nullptr, {}, true}) + Hex("80220000");
    bytes[3] = 12;
    EXPECT_EQ(DecodeStun(bytes, message), StunFault::BadFingerprint);
}

TEST(StunMessage, LengthOfAStreamIsKnownFromItsFirstBytes)
{
    EXPECT_EQ(StunLengthOf(Hex("")), 0u);
    EXPECT_EQ(StunLengthOf(Hex("000100")), 0u);
    EXPECT_EQ(StunLengthOf(Hex("00010008")), 28u);
    EXPECT_EQ(StunLengthOf(Hex("47")), std::nullopt) << "\"GET /\"";
    EXPECT_EQ(StunLengthOf(Hex("00010003")), std::nullopt);
}

} // namespace
} // namespace isb::test
