// SPDX-License-Identifier: GPL-2.0-or-later
// isblab-ist-probe: fills the table of an attached eBPF IST, and times its programs by
// BPF_PROG_TEST_RUN. Run in the network namespace of the IST's devices by `isblab bench ist`.
#include "emulation/carrier/bpf-carrier.h"
#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"
#include "model/wire/packet-builder.h"
#include "model/wire/registration.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <iostream>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdexcept>

namespace isb
{

namespace
{

using Frame = std::vector<uint8_t>;
using Hardware = std::array<uint8_t, 6>;

constexpr uint32_t ISN = 1000;   ///< of every user
constexpr uint8_t LONGEST = 255; ///< TTL: each run takes one
constexpr uint32_t RUNS = 240;   ///< a call: fewer than that
constexpr uint16_t USER_PORT = 4000;
constexpr size_t ETHERNET = 14;

/// What the command line says.
struct ProbeOptions
{
    std::string pins;
    std::string device = "west", otherDevice = "east";
    std::string program = "ist_tc";
    std::string kind = "udp"; ///< "udp", "passive", "pure", "active"
    Ipv4 west, east;
    Ipv4 users{0x0a400000};      ///< A's of the first splice filled; one more each
    Ipv4 otherUsers{0x0a800000}; ///< B's
    Hardware hardware{}, otherHardware{}, ownHardware{};
    uint32_t count = 1;
    uint32_t repeats = 100'000;
    uint32_t size = 64;  ///< payload bytes
    bool joined = false; ///< the splices that are timed were joined by an earlier call
};

/// An Ethernet frame with an IPv4 packet. Only the source's address matters: the IST learns it.
Frame
InFrame(const std::vector<uint8_t>& packet, const Hardware& source)
{
    Frame frame(ETHERNET + packet.size(), 0x02);
    std::copy(source.begin(), source.end(), frame.begin() + 6);
    frame[12] = 0x08;
    frame[13] = 0x00;
    std::copy(packet.begin(), packet.end(), frame.begin() + ETHERNET);
    return frame;
}

/// One program that frames are run through.
class Runner
{
  public:
    Runner(const std::string& pins, const std::string& program)
        : m_program(bpf_obj_get((pins + "/" + program).c_str())),
          m_isXdp(program == "ist_xdp")
    {
        if (!m_program)
        {
            throw SystemError("open " + pins + "/" + program);
        }
    }

    struct Result
    {
        uint32_t verdict = 0;
        uint32_t nanoseconds = 0; ///< a run
        Frame frame;
    };

    /// Runs a frame that comes by a device; `repeats` times on its own output.
    [[nodiscard]] Result
    Run(const Frame& frame, unsigned device, uint32_t repeats) const
    {
        Result result;
        result.frame.resize(frame.size() + 256);
        __sk_buff tcContext{};
        tcContext.ifindex = device;
        xdp_md xdpContext{};
        xdpContext.data_end = static_cast<uint32_t>(frame.size());
        xdpContext.ingress_ifindex = device;
        bpf_test_run_opts options{};
        options.sz = sizeof(options);
        options.data_in = frame.data();
        options.data_out = result.frame.data();
        options.data_size_in = static_cast<uint32_t>(frame.size());
        options.data_size_out = static_cast<uint32_t>(result.frame.size());
        options.ctx_in = m_isXdp ? static_cast<const void*>(&xdpContext) : &tcContext;
        options.ctx_size_in =
            static_cast<uint32_t>(m_isXdp ? sizeof(xdpContext) : sizeof(tcContext));
        options.repeat = static_cast<int>(repeats);
        if (bpf_prog_test_run_opts(m_program.Get(), &options) != 0)
        {
            throw SystemError("BPF_PROG_TEST_RUN");
        }
        result.frame.resize(options.data_size_out);
        result.verdict = options.retval;
        result.nanoseconds = options.duration;
        return result;
    }

  private:
    Descriptor m_program;
    bool m_isXdp;
};

/// An attached IST, and the devices that its users come by.
class Probe
{
  public:
    explicit Probe(const ProbeOptions& options)
        : m_options(options),
          m_tc(options.pins, "ist_tc"),
          m_device(if_nametoindex(options.device.c_str())),
          m_otherDevice(if_nametoindex(options.otherDevice.c_str()))
    {
        auto adopted = BpfCarrier::Adopt(options.pins);
        if (!adopted)
        {
            throw std::runtime_error(adopted.Why());
        }
        m_carrier = std::move(*adopted);
    }

