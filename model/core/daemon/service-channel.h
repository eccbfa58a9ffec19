// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_SERVICE_CHANNEL_H
#define ISB_CORE_DAEMON_SERVICE_CHANNEL_H

#include "model/core/machine/machine.h"
#include "model/core/punch/punch-candidates.h"
#include "model/wire/isb-message.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// Hears of a channel.
class ChannelOwner
{
  public:
    virtual ~ChannelOwner() = default;
    /// A path may be asked for.
    virtual void OnChannelOpen(TimePoint now) = 0;
    /// Where the local port is, or may be, seen outside; code: why that is not known.
    virtual void OnChannelGathered(TimePoint now, const PunchCandidates& found, IsbCode code) = 0;
    /// The transport stands; the prefaces are on their way.
    virtual void OnChannelProving(TimePoint now) = 0;
    /// The other end's preface is in.
    virtual void OnChannelProven(TimePoint now) = 0;
    /// The attempt failed, or the channel could not be opened. Nothing of the attempt is left.
    virtual void OnChannelFailed(TimePoint now, IsbCode code) = 0;
    /// Proven. TCP: bytes that were ordered by Read(). UDP: a datagram of the peer that no relay
    /// took.
    virtual void OnChannelBytes(TimePoint now, ByteView bytes) = 0;
    /// Proven. TCP, not joined: the peer's FIN, or the connection is lost. UDP: nothing is heard of
    /// the peer any more (lost).
    virtual void OnChannelEnd(TimePoint now, bool lost) = 0;
};

/// This end of a service connection, on the side of the network: connects or waits as the ISB
/// instructs, exchanges the prefaces (service-preface.h), and then knows that the other end is the
/// one that the ISB meant.
class ServiceChannel
{
  public:
    virtual ~ServiceChannel() = default;

    /// Makes it ready for the first attempt; answered by OnChannelOpen(), maybe at once.
    virtual void Open(TimePoint now) = 0;
    /// Finds out how a local port is seen outside, before an attempt by hole punching; over UDP
    /// also before one that awaits the other end behind a NAT. Answered by OnChannelGathered().
    virtual void Gather(TimePoint now, const std::vector<Endpoint>& stunServers, bool predict) = 0;
    /// One attempt. An earlier one is given up.
    virtual void Begin(TimePoint now, const InstructMessage& instruct) = 0;
    /// Gives the attempt up, proven or not.
    virtual void Abandon() = 0;
    /// Closes everything.
    virtual void Close(bool reset) = 0;
    /// Of the proven connection; UDP: from Open() on.
    [[nodiscard]] virtual SocketId Socket() const = 0;
    /// UDP: where datagrams go to, once proven.
    [[nodiscard]] virtual Endpoint Peer() const = 0;
    /// UDP: own port, once open.
    [[nodiscard]] virtual uint16_t Port() const = 0;
    /// What the failed attempt did, for people; empty: nothing is to be said.
    [[nodiscard]] virtual std::string Note() const = 0;
};

} // namespace isb

#endif
