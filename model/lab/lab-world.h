// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_WORLD_H
#define ISB_LAB_LAB_WORLD_H

#include "model/core/daemon/daemon-settings.h"
#include "model/core/isb/isb-settings.h"
#include "model/core/ist/ist-server-settings.h"
#include "model/core/ist/ist-settings.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The broker's world in a Lab: who is who, and what happens to them.
namespace isb
{

/// A network behind a NAT, firewall or router, as the file says it; its box and links are in
/// `boxes` and `links` like all others. For reports.
struct Site
{
    std::string name;
    size_t box = 0;               ///< index into Lab::boxes
    std::optional<size_t> behind; ///< index into Lab::sites: a NAT behind a NAT
};

/// A user: a daemon on a host. Several users may share a host; then their listen ports differ.
struct LabUser
{
    size_t host = 0;         ///< index into Lab::hosts
    DaemonSettings settings; ///< complete: name, secret, broker's address, ports
    /// Services of `settings.provides` whose server is this index into Lab::hosts (a peripheral);
    /// nothing: the user's host. Parallel to settings.provides.
    std::vector<std::optional<size_t>> serverHosts;
    TimePoint start{0}; ///< when the daemon starts
};

/// Users that one [[crowd]] made: Lab::users from `firstUser` on, their traffic from `firstTraffic`
/// on.
struct LabCrowd
{
    std::string name;
    size_t firstUser = 0;
    size_t userCount = 0;
    size_t firstTraffic = 0;
    size_t trafficCount = 0;
};

/// A broker on a host.
struct LabBroker
{
    size_t host = 0;
    IsbSettings settings; ///< complete: a profile for every user and IST
    /// It forwards itself (thesis 3.2): an IST of its own in the same process, by the proxy.
    std::optional<IstServerSettings> own;
};

/// A translator on a host of its own, or on the broker's.
struct LabTranslator
{
    size_t host = 0;
    IstServerSettings settings; ///< complete
    IstSettings engine;         ///< of the carrier in the kernel; addresses are the host's
};

/// What happens to somebody during the run.
enum class IncidentKind : uint8_t
{
    Crash,    ///< the host falls silent: nothing goes in or out, its programs are gone
    Restart,  ///< it comes back, its programs start anew
    Logout,   ///< a user's daemon ends in good order
    Login,    ///< and starts again
    Withdraw, ///< a user takes a service back
    Announce, ///< and offers it again
    Reboot,   ///< a NAT loses its table
    Rebind,   ///< a NAT gives every mapping another external endpoint
    Fill,     ///< a NAT takes no new mapping, as if its table were full
    Drain,    ///< and takes them again
};

struct Incident
{
    TimePoint at{0};
    IncidentKind kind = IncidentKind::Crash;
    std::string who;     ///< name of a user, broker or translator; of a NAT's box from Reboot on
    std::string service; ///< Withdraw, Announce: its name
};

/// "crash"
[[nodiscard]] std::string_view ToString(IncidentKind kind);

} // namespace isb

#endif
