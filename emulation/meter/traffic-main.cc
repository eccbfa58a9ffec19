// SPDX-License-Identifier: GPL-2.0-or-later
// isblab-traffic: one end of measured traffic, told what to do on standard input.
#include "emulation/meter/traffic-agent.h"

#include <csignal>
#include <iostream>
#include <unistd.h>

int
main()
{
    std::signal(SIGPIPE, SIG_IGN);
    try
    {
        isb::TrafficAgent(STDIN_FILENO, std::cout).Run();
    }
    catch (const std::exception& error)
    {
        std::cerr << "isblab-traffic: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
