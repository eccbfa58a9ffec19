// SPDX-License-Identifier: GPL-2.0-or-later
// Joined connections: StreamSockets' part that carries the bytes of one of them to the other.
#include "emulation/io/stream-sockets.h"

#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace isb
{

namespace
{

constexpr int CHUNKS_AT_A_TIME = 16; ///< then others have their turn

} // namespace

void
StreamSockets::Join(const JoinOrder& order)
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
StreamSockets::StartPumps(std::shared_ptr<Joint> joint)
{
    for (const size_t from : {0, 1})
    {
        Stream* source = Find(joint->ends[from]);
        const Stream* sink = Find(joint->ends[1 - from]);
        // The machine's own bytes go first.
        const bool ready =
            source && sink && source->connected && sink->connected && sink->queue.empty();
        if (ready && !source->pumping)
        {
            source->pumping = true;
            source->socket->WaitFor(SocketEvent::Readable);
        }
    }
}

void
StreamSockets::Pump(SocketId from)
{
    Stream& source = m_streams.at(from);
    Stream& sink = *Other(source);
    const std::shared_ptr<Joint> joint = source.joint;
    const size_t direction = source.end;
    for (int i = 0; i < CHUNKS_AT_A_TIME && !joint->over[direction]; ++i)
    {
        // Bytes stay in the source's socket until the sink's has them.
        const ssize_t there =
            recv(source.socket->Get(), m_buffer.data(), m_buffer.size(), MSG_PEEK | MSG_DONTWAIT);
        if (there == 0)
        {
            DirectionOver(joint, direction);
            return;
        }
        if (there < 0 && (errno == EAGAIN || errno == EINTR))
        {
            break;
        }
        if (there < 0)
        {
            EndJoint(joint, true);
            return;
        }
        const auto size = static_cast<size_t>(there);
        const ssize_t taken =
            send(sink.socket->Get(), m_buffer.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (taken < 0 && errno != EAGAIN && errno != EINTR)
        {
            EndJoint(joint, true);
            return;
        }
        if (taken > 0)
        {
            joint->bytes[direction] += static_cast<uint64_t>(taken);
            recv(source.socket->Get(),
                 nullptr,
                 static_cast<size_t>(taken),
                 MSG_TRUNC | MSG_DONTWAIT);
        }
        if (taken < there)
        {
            sink.socket->WaitFor(SocketEvent::Writable);
            return;
        }
    }
    source.socket->WaitFor(SocketEvent::Readable);
    source.socket->WaitFor(SocketEvent::Broken);
}

void
StreamSockets::DirectionOver(std::shared_ptr<Joint> joint, size_t from)
{
    joint->over[from] = true;
    if (const Stream* sink = Find(joint->ends[1 - from]))
    {
        ::shutdown(sink->socket->Get(), SHUT_WR);
    }
    if (joint->over[0] && joint->over[1])
    {
        EndJoint(joint, false);
    }
}

void
StreamSockets::EndJoint(std::shared_ptr<Joint> joint, bool reset)
{
    for (const SocketId id : joint->ends)
    {
        if (Find(id))
        {
            reset ? Abort(id) : Finish(id);
        }
    }
    m_host.Feed(
        [whole = *joint, reset](Machine& machine, TimePoint now) {
            machine.JoinEnded(now,
                              whole.ends[0],
                              whole.ends[1],
                              whole.bytes[0],
                              whole.bytes[1],
                              reset);
        });
}

void
StreamSockets::Dissolve(Stream& stream)
{
    const std::shared_ptr<Joint> joint = stream.joint;
    if (!joint)
    {
        return;
    }
    for (const SocketId id : joint->ends)
    {
        if (Stream* one = Find(id))
        {
            one->joint = nullptr;
            one->pumping = false;
            one->socket->WaitFor(SocketEvent::Readable); // its end is told, unless it is closed now
        }
    }
}

} // namespace isb
