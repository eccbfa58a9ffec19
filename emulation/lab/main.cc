// SPDX-License-Identifier: GPL-2.0-or-later
// isblab-netns: runs one scenario in network namespaces and prints what happens as JSON lines.
#include "emulation/lab/netns-options.h"

#include <exception>
#include <iostream>

int
main(int argc, char** argv)
{
    std::ios::sync_with_stdio(false);
    try
    {
        return isb::RunNetnsCommand(argc, argv);
    }
    catch (const std::exception& error)
    {
        std::cerr << "isblab-netns: " << error.what() << '\n';
        return isb::EXIT_ENVIRONMENT;
    }
}
