// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_WORLD_DRAFT_H
#define ISB_LAB_WORLD_DRAFT_H

#include "model/lab/lab.h"
#include "model/lab/read-nat.h"
#include "model/lab/table-reader.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The broker's world in the making: sections of a scenario that name who is who, from which the
/// topology follows.
namespace isb
{

struct LabDraft;

/// The core router's name; as a site's name: on the internet.
inline constexpr std::string_view INTERNET = "internet";
inline constexpr DataRate USER_UPLINK{100'000'000};
inline constexpr DataRate SERVER_UPLINK{1'000'000'000};

/// How a host or site is joined to the world.
struct Access
{
    std::optional<size_t> site;   ///< into lab.sites; nothing: the internet
    std::optional<size_t> region; ///< into WorldDraft::regions; nothing: the core
    DataRate rate;
    Duration delay{0};
    /// What the wire does to packets on their way up, and down.
    std::optional<ImpairmentSettings> impair[2];
};

struct RegionDraft
{
    std::string name;
    Duration delay{0}; ///< to the core
    DataRate rate;
    size_t line = 1;
};

/// Beside lab.sites.
struct SiteDraft
{
    Access access;
    DataRate lan; ///< of the wires inside
    std::string machine;
    std::optional<NatDraft> nat;
    std::optional<std::vector<std::string>> firewall; ///< names that may be reached
    size_t line = 1;
    size_t firewallLine = 1;
};

/// A service that a user wants, before its provider is known to exist.
struct WishDraft
{
    size_t user = 0;
    std::string provider;
    std::string service;
    WantedService wanted; ///< without provider, service, protocol
    bool anyMethod = true;
    size_t line = 1;
    std::string where; ///< "'subscribes' in [[user]]"
};

/// A [[crowd]], read but not expanded.
struct CrowdDraft
{
    std::string name;
    uint32_t count = 0;
    std::vector<std::string> nats;
    uint32_t usersPerSite = 1;
    std::optional<size_t> behind;
    std::vector<size_t> regions;
    DataRate uplink;
    Duration uplinkDelay{0};
    DataRate lan;
    bool canChoosePort = false;
    Duration loginsOver{0};
    std::string offers; ///< empty: nothing
    uint16_t port = 80;
    Protocol protocol = Protocol::Tcp;
    uint32_t providers = 0;
    std::string target; ///< "bob" or the name of a crowd; empty: nobody subscribes
    std::string targetService;
    bool inTurn = false;
    uint32_t subscriptionsEach = 1;
    uint32_t subscribers = 0;
    WishDraft wish; ///< of each subscription
    std::optional<Traffic> traffic;
    Duration spread{0};
    size_t line = 1;
    size_t trafficLine = 1;
    // After expansion:
    size_t firstUser = 0;              ///< into lab.users
    std::vector<size_t> offeringUsers; ///< into lab.users
};

struct WorldDraft
{
    std::vector<RegionDraft> regions;
    std::vector<SiteDraft> sites; ///< parallel to lab.sites
    std::map<std::string, size_t> siteNames;
    std::map<std::string, size_t> userNames;
    /// Into lab.translators; the name of those with `count` stands for all of them.
    std::map<std::string, std::vector<size_t>> translatorNames;
    std::vector<size_t> userLines;                 ///< parallel to lab.users
    std::vector<bool> listenGiven;                 ///< parallel: `listen-port` is
    std::vector<std::vector<size_t>> serviceLines; ///< parallel to lab.users and their provides
    std::vector<std::vector<size_t>> wishLines;    ///< parallel to lab.users and their wants
    std::vector<size_t> brokerLines;
    std::vector<size_t> translatorLines;
    std::vector<WishDraft> wishes; ///< of `subscribes` in [[user]], in order
    std::vector<CrowdDraft> crowds;
    bool usersComplete = true; ///< no user, crowd, service was left out for its faults
};

// --- reading, in this order --------------------------------------------------------------------

/// [[region]] and [[site]].
void ReadRegions(LabDraft& draft, TableReader& root);
void ReadSites(LabDraft& draft, TableReader& root);
/// [[isb]] and [[ist]].
void ReadBrokers(LabDraft& draft, TableReader& root);
void ReadTranslators(LabDraft& draft, TableReader& root);
/// [[user]], then [[crowd]] with the sites, hosts and users that follow from it.
void ReadUsers(LabDraft& draft, TableReader& root);
void ReadCrowds(LabDraft& draft, TableReader& root);
/// [[service]]; `subscribes` and [[subscription]].
void ReadServices(LabDraft& draft, TableReader& root);
void ReadSubscriptions(LabDraft& draft, TableReader& root);
/// [[incident]].
void ReadIncidents(LabDraft& draft, TableReader& root);
/// Hosts, sites, users and services of a crowd; false (and a fault) when a name is taken.
bool CreateCrowd(LabDraft& draft, TableReader& reader, CrowdDraft& crowd);
/// What crowds want, behind all [[subscription]].
void SubscribeCrowds(LabDraft& draft);
/// Traffic on the subscriptions of crowds, behind all [[traffic]].
void AddCrowdTraffic(LabDraft& draft);

// --- building ----------------------------------------------------------------------------------

/// Boxes, links, addresses and routes of sites and the internet. Only for a draft without faults;
/// may find one.
void BuildInternet(LabDraft& draft);
/// Addresses and ports of brokers, translators, users and services, profiles, firewalls. Only for
/// a draft without faults; may find some.
void ConnectWorld(LabDraft& draft);

// --- shared by sections ------------------------------------------------------------------------

/// Whether the broker has something to find out about this user's NAT.
[[nodiscard]] bool WantsNatTest(const LabUser& user);
/// `uplink` and `uplink-delay`.
Access ReadUplink(TableReader& reader, DataRate standard);
/// `region`, `uplink` and `uplink-delay` of somebody on the internet.
Access ReadAccess(LabDraft& draft, TableReader& reader, DataRate rate);
/// Says that these keys do not belong here.
void RefuseAccess(TableReader& reader, std::string_view why);
/// The site that a key names; nothing for the internet, or when there is none (a fault).
std::optional<size_t> ReadSiteName(LabDraft& draft, TableReader& reader, LabKey key);
/// How a host is joined to its site; on the internet by the keys of ReadAccess().
Access ReadInside(LabDraft& draft, TableReader& reader, std::optional<size_t> site, DataRate rate);
/// Where a broker, translator or user runs: the host that `on` names, or one of his own that has
/// his name, `sites`: that the key `site` may put into a site. Nothing when that is at fault.
std::optional<size_t> ReadPlace(LabDraft& draft,
                                TableReader& reader,
                                const std::string& name,
                                DataRate rate,
                                bool sites);
/// Adds a site to the lab; its name is entered already.
size_t AddSite(LabDraft& draft, const std::string& name, SiteDraft site);
/// "bob/web" -> bob, web; nothing (a fault) when it is not written so.
std::optional<std::pair<std::string, std::string>> ReadServiceName(TableReader& reader,
                                                                   LabKey key,
                                                                   const std::string& text);
/// Index of a user's service; nothing when there is none.
[[nodiscard]] std::optional<size_t> FindService(const LabUser& user, const std::string& name);
/// Index of a wanted service; nothing when there is none.
[[nodiscard]] std::optional<size_t> FindWanted(const LabUser& user,
                                               const std::string& provider,
                                               const std::string& service);
void AddService(LabDraft& draft,
                size_t user,
                ProvidedService service,
                std::optional<size_t> peripheral,
                size_t line);
/// The fault that there is no user of this name, with the nearest.
void FaultNoUser(LabDraft& draft, TableReader& reader, LabKey key, const std::string& name);
/// `method`, `require-ist`, `prepared`, `patience`.
void ReadWish(TableReader& reader, WishDraft& wish);
/// Makes a wanted service of a wish; false (and a fault) when there is no such service, or it is
/// wanted already.
bool AddWish(LabDraft& draft, const WishDraft& wish);

[[nodiscard]] TrafficService MakeTrafficService(const LabDraft& draft, size_t user, size_t wanted);
/// The host that a service's server stands on.
[[nodiscard]] size_t ServerHost(const Lab& lab, const TrafficService& service);

/// Keys of a traffic that depend on its kind, and its kind; `start` and `stop`. The keys `via` and
/// `service` are the caller's.
bool ReadLoad(TableReader& reader, Traffic& traffic);
void ReadLoadTimes(const Lab& lab, TableReader& reader, Traffic& traffic);
/// Why the service cannot carry such a traffic; nothing when it can.
[[nodiscard]] std::optional<std::string> WhyNotOn(TrafficKind kind, Protocol protocol);

} // namespace isb

#endif
