// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/tun-access.h"

#include "emulation/carrier/tun-carrier.h"
#include "emulation/ist/background-process.h"
#include "emulation/ist/control-server.h"
#include "emulation/ist/remote-carrier.h"
#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <net/if.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace isb
{

namespace
{

const char* const SUFFIX = ".sock";
constexpr std::chrono::seconds DEVICE_GONE(5);
constexpr std::chrono::milliseconds DEVICE_PAUSE(5);

std::filesystem::path
FolderOf(const IstPlace& place)
{
    return std::filesystem::path(place.runFolder) / "isblab";
}

std::string
SocketOf(const IstPlace& place)
{
    return FolderOf(place) / (place.name + SUFFIX);
}

void
MakeFolder(const IstPlace& place)
{
    std::error_code error;
    std::filesystem::create_directories(FolderOf(place), error);
    if (error)
    {
        throw SystemError("make the folder " + FolderOf(place).string(), error.value());
    }
}

/// One `ist` at a time starts or ends the carrier of a name. Without the folder there is none to
/// end, and nothing is locked.
Descriptor
Lock(const IstPlace& place)
{
    const std::string path = FolderOf(place) / (place.name + ".lock");
    Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file && errno == ENOENT)
    {
        return file;
    }
    if (!file)
    {
        throw SystemError("open " + path);
    }
    while (flock(file.Get(), LOCK_EX) != 0)
    {
        if (errno != EINTR)
        {
            throw SystemError("lock " + path);
        }
    }
    return file;
}

/// The kernel removes a TUN device a moment after its process has let it go.
void
AwaitDeviceGone(const std::string& device)
{
    const auto last = std::chrono::steady_clock::now() + DEVICE_GONE;
    while (if_nametoindex(device.c_str()) != 0)
    {
        if (std::chrono::steady_clock::now() > last)
        {
            throw SystemError("wait until the device " + device + " is gone", ETIMEDOUT);
        }
        std::this_thread::sleep_for(DEVICE_PAUSE);
    }
}

/// The carrier at work in this process until SIGTERM, SIGINT or an order to stop.
void
Carry(const TunOptions& options, const std::string& path, const std::function<void()>& runs)
{
    asio::io_context io(1);
    TunCarrier carrier(io, options);
    const Json description = {{"carrier", carrier.Name()},
                              {"devices", options.devices},
                              {"process", getpid()}};
    ControlServer server(
        io,
        path,
        carrier,
        [&description] { return Json(description); },
        [&io] { io.stop(); });
    asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([&io](const std::error_code&, int) { io.stop(); });
    runs();
    io.run();
}

OpenedCarrier
Opened(const IstPlace& place)
{
    auto carrier = std::make_unique<RemoteCarrier>(SocketOf(place));
    std::vector<std::string> devices;
    for (const Json& device : carrier->Description().value("devices", Json::array()))
    {
        devices.push_back(device.is_string() ? device.get<std::string>() : "?");
    }
    return {std::move(carrier), std::move(devices)};
}

/// User space over TUN: a process in the background, found through its control socket. Its TUN
/// device has the IST's name.
class TunAccess : public CarrierAccess
{
  public:
    [[nodiscard]] std::vector<std::string_view>
    Carriers() const override
    {
        return {"tun"};
    }

    [[nodiscard]] std::vector<std::string>
    Attached(const IstPlace& place) override
    {
        std::vector<std::string> names;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(FolderOf(place), error))
        {
            IstPlace found = place;
            found.name = entry.path().stem();
            if (entry.path().extension() == SUFFIX && IsRunning(found))
            {
                names.push_back(found.name);
            }
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    [[nodiscard]] Result<AttachAnswer>
    Attach(const AttachOrder& order, const IstPlace& place) override
    {
        if (place.name.size() >= IFNAMSIZ)
        {
            return Error{"the carrier tun gives its device the IST's name: '" + place.name +
                         "' is longer than " + std::to_string(IFNAMSIZ - 1) + " characters"};
        }
        MakeFolder(place);
        Descriptor lock = Lock(place);
        if (IsRunning(place))
        {
            return AttachAnswer{Opened(place), true};
        }
        TunCarrier::Detach(place.name); // what a killed process has left
        TunOptions options;
        options.device = place.name;
        options.devices = order.devices;
        options.settings = order.settings;
        if (order.isForeground)
        {
            Carry(options, SocketOf(place), [&lock] { lock.Close(); });
            return AttachAnswer{};
        }
        StartInBackground([&](const std::function<void()>& runs)
                          { Carry(options, SocketOf(place), runs); });
        return AttachAnswer{Opened(place), false};
    }

    [[nodiscard]] Result<OpenedCarrier>
    Open(const IstPlace& place) override
    {
        return Opened(place);
    }

    [[nodiscard]] Result<bool>
    Detach(const IstPlace& place) override
    {
        const Descriptor lock = Lock(place);
        if (IsRunning(place))
        {
            RemoteCarrier(SocketOf(place)).Stop();
            AwaitDeviceGone(place.name);
            return true;
        }
        // A killed process leaves its socket, and rules that lead nowhere.
        const bool socket = unlink(SocketOf(place).c_str()) == 0;
        const bool rules = TunCarrier::Detach(place.name);
        return socket || rules;
    }

    [[nodiscard]] std::vector<CapabilityReport>
    Probe(const std::vector<std::string>& /*devices*/, const IstPlace& /*place*/) override
    {
        return {TunCarrier::Probe()};
    }

  private:
    /// Somebody answers at its socket. A socket that we may not use belongs to one that runs.
    [[nodiscard]] static bool
    IsRunning(const IstPlace& place)
    {
        try
        {
            const RemoteCarrier carrier(SocketOf(place));
            return true;
        }
        catch (const SystemError& error)
        {
            if (error.Number() == ENOENT || error.Number() == ECONNREFUSED)
            {
                return false;
            }
            throw;
        }
    }
};

} // namespace

std::unique_ptr<CarrierAccess>
MakeTunAccess()
{
    return std::make_unique<TunAccess>();
}

} // namespace isb
