// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_WAYS_TO_PROVIDER_H
#define ISB_TESTS_NS3_WAYS_TO_PROVIDER_H

#include <ostream>
#include <string>
#include <vector>

namespace ns3test
{

/// One way by which ann's clients reach bob's server: the set-ups of thesis 3.3, and the forwarding
/// methods of chapter 4 where there is an IST between.
struct WayToProvider
{
    const char* name;
    const char* annSite; ///< lines of ann's site
    const char* bobSite;
    const char* ann; ///< further lines of [[user]] ann
    const char* bob;
    const char* subscription; ///< further lines of [[subscription]]
    const char* path;
    const char* method; ///< of translated ones
    double mostRoundTrips;
};

inline constexpr const char* NAT = "nat = \"port-restricted-cone\"";
inline constexpr const char* ROUTER = "";
inline constexpr const char* CAN_CHOOSE = "can-choose-port = true";

inline std::string
ScenarioOf(const WayToProvider& way, int brokerDelayMs, const std::string& traffic = "")
{
    return std::string("schema = 1\nname = \"t\"\nduration = \"9 s\"\n") +
           "[[isb]]\nname = \"isb\"\nuplink-delay = \"" + std::to_string(brokerDelayMs) +
           " ms\"\nist-hello = \"1 s\"\n[[ist]]\nname = \"ist\"\n" +
           "[[site]]\nname = \"ann-home\"\n" + way.annSite + "\n[[site]]\nname = \"bob-home\"\n" +
           way.bobSite + "\n[[user]]\nname = \"ann\"\nsite = \"ann-home\"\n" + way.ann +
           "\n[[user]]\nname = \"bob\"\nsite = \"bob-home\"\n" + way.bob +
           "\n[[service]]\nname = \"web\"\nprovider = \"bob\"\nport = 80\n" +
           "[[subscription]]\nuser = \"ann\"\nservice = \"bob/web\"\n" + way.subscription + "\n" +
           traffic;
}

inline const std::vector<WayToProvider>&
WaysToProvider()
{
    static const std::vector<WayToProvider> WAYS = {
        WayToProvider{"Direct", NAT, ROUTER, "", "", "", "direct", "", 2},
        WayToProvider{"Reversed", ROUTER, NAT, "", "", "", "reversed", "", 2},
        WayToProvider{"Passive", NAT, NAT, "", "", "", "translated", "passive", 2},
        WayToProvider{"Proxy", NAT, NAT, "", "", "method = \"proxy\"", "translated", "proxy", 2},
        WayToProvider{"PureBothCanChoose",
                      NAT,
                      NAT,
                      CAN_CHOOSE,
                      CAN_CHOOSE,
                      "method = \"pure\"",
                      "translated",
                      "pure",
                      2},
        WayToProvider{"PureProviderCanChoose",
                      NAT,
                      NAT,
                      "",
                      CAN_CHOOSE,
                      "method = \"pure\"",
                      "translated",
                      "pure",
                      3},
        WayToProvider{"PureSubscriberCanChoose",
                      NAT,
                      NAT,
                      CAN_CHOOSE,
                      "",
                      "method = \"pure\"",
                      "translated",
                      "pure",
                      3},
        WayToProvider{"PureNobodyCanChoose",
                      NAT,
                      NAT,
                      "",
                      "",
                      "method = \"pure\"",
                      "translated",
                      "passive",
                      2},
        WayToProvider{"Active",
                      NAT,
                      ROUTER,
                      "",
                      "",
                      "method = \"active\"\nrequire-ist = true",
                      "translated",
                      "active",
                      2},
        WayToProvider{"Prepared", NAT, NAT, "", "", "prepared = 1", "translated", "passive", 0}};
    return WAYS;
}

inline void
PrintTo(const WayToProvider& way, std::ostream* out)
{
    *out << way.name;
}

} // namespace ns3test

#endif
