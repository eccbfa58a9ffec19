// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_HALF_CLOSED_BOOK_H
#define ISB_CORE_ISB_HALF_CLOSED_BOOK_H

#include "model/core/isb/service-connection.h"
#include "model/core/isb/session-table.h"
#include "model/core/machine/deadline-queue.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace isb
{

/// TCP connections that one end says are over. They count as its subscriber's until the other end
/// or the IST says so too: who calls his connections closed and goes on with them has no room for
/// more (promise T6). After LINGER, time enough for bytes on their way, the broker makes it true.
class HalfClosedBook
{
  public:
    static constexpr Duration LINGER = std::chrono::minutes(2);

    /// Both must outlive it.
    HalfClosedBook(BrokerDesk& desk, SessionTable& sessions);

    /// `speaker` says that it is over.
    void Add(const ServiceConnection& connection, ServiceEnd speaker);
    /// This user says so too; nothing unless he is the other end.
    void Closed(const std::string& user, uint64_t connection);
    void SpliceOver(const std::string& ist, uint64_t splice);

    [[nodiscard]] size_t SubscribedBy(const std::string& user) const;
    [[nodiscard]] size_t Size() const;
    void Clear();

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

  private:
    struct Entry
    {
        std::string subscriber;
        std::string other; ///< the end that has not said it
        std::string ist;   ///< empty: no splice
        uint64_t splice = 0;
        TimePoint entered = TIME_NEVER;
    };

    void Erase(uint64_t connection);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    std::map<uint64_t, Entry> m_entries; ///< by connection
    std::map<uint64_t, uint64_t> m_bySplice;
    std::map<std::string, size_t> m_subscribed;
    DeadlineQueue m_deadlines;
};

} // namespace isb

#endif
