// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/service-lister.h"

#include <tuple>
#include <utility>
#include <vector>

namespace isb
{

ServiceLister::ServiceLister(DaemonHost& host, BrokerLink& link)
    : m_host(host),
      m_link(link)
{
}

uint64_t
ServiceLister::List(TimePoint now)
{
    if (!m_link.IsLoggedIn() || m_requests.size() >= m_host.settings.maxListings)
    {
        return 0;
    }
    const uint64_t number = m_link.NewRequest();
    const auto onTimer = [this, number](TimePoint when) { End(when, number, IsbCode::TimedOut); };
    Request& request =
        m_requests
            .emplace(std::piecewise_construct,
                     std::forward_as_tuple(number),
                     std::forward_as_tuple(m_host.timers, DaemonTimer::Action(onTimer)))
            .first->second;
    Ask(now, number, request);
    return number;
}

std::optional<ServiceListing>
ServiceLister::Take(uint64_t request)
{
    const auto found = m_requests.find(request);
    if (found == m_requests.end() || !found->second.over)
    {
        return std::nullopt;
    }
    ServiceListing listing = std::move(found->second.listing);
    m_requests.erase(found);
    return listing;
}

void
ServiceLister::OnListing(TimePoint now, const ListingMessage& message)
{
    Request* request = FindRunning(message.request);
    if (request == nullptr)
    {
        return; // its time was over
    }
    std::vector<ListingEntry>& entries = request->listing.entries;
    if (!Continues(request->listing, message))
    {
        End(now, message.request, IsbCode::BadRequest);
        return;
    }
    for (const ListingEntry& entry : message.entries)
    {
        if (entries.size() == m_host.settings.maxListed)
        {
            End(now, message.request, IsbCode::LimitReached);
            return;
        }
        entries.push_back(entry);
    }
    if (!message.more)
    {
        End(now, message.request, IsbCode::None);
        return;
    }
    Ask(now, message.request, *request);
}

bool
ServiceLister::OnFault(TimePoint now, const FaultMessage& message)
{
    if (FindRunning(message.request) == nullptr)
    {
        return false;
    }
    End(now, message.request, message.code);
    return true;
}

void
ServiceLister::OnSessionOver(TimePoint now)
{
    for (auto& [number, request] : m_requests)
    {
        if (!request.over)
        {
            End(now, number, IsbCode::PeerLost);
        }
    }
}

void
ServiceLister::Stop()
{
    m_requests.clear();
}

size_t
ServiceLister::StateSize() const
{
    return m_requests.size();
}

void
ServiceLister::Ask(TimePoint now, uint64_t number, Request& request)
{
    ListMessage page;
    page.request = number;
    if (!request.listing.entries.empty())
    {
        const ListingEntry& last = request.listing.entries.back();
        page.afterProvider = last.provider;
        page.afterService = last.service;
    }
    m_link.Send(now, std::move(page));
    request.timer.Set(now + m_host.settings.listTimeout);
}

void
ServiceLister::End(TimePoint now, uint64_t number, IsbCode code)
{
    Request& request = m_requests.at(number);
    request.over = true;
    request.listing.code = code;
    request.timer.Stop();
    m_host.journal.Listed(now, number, request.listing);
}

ServiceLister::Request*
ServiceLister::FindRunning(uint64_t number)
{
    const auto found = m_requests.find(number);
    return found == m_requests.end() || found->second.over ? nullptr : &found->second;
}

bool
ServiceLister::Continues(const ServiceListing& listing, const ListingMessage& page)
{
    const ListingEntry* last = listing.entries.empty() ? nullptr : &listing.entries.back();
    for (const ListingEntry& entry : page.entries)
    {
        if (last != nullptr &&
            std::tie(last->provider, last->service) >= std::tie(entry.provider, entry.service))
        {
            return false;
        }
        last = &entry;
    }
    return !page.more || !page.entries.empty();
}

} // namespace isb
