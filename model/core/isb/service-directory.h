// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_SERVICE_DIRECTORY_H
#define ISB_CORE_ISB_SERVICE_DIRECTORY_H

#include "model/wire/isb-message.h"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace isb
{

/// A service of the system: who provides it, and its name with him.
using ServiceKey = std::pair<std::string, std::string>;

/// The services on line (thesis 3.3), each visible to those who may use it and to nobody else
/// (promise T8: a service that is not open is visible only to the users whom its provider names).
/// A page of the list costs O(log n) an entry, whatever the user may not see.
class ServiceDirectory
{
  public:
    /// False when the provider already has a service of that name.
    bool Add(const std::string& provider, const ServiceRecord& service);
    /// False when there is none.
    bool Remove(const ServiceKey& key);

    /// Null when it is not on line.
    [[nodiscard]] const ServiceRecord* Find(const ServiceKey& key) const;
    /// May the user use it? His own are not meant for him.
    [[nodiscard]] static bool IsVisible(const ServiceKey& key,
                                        const ServiceRecord& service,
                                        const std::string& user);

    /// The services behind `after` that the user may use, in order; at most `most` (0: as many as
    /// fit a frame). `request` is left 0.
    [[nodiscard]] ListingMessage List(const std::string& user,
                                      const ServiceKey& after,
                                      size_t most) const;

    /// Names of the services of one provider, in order.
    [[nodiscard]] std::vector<std::string> Of(const std::string& provider) const;
    [[nodiscard]] size_t CountOf(const std::string& provider) const;
    [[nodiscard]] size_t Size() const;

  private:
    std::map<ServiceKey, ServiceRecord> m_services;
    std::map<std::string, size_t> m_counts; ///< by provider
    std::set<ServiceKey> m_open;
    std::map<std::string, std::set<ServiceKey>> m_allowed; ///< not open, by user
};

} // namespace isb

#endif
