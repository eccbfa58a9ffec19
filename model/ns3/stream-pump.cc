// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/stream-pump.h"

#include "ns3/packet.h"

#include <algorithm>
#include <utility>

namespace ns3
{

StreamPump::StreamPump(Ptr<IstTcpSocket> from, Ptr<IstTcpSocket> to, Process process)
    : m_from(std::move(from)),
      m_to(std::move(to)),
      m_process(std::move(process))
{
}

void
StreamPump::Stop()
{
    m_from = nullptr;
    m_to = nullptr;
}

void
StreamPump::Turn()
{
    if (!m_from || m_turning)
    {
        return;
    }
    const std::shared_ptr<StreamPump> alive = shared_from_this(); // what follows may drop it
    const uint32_t available = m_from->GetRxAvailable();
    if (available == 0)
    {
        if (m_from->HasPeerFinished() && !m_told)
        {
            m_told = true;
            m_process.ended();
        }
        return;
    }
    const uint32_t bytes = std::min({available, m_process.chunk, m_to->GetTxAvailable()});
    if (bytes == 0)
    {
        return; // the other socket is full; its send callback comes
    }
    m_turning = true;
    m_process.charge(bytes,
                     [weak = weak_from_this(), bytes]
                     {
                         if (const auto pump = weak.lock())
                         {
                             pump->Move(bytes);
                         }
                     });
}

void
StreamPump::Move(uint32_t bytes)
{
    m_turning = false;
    if (!m_from)
    {
        return;
    }
    Ptr<Packet> data = m_from->Recv(bytes, 0);
    if (data && data->GetSize() > 0 && m_to->Send(data, 0) > 0)
    {
        m_process.moved(data->GetSize());
    }
    Turn();
}

} // namespace ns3
