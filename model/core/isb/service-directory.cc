// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/service-directory.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Bytes of entries in one Listing, well within ISB_FRAME_LIMIT with all field headers.
constexpr size_t LISTING_BYTES = 48 * 1024;
/// More than the encoding of an entry adds to its texts.
constexpr size_t ENTRY_OVERHEAD = 32;

} // namespace

bool
ServiceDirectory::Add(const std::string& provider, const ServiceRecord& service)
{
    const ServiceKey key{provider, service.name};
    if (!m_services.emplace(key, service).second)
    {
        return false;
    }
    ++m_counts[provider];
    if (service.open)
    {
        m_open.insert(key);
        return true;
    }
    for (const std::string& user : service.allowed)
    {
        m_allowed[user].insert(key);
    }
    return true;
}

bool
ServiceDirectory::Remove(const ServiceKey& key)
{
    const auto place = m_services.find(key);
    if (place == m_services.end())
    {
        return false;
    }
    m_open.erase(key);
    if (!place->second.open)
    {
        for (const std::string& user : place->second.allowed)
        {
            const auto allowed = m_allowed.find(user);
            if (allowed == m_allowed.end())
            {
                continue; // named twice
            }
            allowed->second.erase(key);
            if (allowed->second.empty())
            {
                m_allowed.erase(allowed);
            }
        }
    }
    const auto count = m_counts.find(key.first);
    if (--count->second == 0)
    {
        m_counts.erase(count);
    }
    m_services.erase(place);
    return true;
}

const ServiceRecord*
ServiceDirectory::Find(const ServiceKey& key) const
{
    const auto place = m_services.find(key);
    return place == m_services.end() ? nullptr : &place->second;
}

bool
ServiceDirectory::IsVisible(const ServiceKey& key,
                            const ServiceRecord& service,
                            const std::string& user)
{
    if (user == key.first)
    {
        return false;
    }
    return service.open ||
           std::find(service.allowed.begin(), service.allowed.end(), user) != service.allowed.end();
}

ListingMessage
ServiceDirectory::List(const std::string& user, const ServiceKey& after, size_t most) const
{
    static const std::set<ServiceKey> NOTHING;
    const auto mine = m_allowed.find(user);
    const std::set<ServiceKey>& closed = mine == m_allowed.end() ? NOTHING : mine->second;
    auto nextOpen = m_open.upper_bound(after);
    auto nextClosed = closed.upper_bound(after);

    ListingMessage listing;
    const size_t limit = most == 0 ? ISB_LISTING_LIMIT : std::min<size_t>(most, ISB_LISTING_LIMIT);
    size_t bytes = 0;
    while (nextOpen != m_open.end() || nextClosed != closed.end())
    {
        const bool takeOpen =
            nextClosed == closed.end() || (nextOpen != m_open.end() && *nextOpen < *nextClosed);
        const ServiceKey& key = takeOpen ? *nextOpen++ : *nextClosed++;
        if (key.first == user)
        {
            continue; // own services: few, by quota
        }
        const ServiceRecord& service = m_services.at(key);
        bytes += key.first.size() + key.second.size() + service.description.size() + ENTRY_OVERHEAD;
        if (listing.entries.size() == limit || bytes > LISTING_BYTES)
        {
            listing.more = true;
            break;
        }
        listing.entries.push_back({key.first, key.second, service.protocol, service.description});
    }
    return listing;
}

std::vector<std::string>
ServiceDirectory::Of(const std::string& provider) const
{
    std::vector<std::string> names;
    for (auto place = m_services.lower_bound({provider, {}});
         place != m_services.end() && place->first.first == provider;
         ++place)
    {
        names.push_back(place->first.second);
    }
    return names;
}

size_t
ServiceDirectory::CountOf(const std::string& provider) const
{
    const auto count = m_counts.find(provider);
    return count == m_counts.end() ? 0 : count->second;
}

size_t
ServiceDirectory::Size() const
{
    return m_services.size();
}

} // namespace isb
