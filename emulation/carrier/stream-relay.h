// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_STREAM_RELAY_H
#define ISB_EMULATION_CARRIER_STREAM_RELAY_H

#include "emulation/sys/descriptor.h"
#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace isb
{

/// How bytes cross a StreamRelay.
enum class RelayMethod : uint8_t
{
    Copy,   ///< read() into a buffer and write(): the four copies of thesis 4.1
    Splice, ///< splice(2) through a pipe: pages move, user space does not see them
};

/// What a StreamRelay joins.
struct RelaySettings
{
    RelayMethod method = RelayMethod::Copy;
    uint16_t port = 0; ///< on which users connect
    /// Each connection is joined with one that the relay makes to there.
    std::optional<IpEndpoint> target;
    /// Without a target: each connection is joined with the next one that comes to this port.
    uint16_t otherPort = 0;
};

/// The application layer proxy of thesis 4.1: two terminated TCP connections a pair, bytes carried
/// in user space or by splice(2). One thread, one epoll. Measured beside the splices, which
/// terminate nothing.
///
/// Models: back-pressure, half-close, reset when either side fails. Not: authentication or limits;
/// it joins whoever comes.
class StreamRelay
{
  public:
    /// Opens the ports in the namespace of the calling thread. Throws SystemError.
    explicit StreamRelay(const RelaySettings& settings);
    ~StreamRelay();
    StreamRelay(const StreamRelay&) = delete;
    StreamRelay& operator=(const StreamRelay&) = delete;

    /// Relays until `stop` becomes readable.
    void Run(int stop);

  private:
    class Pair;
    struct Watched;

    [[nodiscard]] Descriptor Listen(uint16_t port) const;
    void Watch(int socket, Watched* watched, uint32_t events) const;
    void Accept(size_t listener);
    void Join(Descriptor a, Descriptor b);
    /// Lets a pair move bytes; it is gone after when it is over.
    void Step(const Pair* pair);

    RelaySettings m_settings;
    Descriptor m_epoll;
    std::vector<Descriptor> m_listeners;
    std::vector<std::unique_ptr<Watched>> m_listenerMarks;
    std::vector<std::deque<Descriptor>> m_waiting; ///< by listener, oldest first
    std::map<const Pair*, std::unique_ptr<Pair>> m_pairs;
    std::vector<std::unique_ptr<Pair>> m_ended; ///< in this turn: events about them may follow
    std::vector<const Pair*> m_busy;            ///< have more to move than one turn allows
};

} // namespace isb

#endif
