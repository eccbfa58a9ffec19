// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-options.h"

#include "emulation/ist/ist-json.h"
#include "emulation/ist/option-types.h"
#include "model/wire/nearest-word.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

namespace isb
{

namespace
{

const char* const FOOTER =
    "Exit status: 0 done; 1 refused, or there is no such thing; 2 the command line is wrong;\n"
    "3 the system does not let us.\n"
    "A first try, in namespaces of its own: doc/ist-kernel.md.";

const char* const NAME_RULE = "a name has 1 to 32 letters, digits, '-' and '_'";

/// Names become parts of paths.
bool
IsIstName(const std::string& text)
{
    constexpr size_t MOST = 32;
    const auto allowed = [](char c)
    {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= MOST && std::all_of(text.begin(), text.end(), allowed);
}

/// What the parser fills beside the options.
struct Words
{
    std::string method = "passive";
    std::string xdp = "native";
    std::vector<uint16_t> ownPorts;
};

void
AddTimers(CLI::App& app, IstSettings& settings)
{
    const auto add = [&app](const char* name, Duration& value, const char* help)
    { AddDuration(app, name, value, help)->group("Timers"); };
    add("--unmatched-timeout",
        settings.unmatchedTimeout,
        "Ports of a pair return when nobody, or one user only, came for so long");
    add("--unmatched-limit", settings.unmatchedLimit, "... however often that one tries again");
    add("--handshake-retry", settings.handshakeRetry, "A SYN-ACK is repeated first after");
    app.add_option("--handshake-retries", settings.handshakeRetries, "... and so often")
        ->check(CLI::Range(0, 15))
        ->type_name("N")
        ->capture_default_str()
        ->group("Timers");
    add("--idle-timeout", settings.idleTimeout, "ESTABLISHED without a packet");
    add("--half-close-timeout", settings.halfCloseTimeout, "IST_CLOSE_WAIT without a packet");
    add("--time-wait", settings.timeWait, "IST_TIME_WAIT (2 MSL)");
    add("--udp-idle-timeout", settings.udpIdleTimeout, "UDP without a packet");
    add("--fragment-timeout", settings.fragmentTimeout, "A fragmented datagram is followed for");
}

CLI::App*
AddAttach(CLI::App& app, IstOptions& options, Words& words)
{
    AttachOrder& order = options.attach;
    CLI::App* attach =
        app.add_subcommand("attach", "Put an IST on devices, or adopt the one there");
    attach->add_option("device", order.devices, "Devices that the users' packets come from")
        ->required()
        ->type_name("DEV...");
    AddWord(*attach,
            "--carrier",
            order.carrier,
            {"bpf", "bpf+xdp", "module", "tun"},
            "What carries the splices");
    AddWord(*attach,
            "--xdp",
            words.xdp,
            {"native", "generic"},
            "bpf+xdp: in the driver or above it");
    AddAddresses(*attach,
                 "--address",
                 order.settings.addresses,
                 "The IST's own address; several: repeat. Default: those of the devices");
    attach->add_option("--max-splices", order.settings.maxSplices, "Splices of all states at once")
        ->check(CLI::Range(1, 16777216))
        ->type_name("N")
        ->capture_default_str();
    attach->add_option("--own-ports", words.ownPorts, "Ports that the IST chooses itself")
        ->expected(2)
        ->type_name("FIRST LAST");
    attach->add_flag("--early-data",
                     order.settings.earlyData,
                     "Show the other user's window in the SYN-ACK already");
    attach->add_flag("--decrement-ttl",
                     order.settings.decrementTtl,
                     "Forwarded packets lose one of their TTL, as at a router");
    attach->add_flag("--foreground", order.isForeground, "tun: stay here until SIGTERM");
    attach->add_flag("--verbose", order.isVerbose, "Show all that the kernel says to an error");
    AddTimers(*attach, order.settings);
    return attach;
}

CLI::App*
AddSpliceAdd(CLI::App& splice, IstOptions& options, Words& words)
{
    IstPair& pair = options.pair;
    pair.label = 1;
    CLI::App* add = splice.add_subcommand("add", "Open the ports of a pair of users");
    AddWord(*add, "--method", words.method, {"passive", "pure", "active", "udp"}, "How to splice");
    AddPort(*add, "--port-a", pair.portA, "IST port that user A connects to")->required();
    AddPort(*add,
            "--port-b",
            pair.portB,
            "... user B. pure: default the source port that A is seen with");
    AddAddress(*add, "--allow-a", pair.allowedA, "Only this source address may be user A");
    AddAddress(*add, "--allow-b", pair.allowedB, "... user B");
    AddPlace(*add, "--target", pair.activeTarget, "active: where the IST connects to");
    AddAddress(*add, "--source", pair.activeSource, "active: own address to connect from");
    AddRate(*add,
            "--rate",
            pair.limits.rateBps,
            "Most IP bits a second, both ways together: 10Mb/s");
    AddBytes(*add, "--bytes", pair.limits.bytes, "End after so many IP bytes: 1GB");
    AddDuration(*add, "--lifetime", pair.limits.lifetime, "End so long after pairing");
    add->add_option("--label", pair.label, "What `ist watch` calls it; 0: not told there")
        ->type_name("N")
        ->capture_default_str();
    add->add_option("--closed-port", pair.closedPorts, "pure: never opened for B; repeat")
        ->type_name("PORT")
        ->expected(1)
        ->take_all();
    add->add_option("--count", options.count, "So many pairs; their ports count up")
        ->check(CLI::Range(1, 65535))
        ->type_name("N")
        ->capture_default_str();
    return add;
}

void
AddPlaceOptions(CLI::App& app, IstOptions& options)
{
    app.add_option_function<std::string>(
           "--name",
           [&options](const std::string& text)
           {
               if (!IsIstName(text))
               {
                   throw CLI::ValidationError("--name", NAME_RULE);
               }
               options.place.name = text;
           },
           "Which IST; default: the only one, attach: 'ist'")
        ->type_name("NAME");
    app.add_option("--bpffs",
                   options.place.bpffs,
                   "File system of type bpf; pins in DIR/isblab/NAME")
        ->envname("ISB_BPFFS")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--run-dir", options.place.runFolder, "tun: control socket DIR/isblab/NAME.sock")
        ->envname("ISB_RUN_DIR")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_flag("--json", options.isJson, "Answer in JSON");
}

/// All subcommands with what they set.
class Parser
{
  public:
    Parser()
        : m_app("The IST in the kernel: splices the connections of two users into one (thesis 4, "
                "5.2).",
                "ist")
    {
        m_app.set_version_flag("--version", "ist " ISB_VERSION);
        m_app.require_subcommand(0, 1);
        m_app.allow_extras(); // refused by RefuseUnknown(), with what may have been meant
        m_app.fallthrough();
        m_app.footer(FOOTER);
        AddPlaceOptions(m_app, m_options);
        Add(IstCommand::Attach, AddAttach(m_app, m_options, m_words));
        CLI::App* splice = m_app.add_subcommand("splice", "Add and remove splices");
        splice->require_subcommand(1);
        Add(IstCommand::AddSplice, AddSpliceAdd(*splice, m_options, m_words));
        Add(IstCommand::RemoveSplice,
            WithId(splice->add_subcommand("remove", "End a splice; its users get a RST each")));
        Add(IstCommand::List, m_app.add_subcommand("list", "All splices"));
        Add(IstCommand::Show, WithId(m_app.add_subcommand("show", "One splice")));
        Add(IstCommand::Stats, m_app.add_subcommand("stats", "Counters, and what was dropped why"));
        CLI::App* watch = m_app.add_subcommand("watch", "What happens, a line each, until SIGINT");
        watch->add_option("--news", m_options.newsCount, "End after so many lines")->type_name("N");
        Add(IstCommand::Watch, watch);
        Add(IstCommand::Detach,
            m_app.add_subcommand("detach", "Remove the IST and all its splices"));
        CLI::App* check =
            m_app.add_subcommand("check", "What this machine can do, and why not more");
        check->add_option("device", m_options.checkDevices, "Look at these devices too")
            ->type_name("DEV...");
        Add(IstCommand::Check, check);
        splice->fallthrough();
        for (const auto& [command, app] : m_commands)
        {
            app->fallthrough();
        }
    }

    ParsedIstOptions
    Parse(int argc, const char* const* argv, std::ostream& out, std::ostream& err)
    {
        try
        {
            m_app.parse(argc, argv);
            RefuseUnknown();
            Finish();
        }
        catch (const CLI::ParseError& error)
        {
            const int status = m_app.exit(error, out, err);
            return {m_options, status == 0 ? 0 : IST_STATUS_USAGE};
        }
        return {m_options, -1};
    }

  private:
    void
    Add(IstCommand command, CLI::App* app)
    {
        m_commands.emplace_back(command, app);
    }

    CLI::App*
    WithId(CLI::App* app)
    {
        app->add_option("id", m_options.id, "The splice's number, see `ist list`")
            ->required()
            ->type_name("ID");
        return app;
    }

    /// A command or option that does not exist.
    void
    RefuseUnknown() const
    {
        const std::vector<std::string> unknown = m_app.remaining(true);
        const std::vector<CLI::App*> given = m_app.get_subcommands();
        if (given.empty() || !unknown.empty())
        {
            const bool isCommand = given.empty();
            std::vector<std::string> known = OptionNames(m_app);
            for (const CLI::App* app : m_app.get_subcommands(nullptr))
            {
                if (isCommand)
                {
                    known.push_back(app->get_name());
                }
                else if (app->parsed())
                {
                    const std::vector<std::string> more = OptionNames(*Innermost(app));
                    known.insert(known.end(), more.begin(), more.end());
                }
            }
            const std::string word = unknown.empty() ? "" : unknown.front();
            const std::vector<std::string_view> views(known.begin(), known.end());
            throw CLI::ValidationError(
                word.empty()
                    ? "a command is missing: attach, splice add, splice remove, list, show, "
                      "stats, watch, detach or check"
                    : Quoted(word) + " is not known; " + SuggestWord(word, views));
        }
    }

    static const CLI::App*
    Innermost(const CLI::App* app)
    {
        const std::vector<CLI::App*> inner = app->get_subcommands();
        return inner.empty() ? app : inner.front();
    }

    /// "--name", "--json", ...
    static std::vector<std::string>
    OptionNames(const CLI::App& app)
    {
        std::vector<std::string> names;
        for (const CLI::Option* option : app.get_options())
        {
            if (!option->get_positional())
            {
                names.push_back(option->get_name());
            }
        }
        return names;
    }

    /// What one option alone does not show.
    void
    Finish()
    {
        for (const auto& [command, app] : m_commands)
        {
            if (app->parsed())
            {
                m_options.command = command;
            }
        }
        AttachOrder& order = m_options.attach;
        order.genericXdp = m_words.xdp == "generic";
        m_options.pair.method = *MethodOf(m_words.method);
        if (!m_words.ownPorts.empty())
        {
            order.settings.ownPortFirst = m_words.ownPorts.front();
            order.settings.ownPortLast = m_words.ownPorts.back();
        }
        if (order.settings.ownPortFirst == 0 ||
            order.settings.ownPortLast < order.settings.ownPortFirst)
        {
            throw CLI::ValidationError("--own-ports", "FIRST is 1 to 65535, LAST not below it");
        }
        const uint32_t last = std::max(m_options.pair.portA, m_options.pair.portB);
        if (m_options.command == IstCommand::AddSplice && last + m_options.count - 1 > UINT16_MAX)
        {
            throw CLI::ValidationError("--count",
                                       "the ports would count up beyond 65535; at most " +
                                           std::to_string(UINT16_MAX - last + 1));
        }
    }

    IstOptions m_options;
    Words m_words;
    CLI::App m_app;
    std::vector<std::pair<IstCommand, CLI::App*>> m_commands;
};

} // namespace

ParsedIstOptions
ParseIstOptions(int argc, const char* const* argv, std::ostream& out, std::ostream& err)
{
    return Parser().Parse(argc, argv, out, err);
}

} // namespace isb
