// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/natbox-statistics.h"

#include "relay-rig.h"

#include <nlohmann/json.hpp>

namespace isb
{
namespace
{

TEST(NatboxStatistics, CountsPacketsDropsAndMappings)
{
    NatboxConfig config = TestConfig();
    config.name = "home";
    RelayRig rig(config);
    rig.Send(NatSide::Inside, BuildUdp(ALICE, SERVER, Payload(10)));
    rig.Send(NatSide::Outside, BuildUdp(SERVER, {EXTERNAL, 9999}, Payload(10)));
    rig.Send(NatSide::Inside, Packet(48, 0x60));
    rig.now = std::chrono::seconds(60);
    const auto json = nlohmann::json::parse(StatisticsJson(rig.now, config, rig.relay, {2, 1, 3}));
    EXPECT_EQ(json["name"], "home");
    EXPECT_EQ(json["uptime"], 60.0);
    EXPECT_EQ(json["reloads"], 2);
    EXPECT_EQ(json["refusedReloads"], 1);
    EXPECT_EQ(json["unwritten"], 3);
    EXPECT_EQ(json["inside"]["received"], 1);
    EXPECT_EQ(json["inside"]["receivedBytes"], 38);
    EXPECT_EQ(json["outside"]["sent"], 1);
    EXPECT_EQ(json["nat"]["outbound"], 1);
    EXPECT_EQ(json["drops"]["natbox.not-ipv4"], 1);
    EXPECT_EQ(json["drops"]["nat.no-mapping"], 1);
    EXPECT_EQ(json["drops"].size(), 2U);
    EXPECT_EQ(json["mappings"], 1);
    ASSERT_EQ(json["mappingList"].size(), 1U);
    const auto& mapping = json["mappingList"][0];
    EXPECT_EQ(mapping["protocol"], "udp");
    EXPECT_EQ(mapping["internal"], "10.0.0.2:5000");
    EXPECT_EQ(mapping["external"], "203.0.113.1:5000");
    EXPECT_EQ(mapping["expiresIn"], 240.0);
    EXPECT_FALSE(mapping.contains("remote"));
}

TEST(NatboxStatistics, ListsABoundedNumberOfMappingsAndCountsAll)
{
    RelayRig rig(TestConfig());
    const size_t count = MOST_LISTED_MAPPINGS + 5;
    for (size_t i = 0; i < count; ++i)
    {
        const Endpoint source{ALICE.address, static_cast<uint16_t>(2000 + i)};
        rig.Send(NatSide::Inside, BuildUdp(source, SERVER, {}));
    }
    const auto json = nlohmann::json::parse(StatisticsJson(rig.now, TestConfig(), rig.relay, {}));
    EXPECT_EQ(json["mappings"], count);
    EXPECT_EQ(json["mappingList"].size(), MOST_LISTED_MAPPINGS);
}

} // namespace
} // namespace isb
