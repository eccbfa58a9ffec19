// SPDX-License-Identifier: GPL-2.0-or-later
// What follows from a [[crowd]]: its users, their sites, services, subscriptions and traffic. Every
// choice is drawn from the file's seed and the crowd's place in it.
#include "model/core/random/rng.h"
#include "model/lab/lab-draft.h"

#include <algorithm>
#include <numeric>

namespace isb
{

namespace
{

/// What a draw is for: each has a stream of its own.
enum DrawPurpose : uint64_t
{
    DRAW_PROVIDERS = 1,
    DRAW_SUBSCRIBERS,
    DRAW_TARGETS,
    DRAW_STARTS,
};

SeededRng
DrawFor(const LabDraft& draft, size_t crowd, DrawPurpose purpose)
{
    return SeededRng(draft.lab.seed * 1'000'003 + crowd * 10'007 + purpose);
}

/// `some` of the numbers below `count`, in ascending order.
std::vector<size_t>
Draw(size_t some, size_t count, Rng& random)
{
    std::vector<size_t> all(count);
    std::iota(all.begin(), all.end(), size_t{0});
    for (size_t i = 0; i < some; ++i)
    {
        std::swap(all[i], all[i + random.Below(count - i)]);
    }
    all.resize(some);
    std::sort(all.begin(), all.end());
    return all;
}

/// The site of the next members; nothing on the internet.
std::optional<size_t>
CreateSite(LabDraft& draft, TableReader& reader, const CrowdDraft& crowd, size_t number)
{
    const std::string& barrier = crowd.nats[number % crowd.nats.size()];
    if (barrier == "none")
    {
        return std::nullopt;
    }
    SiteDraft site;
    site.access.site = crowd.behind;
    if (!crowd.regions.empty())
    {
        site.access.region = crowd.regions[number % crowd.regions.size()];
    }
    site.access.rate = crowd.uplink;
    site.access.delay = crowd.uplinkDelay;
    site.lan = crowd.lan;
    site.line = crowd.line;
    NatDraft nat;
    nat.line = crowd.line;
    if (ApplyNatPreset(barrier, nat.settings))
    {
        site.nat = std::move(nat);
    }
    else
    {
        site.firewall.emplace();
        for (const LabBroker& broker : draft.lab.brokers)
        {
            site.firewall->push_back(broker.settings.name);
        }
        for (const LabTranslator& translator : draft.lab.translators)
        {
            site.firewall->push_back(translator.settings.name);
        }
    }
    const std::string name = crowd.name + "-site" + std::to_string(number + 1);
    if (!TakeName(draft, name, reader))
    {
        return std::nullopt;
    }
    return AddSite(draft, name, std::move(site));
}

void
CreateMember(LabDraft& draft, const CrowdDraft& crowd, size_t number, std::optional<size_t> site)
{
    Access access;
    access.site = site;
    access.rate = site ? crowd.lan : crowd.uplink;
    access.delay = site ? Duration(0) : crowd.uplinkDelay;
    if (!site && !crowd.regions.empty())
    {
        access.region = crowd.regions[number / crowd.usersPerSite % crowd.regions.size()];
    }
    Host host;
    host.name = crowd.name + std::to_string(number + 1);
    LabUser user;
    user.settings.user = host.name;
    user.settings.canChoosePort = crowd.canChoosePort;
    user.start = TimePoint(static_cast<int64_t>(crowd.loginsOver.count() / crowd.count) *
                           static_cast<int64_t>(number));
    user.host = AddHost(draft, std::move(host), access, crowd.line);
    draft.world.userNames[user.settings.user] = draft.lab.users.size();
    draft.world.userLines.push_back(crowd.line);
    draft.world.listenGiven.push_back(false);
    draft.world.serviceLines.emplace_back();
    draft.world.wishLines.emplace_back();
    draft.lab.users.push_back(std::move(user));
}

/// Who may be subscribed to, when the target is a crowd; else null.
const CrowdDraft*
TargetCrowd(const LabDraft& draft, const CrowdDraft& crowd)
{
    const auto& crowds = draft.world.crowds;
    const auto found =
        std::find_if(crowds.begin(),
                     crowds.end(),
                     [&](const CrowdDraft& each) { return each.name == crowd.target; });
    return found == crowds.end() ? nullptr : &*found;
}

/// The providers that one subscriber chooses.
std::vector<size_t>
Choose(const CrowdDraft& crowd, const CrowdDraft& target, size_t user, size_t turn, Rng& random)
{
    std::vector<size_t> others;
    for (const size_t each : target.offeringUsers)
    {
        if (each != user)
        {
            others.push_back(each);
        }
    }
    if (others.size() <= crowd.subscriptionsEach)
    {
        return others;
    }
    std::vector<size_t> chosen;
    if (crowd.inTurn)
    {
        for (size_t i = 0; i < crowd.subscriptionsEach; ++i)
        {
            chosen.push_back(others[(turn * crowd.subscriptionsEach + i) % others.size()]);
        }
        return chosen;
    }
    for (const size_t index : Draw(crowd.subscriptionsEach, others.size(), random))
    {
        chosen.push_back(others[index]);
    }
    return chosen;
}

void
Subscribe(LabDraft& draft, size_t index)
{
    const CrowdDraft& crowd = draft.world.crowds[index];
    const CrowdDraft* target = TargetCrowd(draft, crowd);
    SeededRng who = DrawFor(draft, index, DRAW_SUBSCRIBERS);
    SeededRng whom = DrawFor(draft, index, DRAW_TARGETS);
    size_t turn = 0;
    for (const size_t member : Draw(crowd.subscribers, crowd.count, who))
    {
        WishDraft wish = crowd.wish;
        wish.user = crowd.firstUser + member;
        wish.service = crowd.targetService;
        if (target == nullptr)
        {
            wish.provider = crowd.target;
            if (!AddWish(draft, wish))
            {
                return;
            }
            continue;
        }
        for (const size_t provider : Choose(crowd, *target, wish.user, turn++, whom))
        {
            wish.provider = draft.lab.users[provider].settings.user;
            if (!AddWish(draft, wish))
            {
                return;
            }
        }
    }
}

/// A crowd as target must offer the service.
bool
CheckTarget(LabDraft& draft, const CrowdDraft& crowd)
{
    const CrowdDraft* target = TargetCrowd(draft, crowd);
    if (target == nullptr || target->offers == crowd.targetService)
    {
        return true;
    }
    draft.faults.Add(crowd.wish.line,
                     crowd.wish.where + ": crowd " + Quoted(target->name) + " offers " +
                         (target->offers.empty()
                              ? "nothing"
                              : "no " + Quoted(crowd.targetService) + "; nearest valid: " +
                                    Quoted(target->name + "/" + target->offers)));
    draft.world.usersComplete = false;
    return false;
}

/// A traffic on every subscription of the crowd's members.
void
AddTraffic(LabDraft& draft, size_t index)
{
    const CrowdDraft& crowd = draft.world.crowds[index];
    LabCrowd& result = draft.lab.crowds[index];
    result.firstTraffic = draft.lab.traffic.size();
    SeededRng random = DrawFor(draft, index, DRAW_STARTS);
    for (size_t user = crowd.firstUser; crowd.traffic && user < crowd.firstUser + crowd.count;
         ++user)
    {
        const std::vector<WantedService>& wants = draft.lab.users[user].settings.wants;
        for (size_t wanted = 0; wanted < wants.size(); ++wanted)
        {
            if (const auto why = WhyNotOn(crowd.traffic->kind, wants[wanted].protocol))
            {
                draft.faults.Add(crowd.trafficLine, "'kind' in [crowd.traffic]: " + *why);
                return;
            }
            Traffic traffic = *crowd.traffic;
            traffic.name = draft.lab.users[user].settings.user + "." + std::to_string(wanted + 1);
            traffic.service = MakeTrafficService(draft, user, wanted);
            traffic.from = draft.lab.users[user].host;
            traffic.to = ServerHost(draft.lab, *traffic.service);
            if (crowd.spread.count() != 0)
            {
                traffic.start += Duration(static_cast<int64_t>(
                    random.Below(static_cast<uint64_t>(crowd.spread.count()))));
            }
            draft.lab.traffic.push_back(std::move(traffic));
            draft.trafficLines.push_back(crowd.trafficLine);
        }
    }
    result.trafficCount = draft.lab.traffic.size() - result.firstTraffic;
}

} // namespace

bool
CreateCrowd(LabDraft& draft, TableReader& reader, CrowdDraft& crowd)
{
    crowd.firstUser = draft.lab.users.size();
    std::optional<size_t> site;
    for (size_t i = 0; i < crowd.count; ++i)
    {
        if (!TakeName(draft, crowd.name + std::to_string(i + 1), reader))
        {
            return false;
        }
        if (i % crowd.usersPerSite == 0)
        {
            const size_t faults = draft.faults.Count();
            site = CreateSite(draft, reader, crowd, i / crowd.usersPerSite);
            if (draft.faults.Count() != faults)
            {
                return false;
            }
        }
        CreateMember(draft, crowd, i, site);
    }
    SeededRng random = DrawFor(draft, draft.lab.crowds.size(), DRAW_PROVIDERS);
    for (const size_t member : Draw(crowd.providers, crowd.count, random))
    {
        ProvidedService service;
        service.record.name = crowd.offers;
        service.record.protocol = crowd.protocol;
        service.server.port = crowd.port;
        AddService(draft, crowd.firstUser + member, service, std::nullopt, crowd.line);
        crowd.offeringUsers.push_back(crowd.firstUser + member);
    }
    draft.lab.crowds.push_back({crowd.name, crowd.firstUser, crowd.count, 0, 0});
    return true;
}

void
SubscribeCrowds(LabDraft& draft)
{
    for (size_t i = 0; i < draft.world.crowds.size(); ++i)
    {
        if (!draft.world.crowds[i].target.empty() && CheckTarget(draft, draft.world.crowds[i]))
        {
            Subscribe(draft, i);
        }
    }
}

void
AddCrowdTraffic(LabDraft& draft)
{
    for (size_t i = 0; i < draft.world.crowds.size() && draft.faults.Count() == 0; ++i)
    {
        AddTraffic(draft, i);
    }
}

} // namespace isb
