// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-program.h"

#include <csignal>
#include <exception>
#include <iostream>

int
main(int argc, char** argv)
{
    std::signal(SIGPIPE, SIG_IGN);
    try
    {
        return isb::RunIst(argc, argv, isb::MakeCarrierAccess(), std::cout, std::cerr);
    }
    catch (const std::exception& error)
    {
        std::cerr << "ist: " << error.what() << '\n';
        return isb::IST_STATUS_SYSTEM;
    }
}
