// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_MACHINE_HOST_H
#define ISB_NS3_MACHINE_HOST_H

#include "model/core/machine/machine.h"
#include "model/ns3/ist-tcp-socket.h"

#include "ns3/socket.h"

#include <cstdint>
#include <functional>

namespace ns3
{

/// What MachineStreams and MachineDatagrams need of the program and host that they belong to.
class MachineHost
{
  public:
    using Input = std::function<void(isb::Machine& machine, isb::TimePoint now)>;

    virtual ~MachineHost() = default;

    /// Gives the machine an input: now, or, when it is being acted for, right after.
    virtual void Feed(Input input) = 0;

    /// A TCP socket with the host's tuning and an initial sequence number of its own.
    virtual Ptr<IstTcpSocket> MakeStreamSocket() = 0;
    /// A UDP socket bound to `local`; null when the port is taken.
    virtual Ptr<Socket> MakeDatagramSocket(isb::Endpoint local) = 0;

    /// Call `done` when the process got the CPU time of a system call that sends `bytes`.
    virtual void ChargeSend(uint64_t bytes, std::function<void()> done) = 0;
    /// The same for one that receives.
    virtual void ChargeReceive(uint64_t bytes, std::function<void()> done) = 0;
    /// The same for receiving from one socket and sending to another.
    virtual void ChargeCopy(uint32_t bytes, std::function<void()> done) = 0;
    /// Most bytes of one receiving call.
    virtual uint32_t ChunkLimit() const = 0;
};

} // namespace ns3

#endif
