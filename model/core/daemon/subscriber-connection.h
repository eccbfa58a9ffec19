// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_SUBSCRIBER_CONNECTION_H
#define ISB_CORE_DAEMON_SUBSCRIBER_CONNECTION_H

#include "model/core/daemon/daemon-connection.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace isb
{

class SubscriberConnection;

/// Hears of the connections of one wanted service.
class SubscriberConnectionOwner
{
  public:
    virtual ~SubscriberConnectionOwner() = default;
    /// It waits to be asked for.
    virtual void OnAskable(TimePoint now, SubscriberConnection& connection) = 0;
    virtual void OnStanding(TimePoint now, SubscriberConnection& connection) = 0;
    /// `code`: why it ended; None: in good order. `served`: a client was carried, or none waited.
    virtual void OnConnectionOver(TimePoint now,
                                  SubscriberConnection& connection,
                                  IsbCode code,
                                  bool served) = 0;
    /// The reason to name when a client's patience is over.
    [[nodiscard]] virtual IsbCode WhyWaiting() const = 0;
};

/// The subscriber's side of a service connection (thesis 3.4.1): for one local client, or prepared
/// ahead for the next one. The client waits, unread, until the other end is proven; when an attempt
/// fails it waits on while the ISB finds another way.
class SubscriberConnection : public DaemonConnection
{
  public:
    SubscriberConnection(DaemonHost& host,
                         BrokerLink& link,
                         ListenPort& listenPort,
                         ConnectionFacts facts,
                         const WantedService& wanted,
                         SubscriberConnectionOwner& owner);
    ~SubscriberConnection() override;

    /// Once, after the construction; without a client before: for the next one.
    void Start(TimePoint now);
    /// A client: its connection, or over UDP the socket to which its datagrams come.
    void TakeClient(TimePoint now, SocketId client, Endpoint clientPeer);
    /// UDP: a datagram of the client, held until the path stands. False: no room.
    [[nodiscard]] bool Take(ByteView datagram);
    /// Asks the ISB for it.
    void Ask(TimePoint now, uint64_t subscription);
    /// It will not come about.
    void Fail(TimePoint now, IsbCode code);
    /// Nothing of what was asked counts any more; a client waits on.
    void AskAgain(TimePoint now, std::string_view reason);

    void EndByBroker(TimePoint now, IsbCode code) override;
    void OnSessionOver(TimePoint now) override;
    /// One in reserve is not kept over a new login.
    void OnNewSession(TimePoint now);

    [[nodiscard]] bool HasClient() const;
    /// True once it carried a client.
    [[nodiscard]] bool WasUsed() const;
    /// True when it can be asked for.
    [[nodiscard]] bool IsAskable() const;
    [[nodiscard]] size_t HeldDatagrams() const;

    void OnChannelOpen(TimePoint now) override;
    void OnChannelBytes(TimePoint now, ByteView bytes) override;
    void OnChannelEnd(TimePoint now, bool lost) override;

    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;

  protected:
    void OnEstablished(TimePoint now) override;
    void OnAttemptFailed(TimePoint now, IsbCode code) override;
    void OnInstructed(TimePoint now) override;
    void OnChannelLost(TimePoint now) override;
    void CloseLocal(bool reset) override;
    void OnOver(TimePoint now) override;

  private:
    void Use(TimePoint now);
    void CountClient(bool waits);

    SubscriberConnectionOwner& m_owner;
    const WantedService& m_wanted;
    SocketId m_client = 0; ///< UDP: the service's socket, not to be closed
    Endpoint m_clientPeer;
    bool m_counted = false; ///< among the waiting clients
    bool m_served = false;
    bool m_open = false; ///< the channel is
    IsbCode m_code = IsbCode::None;
    uint16_t m_chosenPort = 0;
    std::deque<std::vector<uint8_t>> m_held;
    DaemonTimer m_patience;
};

} // namespace isb

#endif
