// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/registration.h"

#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

const std::vector<uint8_t> DATAGRAM(REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end());

TEST(Registration, IsRecognisedByEveryByte)
{
    EXPECT_TRUE(IsRegistrationDatagram(DATAGRAM));
    for (size_t at = 0; at < DATAGRAM.size(); ++at)
    {
        std::vector<uint8_t> other = DATAGRAM;
        other[at] ^= 1;
        EXPECT_FALSE(IsRegistrationDatagram(other)) << at;
    }
}

TEST(Registration, IsRecognisedByItsLength)
{
    std::vector<uint8_t> longer = DATAGRAM;
    longer.push_back(0);
    EXPECT_FALSE(IsRegistrationDatagram(longer));
    EXPECT_FALSE(IsRegistrationDatagram(ByteView(DATAGRAM.data(), 15)));
    EXPECT_FALSE(IsRegistrationDatagram(ByteView()));
}

TEST(Registration, IsWhatTheSpliceCoreTakesForOne)
{
    const Endpoint daemon{Ipv4{0x0a000002}, 5000};
    const Endpoint ist{Ipv4{0xc6336401}, 4000};
    const auto isRegistration = [&](const std::vector<uint8_t>& payload)
    {
        const std::vector<uint8_t> packet = BuildUdp(daemon, ist, payload);
        PacketView view;
        EXPECT_TRUE(view.Read(packet, packet.size()));
        return (view.Fields().flags & IST_PACKET_REGISTRATION) != 0;
    };
    EXPECT_TRUE(isRegistration(DATAGRAM));
    std::vector<uint8_t> other = DATAGRAM;
    other[6] = '2';
    EXPECT_FALSE(isRegistration(other));
}

} // namespace
} // namespace isb