    /// Joins one splice between two users by running their first packets.
    void
    Join(const IstPair& pair, Endpoint a, Endpoint istA, Endpoint b, Endpoint istB)
    {
        const auto added = m_carrier->Add(pair);
        if (!added)
        {
            throw std::runtime_error("add: " + added.Why());
        }
        const bool udp = pair.method == SpliceMethod::Udp;
        if (udp)
        {
            const ByteView hello{REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size()};
            FromA(BuildUdp(a, istA, hello));
            FromB(BuildUdp(b, istB, hello));
            return;
        }
        TcpFields syn;
        syn.sequence = ISN;
        syn.flags = TCP_SYN;
        syn.options = {2, 4, 0x05, 0xb4};
        FromA(BuildTcp(a, istA, syn, {}));
        if (pair.method != SpliceMethod::Active)
        {
            FromB(BuildTcp(b, istB, syn, {}));
        }
        TcpFields ack;
        ack.sequence = ack.acknowledgement = ISN + 1;
        FromA(BuildTcp(a, istA, ack, {}));
        FromB(BuildTcp(b, istB, ack, {}));
    }

    /// Joins `count` UDP splices between two ports of the IST, each with users of its own.
    void
    Fill()
    {
        for (uint32_t i = 0; i < m_options.count; ++i)
        {
            IstPair pair;
            pair.method = SpliceMethod::Udp;
            pair.portA = 7000;
            pair.portB = 7001;
            Join(pair,
                 {{m_options.users.value + i}, USER_PORT},
                 {m_options.west, pair.portA},
                 {{m_options.otherUsers.value + i}, USER_PORT},
                 {m_options.east, pair.portB});
        }
    }

    /// A data packet of the first splice that Fill() joined, as a frame from A.
    [[nodiscard]] Frame
    FilledFrame() const
    {
        return DataFrame({m_options.users, USER_PORT}, {m_options.west, 7000});
    }

    /// Nanoseconds a packet of an established splice: the median over calls.
    [[nodiscard]] double
    Time()
    {
        const Frame frame = JoinInCircle();
        const Runner runner(m_options.pins, m_options.program);
        std::vector<uint32_t> calls;
        for (uint32_t done = 0; done < m_options.repeats; done += RUNS)
        {
            const Runner::Result result = runner.Run(frame, m_device, RUNS);
            // Every run forwarded if the TTL is down by one each.
            if (result.frame.size() < frame.size() || result.frame[ETHERNET + 8] != LONGEST - RUNS)
            {
                throw std::runtime_error(m_options.program + " did not forward: verdict " +
                                         std::to_string(result.verdict));
            }
            calls.push_back(result.nanoseconds);
        }
        std::nth_element(calls.begin(), calls.begin() + calls.size() / 2, calls.end());
        return calls[calls.size() / 2];
    }

  private:
    void
    FromA(const std::vector<uint8_t>& packet)
    {
        (void)m_tc.Run(InFrame(packet, m_options.hardware), m_joinDevice, 1);
    }

    void
    FromB(const std::vector<uint8_t>& packet)
    {
        (void)m_tc.Run(InFrame(packet, m_options.otherHardware), m_otherDevice, 1);
    }

    [[nodiscard]] Frame
    DataFrame(Endpoint from, Endpoint to) const
    {
        const Frame payload(m_options.size, 'd');
        const ByteView bytes{payload.data(), payload.size()};
        IpFields ip;
        ip.ttl = LONGEST;
        if (m_options.kind == "udp")
        {
            return InFrame(BuildUdp(from, to, bytes, ip), m_options.hardware);
        }
        TcpFields tcp;
        tcp.sequence = tcp.acknowledgement = ISN + 1;
        return InFrame(BuildTcp(from, to, tcp, bytes, ip), m_options.hardware);
    }

