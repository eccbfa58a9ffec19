// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/meter-options.h"

#include <exception>
#include <iostream>

int
main(int argc, char** argv)
{
    try
    {
        return isb::RunMeter(argc, argv, std::cout);
    }
    catch (const std::exception& error)
    {
        std::cerr << "isblab-meter: " << error.what() << '\n';
        return 3;
    }
}
