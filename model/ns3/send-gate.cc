// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/send-gate.h"

#include "model/ns3/ist-tcp-socket.h"

#include "ns3/node.h"

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
        node->AggregateObject(gate);
    }
    return gate;
}

bool
SendGate::Admit(IstTcpSocket* socket)
{
    if (m_admitted == socket)
    {
        m_admitted = nullptr;
        return true;
    }
    if (!m_driver || m_driver->HasRoom(1))
    {
        return true;
    }
    if (m_waiting.insert(socket).second)
    {
        m_driver->AwaitRoom(1, [this, socket] { TakeTurn(socket); });
    }
    return false;
}

void
SendGate::TakeTurn(IstTcpSocket* socket)
{
    if (m_waiting.erase(socket) == 0)
    {
        return; // gone meanwhile
    }
    m_admitted = socket;
    socket->ResumeSending();
    m_admitted = nullptr;
}

void
SendGate::Forget(IstTcpSocket* socket)
{
    m_waiting.erase(socket);
}

void
SendGate::DoDispose()
{
    m_waiting.clear();
    m_driver = nullptr;
    Object::DoDispose();
}

} // namespace ns3
