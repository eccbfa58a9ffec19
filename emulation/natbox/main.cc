// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/natbox-program.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

namespace
{

int
Run(int argc, char** argv)
{
    CLI::App app("The NAT of isblab between two TUN interfaces, on real packets.\n"
                 "SIGHUP reads the configuration again and keeps the mappings; SIGTERM ends.");
    std::string path;
    std::string events;
    bool isCheck = false;
    app.add_option("--config", path, "configuration (TOML), see doc/natbox.md")->required();
    app.add_flag("-c,--check", isCheck, "only check the configuration; status 0: it is right");
    app.add_option("--events", events, "write trace events as JSON lines to this file; -: stdout");
    app.set_version_flag("--version", "natbox " ISB_VERSION);
    CLI11_PARSE(app, argc, argv);
    const auto config = isb::LoadNatboxConfig(path);
    if (!config)
    {
        return 1;
    }
    if (isCheck)
    {
        std::cout << path << ": right\n";
        return 0;
    }
    isb::NatboxProgram(*config, path, events).Run();
    return 0;
}

} // namespace

int
main(int argc, char** argv)
{
    try
    {
        return Run(argc, argv);
    }
    catch (const std::exception& error)
    {
        std::cerr << "natbox: " << error.what() << "\n";
        return 1;
    }
}
