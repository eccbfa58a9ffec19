// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_BOX_MACHINE_RIG_H
#define ISB_TESTS_BOX_MACHINE_RIG_H

#include "model/box/box-machine.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace isb
{

/// Drives one machine by hand: keeps time, writes down what it does, and may forward what it
/// delivers to another port.
class MachineRig
{
  public:
    struct Record
    {
        TimePoint when;
        BoxOutput::Kind kind;
        uint64_t handle; ///< the first one
        size_t count;    ///< of handles
        uint32_t port;
        BoxDrop drop;
    };

    MachineRig(const MachineParameters& parameters, const std::vector<BoxMachine::Port>& ports)
        : machine(parameters, ports)
    {
    }

    /// Lets time pass to `until`.
    void
    Advance(TimePoint until)
    {
        Drain();
        while (machine.NextTimeout() <= until)
        {
            now = machine.NextTimeout();
            Drain();
        }
        now = until;
    }

    void
    Arrive(TimePoint when, uint32_t port, const Frame& frame)
    {
        Advance(when);
        machine.Arrived(now, port, frame);
        Drain();
    }

    void
    Submit(TimePoint when, uint64_t token, Duration cost)
    {
        Advance(when);
        machine.Submit(now, {token, cost});
        Drain();
    }

    void
    Transmit(TimePoint when, uint32_t port, uint64_t handle, uint32_t bytes)
    {
        Advance(when);
        machine.Transmit(now, port, handle, bytes);
        Drain();
    }

    [[nodiscard]] std::vector<Record>
    Of(BoxOutput::Kind kind) const
    {
        std::vector<Record> chosen;
        std::copy_if(records.begin(),
                     records.end(),
                     std::back_inserter(chosen),
                     [kind](const Record& record) { return record.kind == kind; });
        return chosen;
    }

    BoxMachine machine;
    TimePoint now{0};
    std::vector<Record> records;
    /// What IP does with a delivery; nothing unless set.
    std::function<void(const BoxOutput&)> onDeliver = [](const BoxOutput&) {};

  private:
    void
    Drain()
    {
        while (const BoxOutput* output = machine.Next(now))
        {
            records.push_back({now,
                               output->kind,
                               output->handles[0],
                               output->handles.size(),
                               output->port,
                               output->drop});
            if (output->kind == BoxOutput::Kind::Deliver)
            {
                onDeliver(*output);
            }
        }
    }
};

} // namespace isb

#endif
