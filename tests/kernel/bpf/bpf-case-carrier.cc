// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/bpf/bpf-case-carrier.h"

#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-maps.h"

#include <array>
#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <stdexcept>

namespace isb::cases
{
namespace
{

constexpr size_t ETHERNET = 14;
constexpr size_t MOST_OUT = 8192;

Descriptor
Pinned(const std::string& folder, const char* name)
{
    const std::string path = folder + "/" + name;
    Descriptor object(::bpf_obj_get(path.c_str()));
    if (!object)
    {
        throw SystemError("open " + path);
    }
    return object;
}

IstSettings
Settings()
{
    IstSettings settings = AllCases().front().settings;
    settings.maxSplices = 64;
    return settings;
}

Bytes
WithoutEthernet(const Bytes& frame)
{
    return {frame.begin() + ETHERNET, frame.end()};
}

} // namespace

BpfCaseCarrier::BpfCaseCarrier(BpfTestNet& net, XdpMode xdp)
    : m_net(net)
{
    BpfAttachOptions options;
    options.bpffs = BpfTestNet::BPFFS;
    options.name = xdp == XdpMode::None ? "tc" : "xdp";
    options.devices = {"west", "east"};
    options.xdp = xdp;
    options.settings = Settings();
    options.verbose = true;
    auto attached = BpfCarrier::Attach(options);
    if (!attached)
    {
        throw std::runtime_error(attached.Why());
    }
    m_carrier = std::move(*attached);
    m_folder = BpfCarrier::FolderOf(options.bpffs, options.name);
    m_tc = Pinned(m_folder, IST_PROGRAM_NAME_TC);
    m_fragments = Pinned(m_folder, IST_MAP_FRAGMENTS);
    if (xdp != XdpMode::None)
    {
        m_xdp = Pinned(m_folder, "ist_xdp");
    }
}

BpfCaseCarrier::~BpfCaseCarrier()
{
    m_carrier.reset();
    EXPECT_TRUE(BpfCarrier::Detach(m_folder));
}

std::string
BpfCaseCarrier::Open(const IstPair& pair)
{
    const auto id = m_carrier->Add(pair);
    return id ? std::string() : id.Why();
}

bool
BpfCaseCarrier::HoldsFragments() const
{
    return false;
}

unsigned int
BpfCaseCarrier::EndedAtXdp() const
{
    return m_endedAtXdp;
}

void
BpfCaseCarrier::Clear()
{
    for (const IstSpliceInfo& splice : m_carrier->List())
    {
        (void)m_carrier->Remove(splice.id);
    }
    std::array<uint8_t, 64> key{}; // of whatever form
    while (::bpf_map_get_next_key(m_fragments.Get(), nullptr, key.data()) == 0)
    {
        (void)::bpf_map_delete_elem(m_fragments.Get(), key.data());
    }
    (void)m_net.TakeSent();
    m_endedAtXdp = 0;
}

BpfCaseCarrier::Run
BpfCaseCarrier::RunTc(IstSide at, const Bytes& frame) const
{
    Run run;
    run.frame.resize(MOST_OUT);
    __sk_buff context{};
    context.ifindex = static_cast<uint32_t>(m_net.Interface(at));
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<uint32_t>(frame.size());
    options.data_out = run.frame.data();
    options.data_size_out = static_cast<uint32_t>(run.frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.repeat = 1;
    if (::bpf_prog_test_run_opts(m_tc.Get(), &options) != 0)
    {
        throw SystemError("run the tc program on " + Show(frame));
    }
    run.verdict = options.retval;
    run.frame.resize(options.data_size_out);
    return run;
}

BpfCaseCarrier::Run
BpfCaseCarrier::RunXdp(IstSide at, const Bytes& frame) const
{
    Run run;
    run.frame.resize(MOST_OUT);
    xdp_md context{};
    context.data_end = static_cast<uint32_t>(frame.size());
    context.ingress_ifindex = static_cast<uint32_t>(m_net.Interface(at));
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<uint32_t>(frame.size());
    options.data_out = run.frame.data();
    options.data_size_out = static_cast<uint32_t>(run.frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.repeat = 1;
    if (::bpf_prog_test_run_opts(m_xdp.Get(), &options) != 0)
    {
        throw SystemError("run the XDP program on " + Show(frame));
    }
    run.verdict = options.retval;
    run.frame.resize(options.data_size_out);
    return run;
}

void
BpfCaseCarrier::Judge(const IstCounters& before, Outcome& outcome)
{
    const IstCounters after = m_carrier->Counters();
    outcome.fate = after.forwarded != before.forwarded ? Fate::Forwarded : Fate::Consumed;
    for (const auto& [reason, count] : after.drops)
    {
        const auto old = before.drops.find(reason);
        if (count != (old == before.drops.end() ? 0 : old->second))
        {
            outcome.fate = Fate::Dropped;
            outcome.reason = reason;
        }
    }
}

Outcome
BpfCaseCarrier::Give(IstSide at, const Bytes& packet)
{
    const IstCounters before = m_carrier->Counters();
    Bytes frame = m_net.Frame(at, packet);
    Outcome outcome;
    Run run;
    bool redirected = false;
    bool passed = true;
    if (m_xdp)
    {
        run = RunXdp(at, frame);
        redirected = run.verdict == XDP_REDIRECT || run.verdict == XDP_TX;
        passed = run.verdict == XDP_PASS;
        m_endedAtXdp += redirected ? 1 : 0;
        EXPECT_TRUE(!passed || run.frame == frame) << "XDP changed what it passes";
    }
    if (passed)
    {
        run = RunTc(at, frame);
        redirected = run.verdict == TC_ACT_REDIRECT;
        passed = run.verdict == TC_ACT_OK || run.verdict == static_cast<uint32_t>(TC_ACT_UNSPEC);
        EXPECT_TRUE(!passed || run.frame == frame) << "tc changed what it passes";
    }
    outcome.out = m_net.TakeSent();
    if (passed)
    {
        return outcome;
    }
    Judge(before, outcome);
    if (redirected)
    {
        outcome.out.emplace_back(m_net.AddresseeOf(run.frame), WithoutEthernet(run.frame));
    }
    return outcome;
}

} // namespace isb::cases
