// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_REQUEST_SERVER_H
#define ISB_NS3_TCP_REQUEST_SERVER_H

#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include <cstdint>
#include <map>

namespace ns3
{

/// An unmodified server for TcpRequestClient: waits on a port, and for every RequestSize bytes that
/// came on a connection it sends ResponseSize bytes. Closes when the client does. Needs no meter.
class TcpRequestServer : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    TcpRequestServer();

    /// Port to wait on.
    void SetPort(uint16_t port);
    void SetTuning(Ptr<TcpTuning> tuning);

    /// Connections accepted, and requests answered.
    uint64_t Accepted() const;
    uint64_t Answered() const;

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<IstTcpSocket> socket;
        uint64_t received = 0; ///< of the request under way
        uint64_t unsent = 0;   ///< of responses
        bool reading = false;
        bool writing = false;
        bool ended = false; ///< the client's FIN came
    };

    void StartApplication() override;
    void StopApplication() override;
    void OnAccepted(Ptr<Socket> socket);
    void OnReadable(uint64_t id);
    void Read(uint64_t id, uint32_t bytes);
    void Fill(uint64_t id);
    void Write(uint64_t id, uint32_t bytes);
    void CloseIfDone(uint64_t id);

    uint16_t m_port = 0;
    Ptr<TcpTuning> m_tuning;
    Ptr<IstTcpSocket> m_listener;
    std::map<uint64_t, Connection> m_connections;
    uint32_t m_requestSize = 0;
    uint32_t m_responseSize = 0;
    uint64_t m_accepted = 0;
    uint64_t m_answered = 0;
};

} // namespace ns3

#endif
