// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/meter-options.h"

#include "emulation/meter/meter-program.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>

namespace isb
{

namespace
{

constexpr int BAD_INPUT = 2;

/// "192.0.2.1" or "192.0.2.1:3478" into an endpoint; the fault as CLI11 wants it.
CLI::Option*
AddEndpoint(CLI::App* app, const std::string& name, Endpoint& value, const std::string& help)
{
    return app
        ->add_option_function<std::string>(
            name,
            [&value, name](const std::string& text)
            {
                const size_t colon = text.find(':');
                const auto address = Ipv4::Parse(std::string_view(text).substr(0, colon));
                uint16_t port = value.port;
                const char* end = text.data() + text.size();
                const bool portRead =
                    colon == std::string::npos ||
                    std::from_chars(text.data() + colon + 1, end, port).ptr == end;
                if (!address || !portRead || (colon != std::string::npos && port == 0))
                {
                    throw CLI::ValidationError(name, "'" + text + "' is no ADDRESS[:PORT] of IPv4");
                }
                value = {*address, port};
            },
            help)
        ->type_name("ADDRESS[:PORT]");
}

CLI::Option*
AddAddress(CLI::App* app, const std::string& name, Ipv4& value, const std::string& help)
{
    return app
        ->add_option_function<std::string>(
            name,
            [&value, name](const std::string& text)
            {
                const auto address = Ipv4::Parse(text);
                if (!address)
                {
                    throw CLI::ValidationError(name, "'" + text + "' is no IPv4 address");
                }
                value = *address;
            },
            help)
        ->type_name("ADDRESS");
}

CLI::App*
AddStunServer(CLI::App& app, StunServerSettings& settings)
{
    CLI::App* server = app.add_subcommand("stun-server", "Serve STUN (RFC 8489, RFC 5780)");
    AddAddress(server, "address", settings.primary, "Address that clients know")->required();
    AddAddress(server, "--alternate", settings.alternate, "Second address of this host");
    server->add_option("--port", settings.port, "First port")->capture_default_str();
    server->add_option("--other-port", settings.otherPort, "Second port, 0: none")
        ->capture_default_str();
    server->add_flag("!--no-tcp", settings.tcp, "UDP only");
    return server;
}

CLI::App*
AddNatType(CLI::App& app, NatTypeSettings& settings, bool& json)
{
    CLI::App* test = app.add_subcommand("nat-type", "Find out how the NAT in between behaves");
    settings.server.port = 3478;
    AddEndpoint(test, "server", settings.server, "STUN server with two addresses")->required();
    AddEndpoint(test, "--alternate", settings.alternate, "Its opposite endpoint, if it tells none");
    AddEndpoint(test, "--local", settings.local, "Own address; default: the route's");
    test->add_flag_function(
        "--tcp",
        [&settings](int64_t) { settings.protocol = Protocol::Tcp; },
        "Test TCP instead of UDP");
    test->add_flag("--lifetime", settings.lifetime, "Measure how long an idle mapping lives too");
    test->add_option_function<uint32_t>(
            "--rto",
            [&settings](uint32_t milliseconds)
            { settings.firstRto = std::chrono::milliseconds(milliseconds); },
            "First repetition after so many ms")
        ->check(CLI::Range(1U, 60'000U))
        ->default_str("500");
    test->add_option("--transmissions", settings.transmissions, "Times that a request is sent")
        ->check(CLI::Range(1U, 10U))
        ->capture_default_str();
    test->add_flag("--json", json, "Print the report as JSON");
    return test;
}

} // namespace

int
RunMeter(int argc, char** argv, std::ostream& out)
{
    CLI::App app("Measures NATs and paths.", "isblab-meter");
    app.set_version_flag("--version", "isblab-meter " ISB_VERSION);
    app.require_subcommand(1);
    StunServerSettings serverSettings;
    NatTypeSettings testSettings;
    bool json = false;
    const CLI::App* server = AddStunServer(app, serverSettings);
    AddNatType(app, testSettings, json);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return app.exit(error) == 0 ? 0 : BAD_INPUT;
    }
    return *server ? RunStunServer(serverSettings, out) : RunNatType(testSettings, json, out);
}

} // namespace isb
