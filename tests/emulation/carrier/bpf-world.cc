// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/emulation/carrier/bpf-world.h"

#include "emulation/sys/inet-socket.h"
#include "emulation/sys/subprocess.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace isb
{

namespace
{

constexpr int WATCHDOG_MS = 10000;

std::vector<std::string>
Words(const std::string& program, const std::string& text)
{
    std::vector<std::string> words{program};
    std::istringstream stream(text);
    for (std::string word; stream >> word;)
    {
        words.push_back(word);
    }
    return words;
}

void
RunIp(const NetworkNamespace& space, const std::string& arguments)
{
    (void)RunCommand({Words("ip", arguments), &space, ""});
}

/// A private place for mounts, once a process.
void
LeaveMountNamespace()
{
    static const bool LEFT = []
    {
        return unshare(CLONE_NEWNS) == 0 &&
               mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    }();
    if (!LEFT)
    {
        throw SystemError("make a mount namespace");
    }
}

bool
Await(int socket, short event)
{
    pollfd waited{socket, event, 0};
    return poll(&waited, 1, WATCHDOG_MS) == 1;
}

} // namespace

void
BpfWorld::SetUp()
{
    if (geteuid() != 0)
    {
        GTEST_SKIP() << "eBPF programs need root";
    }
    LeaveMountNamespace();
    bpffs = (std::filesystem::temp_directory_path() / ("isblab-bpf-" + std::to_string(getpid())))
                .string();
    std::filesystem::create_directory(bpffs);
    ASSERT_EQ(mount("bpf", bpffs.c_str(), "bpf", 0, nullptr), 0);
    ist.emplace(NetworkNamespace::Create());
    a.emplace(NetworkNamespace::Create());
    b.emplace(NetworkNamespace::Create());
    m_scope.emplace(*ist);
    for (const auto& [user, inner, outer, net] :
         {std::tuple{&*a, "a", "ia", "10.1.0."}, std::tuple{&*b, "b", "ib", "10.2.0."}})
    {
        RunIp(*ist,
              std::string("link add ") + outer + " type veth peer name " + inner + " netns " +
                  user->Path());
        RunIp(*ist, std::string("addr add ") + net + "254/24 dev " + outer);
        RunIp(*ist, std::string("link set dev ") + outer + " up");
        RunIp(*user, std::string("addr add ") + net + "1/24 dev " + inner);
        RunIp(*user, std::string("link set dev ") + inner + " up");
    }
}

void
BpfWorld::TearDown()
{
    m_scope.reset();
    if (!bpffs.empty())
    {
        umount2(bpffs.c_str(), MNT_DETACH);
        std::filesystem::remove(bpffs);
    }
}

BpfAttachOptions
BpfWorld::Options(const std::string& name) const
{
    BpfAttachOptions options;
    options.bpffs = bpffs;
    options.name = name;
    options.devices = {"ia", "ib"};
    options.settings.maxSplices = 64;
    return options;
}

std::string
BpfWorld::Folder(const std::string& name) const
{
    return BpfCarrier::FolderOf(bpffs, name);
}

std::string
BpfWorld::Ip(const std::string& arguments) const
{
    return RunCommand({Words("ip", arguments), &*ist, ""});
}

std::string
BpfWorld::Tc(const std::string& arguments) const
{
    return RunCommand({Words("tc", arguments), &*ist, ""});
}

std::string
BpfWorld::TracesOn(const std::string& device) const
{
    std::string traces;
    if (Ip("-details link show dev " + device).find("xdp") != std::string::npos)
    {
        traces += "xdp ";
    }
    if (Tc("qdisc show dev " + device).find("clsact") != std::string::npos)
    {
        traces += "clsact ";
        if (Tc("filter show dev " + device + " ingress").find("ist_tc") != std::string::npos)
        {
            traces += "filter ";
        }
    }
    return traces;
}

void
BpfWorld::AddForeignFilter(const std::string& device)
{
    const std::array<bpf_insn, 2> instructions{
        bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
        bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    };
    const Descriptor program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS,
                                           "foreign",
                                           "GPL",
                                           instructions.data(),
                                           instructions.size(),
                                           nullptr));
    ASSERT_TRUE(program);
    bpf_tc_hook hook{};
    hook.sz = sizeof(hook);
    hook.ifindex = static_cast<int>(if_nametoindex(device.c_str()));
    hook.attach_point = BPF_TC_EGRESS;
    bpf_tc_opts filter{};
    filter.sz = sizeof(filter);
    filter.prog_fd = program.Get();
    ASSERT_EQ(bpf_tc_attach(&hook, &filter), 0);
}

uint64_t
BpfWorld::Runs(const std::string& program) const
{
    const Descriptor pinned(bpf_obj_get((Folder() + "/" + program).c_str()));
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    EXPECT_EQ(bpf_obj_get_info_by_fd(pinned.Get(), &info, &size), 0);
    return info.run_cnt;
}

Descriptor
BpfWorld::RunsAreCounted()
{
    return Descriptor(bpf_enable_stats(BPF_STATS_RUN_TIME));
}

std::string
BpfWorld::Pinned() const
{
    std::string names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(bpffs))
    {
        const std::string name = entry.path().filename().string();
        if (name != "progs.debug" && name != "maps.debug") // the kernel's own
        {
            names += name + "\n";
        }
    }
    return names;
}

void
BpfWorld::InAKilledProcess(const std::function<void()>& action)
{
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
    {
        try
        {
            action();
        }
        catch (const std::exception& error)
        {
            std::cerr << error.what() << "\n";
            _exit(1);
        }
        (void)raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
}

Descriptor
BpfWorld::ConnectUser(const NetworkNamespace& space, Endpoint from, Endpoint to)
{
    const NamespaceScope scope(space);
    return std::move(StartConnection(from, to).socket);
}

bool
BpfWorld::HasConnected(const Descriptor& user)
{
    return Await(user.Get(), POLLOUT) && TakeError(user.Get()) == 0;
}

std::optional<BpfWorld::Users>
BpfWorld::ConnectUsers(const IstPair& pair)
{
    Users users;
    users.a = ConnectUser(*a, {{0x0a010001}, 0}, {{0x0a0100fe}, pair.portA});
    users.b = ConnectUser(*b, {{0x0a020001}, 0}, {{0x0a0200fe}, pair.portB});
    return HasConnected(users.a) && HasConnected(users.b) ? std::optional(std::move(users))
                                                          : std::nullopt;
}

std::string
BpfWorld::Carry(const Descriptor& from, const Descriptor& to, const std::string& text)
{
    if (send(from.Get(), text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size()))
    {
        return "";
    }
    std::string came;
    while (came.size() < text.size() && Await(to.Get(), POLLIN))
    {
        std::array<char, 256> buffer{};
        const ssize_t size = recv(to.Get(), buffer.data(), buffer.size(), 0);
        if (size <= 0)
        {
            break;
        }
        came.append(buffer.data(), static_cast<size_t>(size));
    }
    return came;
}

} // namespace isb
