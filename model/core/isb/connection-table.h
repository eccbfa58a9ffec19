// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_CONNECTION_TABLE_H
#define ISB_CORE_ISB_CONNECTION_TABLE_H

#include "model/core/isb/ist-registry.h"
#include "model/core/isb/service-connection.h"
#include "model/core/machine/deadline-queue.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace isb
{

/// The service connections that are being made or run, found by number, user, IST and splice, with
/// their deadlines. Decides nothing.
class ConnectionTable
{
  public:
    /// `registry` (told which IST has how many splices) must outlive the table.
    explicit ConnectionTable(IstRegistry& registry);

    /// `connection.id` must be new.
    ServiceConnection& Add(ServiceConnection connection);
    void Erase(uint64_t id);
    void Clear();

    /// Null when there is none.
    [[nodiscard]] ServiceConnection* Find(uint64_t id);
    [[nodiscard]] ServiceConnection* FindBySplice(uint64_t splice);
    /// Copies: what is done with one connection may end others.
    [[nodiscard]] std::set<uint64_t> OfUser(const std::string& user) const;
    [[nodiscard]] std::set<uint64_t> OfIst(const std::string& ist) const;
    /// Those where this user is the subscriber.
    [[nodiscard]] size_t SubscribedBy(const std::string& user) const;

    /// The connection has this splice at this IST from now on, and no other.
    void SetSplice(ServiceConnection& connection, uint64_t splice, const std::string& ist);
    void DropSplice(ServiceConnection& connection);

    void Schedule(ServiceConnection& connection, TimePoint when);
    [[nodiscard]] TimePoint NextTimeout() const;
    /// Takes the next connection whose deadline has come.
    [[nodiscard]] ServiceConnection* PopDue(TimePoint now);

    [[nodiscard]] size_t Size() const;

  private:
    IstRegistry& m_registry;
    std::map<uint64_t, ServiceConnection> m_connections;
    std::map<std::string, std::set<uint64_t>> m_byUser;
    std::map<std::string, size_t> m_subscribed;
    std::map<std::string, std::set<uint64_t>> m_byIst;
    std::map<uint64_t, uint64_t> m_bySplice;
    DeadlineQueue m_deadlines;
};

} // namespace isb

#endif
