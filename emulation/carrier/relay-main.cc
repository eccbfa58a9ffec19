// SPDX-License-Identifier: GPL-2.0-or-later
// isblab-relay: the application layer proxy that the splices are compared with.
#include "emulation/carrier/stream-relay.h"
#include "emulation/sys/system-error.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <map>
#include <sys/signalfd.h>

namespace
{

constexpr int BAD_INPUT = 2;

/// Readable when the program is asked to end.
isb::Descriptor
OpenStopSignals()
{
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigprocmask(SIG_BLOCK, &stops, nullptr);
    isb::Descriptor made(signalfd(-1, &stops, SFD_CLOEXEC));
    if (!made)
    {
        throw isb::SystemError("signalfd");
    }
    return made;
}

int
RunRelay(int argc, char** argv)
{
    isb::RelaySettings settings;
    CLI::App app("Joins TCP connections in user space, by copying or by splice(2).",
                 "isblab-relay");
    const std::map<std::string, isb::RelayMethod> methods{{"copy", isb::RelayMethod::Copy},
                                                          {"splice", isb::RelayMethod::Splice}};
    app.add_option("--method", settings.method, "copy or splice")
        ->transform(CLI::CheckedTransformer(methods));
    app.add_option("--port", settings.port, "Port on which users connect")->required();
    CLI::Option* target = app.add_option_function<std::string>(
        "--connect",
        [&settings](const std::string& text)
        {
            settings.target = isb::IpEndpoint::Parse(text);
            if (!settings.target)
            {
                throw CLI::ValidationError("--connect", "'" + text + "' is no ADDRESS:PORT");
            }
        },
        "Where each connection is joined to");
    CLI::Option* other = app.add_option("--other-port",
                                        settings.otherPort,
                                        "Port of the users that it is joined with instead");
    target->excludes(other);
    try
    {
        app.parse(argc, argv);
        if (!*target && !*other)
        {
            throw CLI::RequiredError("--connect or --other-port");
        }
    }
    catch (const CLI::ParseError& error)
    {
        return app.exit(error) == 0 ? 0 : BAD_INPUT;
    }
    const isb::Descriptor stop = OpenStopSignals();
    std::signal(SIGPIPE, SIG_IGN);
    isb::StreamRelay relay(settings);
    std::cout << "isblab-relay: ready" << std::endl;
    relay.Run(stop.Get());
    return 0;
}

} // namespace

int
main(int argc, char** argv)
{
    try
    {
        return RunRelay(argc, argv);
    }
    catch (const std::exception& error)
    {
        std::cerr << "isblab-relay: " << error.what() << '\n';
        return 1;
    }
}
