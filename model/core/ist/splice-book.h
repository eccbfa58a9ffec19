// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_SPLICE_BOOK_H
#define ISB_CORE_IST_SPLICE_BOOK_H

#include "model/core/ist/ist-port-pool.h"
#include "model/core/ist/ist-server-settings.h"
#include "model/core/ist/ist-server.h"
#include "model/core/machine/deadline-queue.h"
#include "model/core/random/rng.h"
#include "model/wire/isb-message.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// One splice that an IstServer has taken on.
struct BookedSplice
{
    SpliceRequestMessage request;
    ForwardingMethod method = ForwardingMethod::Passive; ///< as carried; request.method was asked
    uint16_t portA = 0;  ///< of the first side: the subscriber, with providerFirst the provider
    uint16_t portB = 0;  ///< of the other; 0: not known yet (Pure), none (Active)
    bool opened = false; ///< a carrier has it
    bool paired = false;
    unsigned int tries = 0;         ///< orders given to the carrier
    TimePoint deadline{TIME_NEVER}; ///< unpaired then: given up
    TimePoint entered{TIME_NEVER};  ///< in the deadline queue
};

/// Why a request is not taken on.
struct SpliceRefusal
{
    IsbCode code = IsbCode::None;
    std::string_view why; ///< static, for people
};

/// The splices of an IstServer and their IST ports: admission, choice of ports, the order for the
/// carrier, time-outs of splices whose users do not come.
class SpliceBook
{
  public:
    /// `settings` must outlive the book.
    SpliceBook(const IstServerSettings& settings, Rng& random);

    /// Takes a request on and gives it ports, or says why not.
    [[nodiscard]] std::optional<SpliceRefusal> Admit(TimePoint now,
                                                     const SpliceRequestMessage& request);
    /// Other ports, after the carrier could not have these. False when it was tried often enough or
    /// there are none.
    [[nodiscard]] bool ChooseAgain(BookedSplice& splice);
    /// The order that opens the splice.
    [[nodiscard]] CarrierOrder OrderFor(const BookedSplice& splice) const;

    /// The host's own TCP port beside the broker's has changed; 0: none.
    void SetOwnPort(uint16_t before, uint16_t now);

    [[nodiscard]] BookedSplice* Find(uint64_t splice);
    /// Both sides are there: TCP ports return.
    void SetPaired(BookedSplice& splice);
    /// The carrier has opened this port for the second side of a Pure splice.
    void SetFollowed(BookedSplice& splice, uint16_t port);
    void Erase(uint64_t splice);
    [[nodiscard]] std::vector<uint64_t> All() const;

    /// A splice whose time to pair is over.
    [[nodiscard]] std::optional<uint64_t> PopOverdue(TimePoint now);
    [[nodiscard]] TimePoint NextTimeout() const;

    [[nodiscard]] size_t Size() const;
    [[nodiscard]] size_t PortsTaken() const;

    IstPortPool tcpPorts;
    IstPortPool udpPorts;

  private:
    [[nodiscard]] std::optional<SpliceRefusal> Refusal(const SpliceRequestMessage& request,
                                                       ForwardingMethod method) const;
    [[nodiscard]] IstPortPool& PoolOf(const BookedSplice& splice);
    [[nodiscard]] bool ChoosePorts(BookedSplice& splice);
    [[nodiscard]] bool ChooseAgreedPorts(BookedSplice& splice);
    void ReturnPorts(BookedSplice& splice);
    [[nodiscard]] std::vector<uint16_t> ListeningPorts() const;

    const IstServerSettings& m_settings;
    std::map<uint64_t, BookedSplice> m_splices;
    DeadlineQueue m_deadlines;
};

/// The tighter of two bounds, each; 0: none.
[[nodiscard]] SpliceLimits TighterLimits(const SpliceLimits& a, const SpliceLimits& b);

} // namespace isb

#endif
