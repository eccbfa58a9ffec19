// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_HOST_H
#define ISB_CORE_DAEMON_DAEMON_HOST_H

#include "model/core/daemon/daemon-journal.h"
#include "model/core/daemon/daemon-settings.h"
#include "model/core/daemon/daemon-sockets.h"
#include "model/core/daemon/daemon-timers.h"
#include "model/core/daemon/port-chooser.h"
#include "model/core/random/rng.h"

#include <memory>
#include <utility>
#include <vector>

namespace isb
{

/// What every part of a daemon stands on.
struct DaemonHost
{
    DaemonHost(DaemonSettings wanted, Rng& rng, TraceSink* trace)
        : settings(std::move(wanted)),
          random(rng),
          journal(settings.user, trace)
    {
    }

    const DaemonSettings settings; ///< `provides` and `wants`: those of the start
    Rng& random;
    DaemonJournal journal;
    DaemonSockets sockets;
    DaemonTimers timers;
    PortChooser ports;
    size_t connections = 0;    ///< service connections of all phases
    size_t waitingClients = 0; ///< local clients whose connection does not stand yet
    /// Parts that are over while one of their own functions may still run; emptied after every
    /// input.
    std::vector<std::unique_ptr<SocketOwner>> over;
};

} // namespace isb

#endif
