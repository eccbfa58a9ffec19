// SPDX-License-Identifier: GPL-2.0-or-later
// Any text is either a lab that holds its promises, or errors of one line each with their place.
#include "model/lab/lab-routes.h"
#include "model/lab/parse-lab.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace
{

void
Require(bool condition)
{
    if (!condition)
    {
        std::abort();
    }
}

void
CheckService(const isb::Lab& lab, const isb::Traffic& traffic)
{
    const isb::TrafficService& service = *traffic.service;
    const isb::LabUser& user = lab.users.at(service.user);
    const isb::LabUser& provider = lab.users.at(service.provider);
    const isb::WantedService& wanted = user.settings.wants.at(service.wanted);
    Require(user.host == traffic.from && wanted.provider == provider.settings.user &&
            wanted.localPort != 0 &&
            wanted.service == provider.settings.provides.at(service.provided).record.name);
    Require(provider.serverHosts.at(service.provided).value_or(provider.host) == traffic.to);
}

void
CheckLab(const isb::Lab& lab)
{
    Require(lab.hosts.size() >= 2 && !(lab.traffic.empty() && lab.users.empty()));
    const isb::LabRoutes routes = isb::ComputeLabRoutes(lab);
    for (const isb::Traffic& traffic : lab.traffic)
    {
        Require(traffic.from != traffic.to && traffic.start < traffic.stop &&
                traffic.stop <= lab.duration && traffic.connections > 0);
        if (traffic.service)
        {
            CheckService(lab, traffic);
            continue;
        }
        const isb::Ipv4 target =
            traffic.via ? traffic.via->fromAddress : lab.hosts.at(traffic.to).port.address;
        Require(isb::FindLabPath(lab, routes, {isb::LabNode::IsHost, traffic.from}, target)
                    .has_value());
    }
    for (const isb::LabUser& user : lab.users)
    {
        Require(isb::FindLabPath(lab,
                                 routes,
                                 {isb::LabNode::IsHost, user.host},
                                 user.settings.broker.address)
                    .has_value());
        Require(lab.brokers.at(0).settings.profiles.count(user.settings.user) == 1);
        Require(user.serverHosts.size() == user.settings.provides.size());
    }
    for (const isb::Expectation& expectation : lab.expectations)
    {
        if (expectation.subscription)
        {
            const isb::LabUser& user = lab.users.at(expectation.subscription->user);
            Require(expectation.subscription->wanted < user.settings.wants.size());
            continue;
        }
        Require(expectation.atLeast || expectation.atMost);
        Require(expectation.counter ||
                expectation.traffic + expectation.trafficCount <= lab.traffic.size());
    }
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const isb::ParsedLab parsed = isb::ParseLab(text, "fuzz.toml");
    Require(parsed.lab.has_value() == parsed.errors.empty());
    for (const isb::LabError& error : parsed.errors)
    {
        Require(error.line >= 1 && !error.what.empty());
        for (const char c : error.ToString())
        {
            Require(static_cast<unsigned char>(c) >= 0x20);
        }
    }
    if (parsed.lab)
    {
        CheckLab(*parsed.lab);
    }
    return 0;
}
