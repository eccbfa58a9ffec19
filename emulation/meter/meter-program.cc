// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/meter-program.h"

#include "emulation/io/machine-driver.h"
#include "emulation/sys/system-error.h"
#include "emulation/sys/system-random.h"
#include "model/core/stun/stun-server.h"

#include <asio/signal_set.hpp>
#include <csignal>
#include <stdexcept>

namespace isb
{

int
RunStunServer(const StunServerSettings& settings, std::ostream& out)
{
    asio::io_context context;
    const RunClock clock;
    StunServer server(settings, nullptr);
    MachineDriver driver(context, clock, server);
    driver.Start();
    if (!server.ListenFault().empty())
    {
        throw std::runtime_error(server.ListenFault());
    }
    out << "ready " << settings.primary.ToString() << ' ' << settings.alternate.ToString() << ' '
        << settings.port << ' ' << settings.otherPort << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](const std::error_code& error, int)
        {
            if (!error)
            {
                driver.Stop();
                context.stop();
            }
        });
    context.run();
    return 0;
}

int
RunNatType(NatTypeSettings settings, bool json, std::ostream& out)
{
    if (settings.local.address.value == 0)
    {
        settings.local.address = SourceAddressTowards(settings.server);
    }
    asio::io_context context;
    const RunClock clock;
    SystemRandom random;
    NatTypeTest test(settings, random);
    MachineDriver driver(context, clock, test);
    driver.OnSettled(
        [&](TimePoint)
        {
            if (test.Report())
            {
                context.stop();
            }
        });
    driver.Start();
    context.run();
    const std::optional<NatTypeReport> report = test.Report();
    if (!report)
    {
        throw std::runtime_error("the test ended without a report");
    }
    out << (json ? report->ToJson() : report->ToString()) << std::endl;
    return report->mapped.port != 0 ? 0 : 1;
}

} // namespace isb
