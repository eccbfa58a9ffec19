// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/send-gate.h"

#include "model/ns3/ist-tcp-socket.h"

#include "ns3/node.h"

#include <algorithm>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(SendGate);

TypeId
SendGate::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::SendGate").SetParent<Object>().SetGroupName("Isb").AddConstructor<SendGate>();
    return tid;
}

Ptr<SendGate>
SendGate::Of(Ptr<Node> node)
{
    Ptr<SendGate> gate = node->GetObject<SendGate>();
    if (!gate && node->GetObject<BoxDriver>())
    {
        gate = CreateObject<SendGate>();
        gate->m_driver = node->GetObject<BoxDriver>();
        gate->m_driver->AddRoomCallback([raw = PeekPointer(gate)] { raw->OnRoom(); });
        node->AggregateObject(gate);
    }
    return gate;
}

bool
SendGate::Admit(IstTcpSocket* socket)
{
    if (!m_driver || m_driver->HasRoom(1))
    {
        return true;
    }
    if (std::find(m_waiting.begin(), m_waiting.end(), socket) == m_waiting.end())
    {
        m_waiting.push_back(socket);
    }
    return false;
}

void
SendGate::Forget(const IstTcpSocket* socket)
{
    m_waiting.erase(std::remove(m_waiting.begin(), m_waiting.end(), socket), m_waiting.end());
}

void
SendGate::DoDispose()
{
    m_waiting.clear();
    m_driver = nullptr;
    Object::DoDispose();
}

void
SendGate::OnRoom()
{
    while (!m_waiting.empty() && m_driver && m_driver->HasRoom(1))
    {
        IstTcpSocket* next = m_waiting.front();
        m_waiting.pop_front();
        next->ResumeSending();
    }
}

} // namespace ns3