    /// Two splices whose users are the IST's own endpoints, each the next one's input: a program
    /// that is run on its own output forwards every time. The frame goes round them. All users are
    /// behind B's device and have that device's own address, so that the output looks like theirs;
    /// the packets that are timed come by A's, as one that comes and goes by one device is cheaper.
    [[nodiscard]] Frame
    JoinInCircle()
    {
        const bool pure = m_options.kind == "pure";
        const auto first = static_cast<uint16_t>(pure ? 5201 : 5101);
        const auto further = [first](int steps) { return static_cast<uint16_t>(first + steps); };
        const Endpoint one{m_options.west, first}, two{m_options.east, further(1)};
        const Endpoint three{m_options.east, pure ? first : further(2)};
        const Endpoint four{m_options.west, further(pure ? 1 : 3)};
        m_options.hardware = m_options.otherHardware = m_options.ownHardware;
        m_joinDevice = m_otherDevice;
        if (m_options.joined)
        {
            return DataFrame(one, two);
        }
        IstPair pair;
        pair.method = pure ? SpliceMethod::Pure : SpliceMethod::Passive;
        if (m_options.kind == "udp")
        {
            pair.method = SpliceMethod::Udp;
        }
        pair.portA = two.port;
        pair.portB = three.port;
        Join(pair, one, two, four, three);
        pair.portA = four.port;
        pair.portB = one.port;
        Join(pair, three, four, two, one);
        return DataFrame(one, two);
    }

    ProbeOptions m_options;
    Runner m_tc;
    unsigned m_device, m_otherDevice;
    unsigned m_joinDevice = m_device; ///< by which A's first packets come
    std::unique_ptr<BpfCarrier> m_carrier;
};

std::string
ToHex(const Frame& frame)
{
    static constexpr const char* DIGITS = "0123456789abcdef";
    std::string text;
    for (const uint8_t byte : frame)
    {
        text += DIGITS[byte >> 4U];
        text += DIGITS[byte & 0xfU];
    }
    return text;
}

Hardware
ParseHardware(const std::string& text)
{
    Hardware result{};
    for (size_t i = 0; i < result.size(); ++i)
    {
        result.at(i) = static_cast<uint8_t>(std::stoul(text.substr(3 * i, 2), nullptr, 16));
    }
    return result;
}

void
AddOptions(CLI::App& app, ProbeOptions& options)
{
    const auto address = [&app](const std::string& name, Ipv4& value)
    {
        app.add_option_function<std::string>(name,
                                             [&value](const std::string& text)
                                             { value = Ipv4::Parse(text).value_or(Ipv4{}); });
    };
    const auto hardware = [&app](const std::string& name, Hardware& value)
    {
        app.add_option_function<std::string>(name,
                                             [&value](const std::string& text)
                                             { value = ParseHardware(text); });
    };
    app.add_option("--pins", options.pins, "Folder of the carrier's pins")->required();
    app.add_option("--device", options.device, "By which A's packets come");
    app.add_option("--other-device", options.otherDevice, "By which B's come");
    app.add_option("--program", options.program, "To time: ist_tc or ist_xdp");
    app.add_option("--kind", options.kind, "Of the splice timed: udp, passive or pure");
    app.add_option("--count", options.count, "Splices to fill in");
    app.add_option("--repeats", options.repeats, "Runs");
    app.add_option("--size", options.size, "Bytes of payload");
    app.add_flag("--joined", options.joined, "The splices timed are there from an earlier call");
    address("--west", options.west);
    address("--east", options.east);
    hardware("--hardware", options.hardware);
    hardware("--other-hardware", options.otherHardware);
    hardware("--own-hardware", options.ownHardware);
}

int
RunProbe(int argc, char** argv)
{
    ProbeOptions options;
    CLI::App app("Fills and times an attached eBPF IST.", "isblab-ist-probe");
    app.require_subcommand(1);
    const CLI::App* fill = app.add_subcommand("fill", "Join UDP splices; prints a frame of one");
    app.add_subcommand("time", "Nanoseconds a packet")->fallthrough();
    app.get_subcommand("fill")->fallthrough();
    AddOptions(app, options);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return app.exit(error) == 0 ? 0 : 2;
    }
    Probe probe(options);
    if (*fill)
    {
        probe.Fill();
        std::cout << ToHex(probe.FilledFrame()) << '\n';
        return 0;
    }
    std::cout << probe.Time() << '\n';
    return 0;
}

} // namespace

} // namespace isb

int
main(int argc, char** argv)
{
    try
    {
        return isb::RunProbe(argc, argv);
    }
    catch (const std::exception& error)
    {
        std::cerr << "isblab-ist-probe: " << error.what() << '\n';
        return 1;
    }
}
