// SPDX-License-Identifier: GPL-2.0-or-later
// Joined connections: MachineStreams' part that hands the bytes of two of them to StreamPumps.
#include "model/ns3/machine-streams.h"

#include <utility>

namespace ns3
{

void
MachineStreams::Join(const isb::JoinOrder& order)
{
    Stream* a = Find(order.a);
    Stream* b = Find(order.b);
    auto joint = std::make_shared<Joint>();
    joint->ends = {order.a, order.b};
    if (!a || !b)
    {
        // One failed while the machine decided: it hears of the join's end instead.
        EndJoint(joint, true);
        return;
    }
    a->joint = b->joint = joint;
    a->end = 0;
    b->end = 1;
    StartPumps(joint);
}

void
MachineStreams::StartPumps(std::shared_ptr<Joint> joint)
{
    for (const size_t from : {0, 1})
    {
        Stream* source = Find(joint->ends[from]);
        Stream* sink = Find(joint->ends[1 - from]);
        // The machine's own bytes go first.
        const bool ready = source && sink && source->connected && sink->connected &&
                           sink->queue.empty() && !sink->writing;
        if (!ready || source->pump)
        {
            continue;
        }
        sink->pumped = true;
        StreamPump::Process process;
        process.charge = [this](uint32_t bytes, std::function<void()> done)
        { m_host.ChargeCopy(bytes, std::move(done)); };
        process.chunk = m_host.ChunkLimit();
        const std::weak_ptr<Joint> weakJoint = joint;
        process.moved = [weakJoint, from](uint32_t bytes)
        {
            if (const auto whole = weakJoint.lock())
            {
                whole->bytes[from] += bytes;
            }
        };
        process.ended = [weak = weak_from_this(), weakJoint, from]
        {
            const auto self = weak.lock();
            const auto whole = weakJoint.lock();
            if (self && whole)
            {
                self->DirectionOver(whole, from);
            }
        };
        source->pump =
            std::make_shared<StreamPump>(source->socket, sink->socket, std::move(process));
        const std::shared_ptr<StreamPump> pump = source->pump;
        pump->Turn();
    }
}

void
MachineStreams::DirectionOver(std::shared_ptr<Joint> joint, size_t from)
{
    joint->over[from] = true;
    if (const Stream* sink = Find(joint->ends[1 - from]))
    {
        sink->socket->ShutdownSend();
    }
    if (joint->over[0] && joint->over[1])
    {
        EndJoint(joint, false);
    }
}

void
MachineStreams::EndJoint(std::shared_ptr<Joint> joint, bool reset)
{
    for (const isb::SocketId id : joint->ends)
    {
        Stream* stream = Find(id);
        if (!stream)
        {
            continue;
        }
        const Ptr<IstTcpSocket> socket = stream->socket;
        if (stream->pump)
        {
            stream->pump->Stop();
        }
        m_streams.erase(id);
        Orphan(socket);
        if (reset)
        {
            socket->Abort();
        }
        else
        {
            socket->Close();
        }
    }
    m_host.Feed(
        [whole = *joint, reset](isb::Machine& machine, isb::TimePoint now) {
            machine.JoinEnded(now,
                              whole.ends[0],
                              whole.ends[1],
                              whole.bytes[0],
                              whole.bytes[1],
                              reset);
        });
}

void
MachineStreams::Dissolve(Stream& stream)
{
    if (!stream.joint)
    {
        return;
    }
    for (const isb::SocketId id : std::array<isb::SocketId, 2>(stream.joint->ends))
    {
        if (Stream* one = Find(id))
        {
            if (one->pump)
            {
                one->pump->Stop();
            }
            one->pump = nullptr;
            one->joint = nullptr;
            one->pumped = false;
        }
    }
}

} // namespace ns3
