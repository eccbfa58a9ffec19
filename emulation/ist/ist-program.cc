// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-program.h"

#include "emulation/ist/ist-text.h"
#include "emulation/ist/network-devices.h"
#include "emulation/ist/news-watch.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

namespace isb
{

namespace
{

/// On Linux steady_clock is CLOCK_MONOTONIC, the clock of the carriers.
TimePoint
Now()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

std::string
Joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const std::string& word : words)
    {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

std::string
NoSplice(uint64_t id)
{
    return "there is no splice " + std::to_string(id) + "; `ist list` shows all";
}

/// What has been added of an order that fails goes again.
void
RemoveAll(SpliceCarrier& carrier, const std::vector<uint64_t>& ids)
{
    for (const uint64_t id : ids)
    {
        carrier.Remove(id);
    }
}

Json
CapabilitiesJson(const std::vector<CapabilityReport>& reports)
{
    Json all = Json::array();
    for (const CapabilityReport& report : reports)
    {
        Json capabilities = Json::array();
        for (const Capability& one : report.capabilities)
        {
            capabilities.push_back({{"what", one.what},
                                    {"present", one.present},
                                    {"needed", one.needed},
                                    {"detail", one.detail}});
        }
        all.push_back({{"carrier", report.carrier},
                       {"usable", report.IsUsable()},
                       {"capabilities", std::move(capabilities)}});
    }
    return {{"carriers", std::move(all)}};
}

} // namespace

IstProgram::IstProgram(std::vector<std::unique_ptr<CarrierAccess>> accesses,
                       std::ostream& out,
                       std::ostream& err)
    : m_accesses(std::move(accesses)),
      m_directory(m_accesses),
      m_out(out),
      m_err(err)
{
}

int
IstProgram::Run(const IstOptions& options)
{
    try
    {
        return Do(options);
    }
    catch (const std::exception& error)
    {
        m_err << "ist: " << error.what() << "\n";
    }
    if (options.command == IstCommand::Attach)
    {
        Hint(options.attach, options.place);
    }
    return IST_STATUS_SYSTEM;
}

int
IstProgram::Do(const IstOptions& options)
{
    switch (options.command)
    {
    case IstCommand::Attach:
        return Attach(options);
    case IstCommand::Detach:
        return Detach(options);
    case IstCommand::Check:
        return Check(options);
    default:
        break;
    }
    const auto choice = m_directory.Choose(options.place);
    if (!choice)
    {
        return Refuse(choice.Why());
    }
    const auto opened = choice->access->Open(choice->place);
    if (!opened)
    {
        return Refuse(opened.Why());
    }
    SpliceCarrier& carrier = *opened->carrier;
    switch (options.command)
    {
    case IstCommand::AddSplice:
        return AddSplices(options, carrier);
    case IstCommand::RemoveSplice:
        return RemoveSplice(options, carrier);
    case IstCommand::Show:
        return Show(options, carrier);
    case IstCommand::Stats:
        return Stats(options, choice->place.name, carrier);
    case IstCommand::Watch:
        return Watch(options, carrier);
    default:
        return List(options, choice->place.name, carrier);
    }
}

int
IstProgram::Attach(const IstOptions& options)
{
    IstPlace place = options.place;
    if (place.name.empty())
    {
        place.name = STANDARD_IST_NAME;
    }
    const auto access = m_directory.Offering(options.attach.carrier);
    if (!access)
    {
        return Refuse(access.Why());
    }
    if (const auto unknown = UnknownDevice(options.attach.devices))
    {
        return Refuse(*unknown);
    }
    if (const auto conflict = m_directory.NameConflict(**access, place))
    {
        return Refuse(*conflict);
    }
    auto answer = (*access)->Attach(options.attach, place);
    if (!answer)
    {
        (void)Refuse("attach: " + answer.Why());
        Hint(options.attach, place);
        return IST_STATUS_REFUSED;
    }
    if (!answer->opened.carrier)
    {
        return 0; // it stayed here and is over
    }
    const std::string carrier(answer->opened.carrier->Name());
    const size_t splices = answer->adopted ? answer->opened.carrier->List().size() : 0;
    if (options.isJson)
    {
        Print({{"carrier", carrier},
               {"name", place.name},
               {"devices", answer->opened.devices},
               {"adopted", answer->adopted},
               {"splices", splices}});
        return 0;
    }
    m_out << (answer->adopted ? "adopted" : "attached") << " '" << place.name << "': " << carrier
          << " on " << Joined(answer->opened.devices);
    if (answer->adopted)
    {
        m_out << ", " << splices << (splices == 1 ? " splice goes on" : " splices go on");
    }
    m_out << "\n";
    return 0;
}

/// When a carrier could not be attached: what it lacks here.
void
IstProgram::Hint(const AttachOrder& order, const IstPlace& place)
{
    try
    {
        const auto access = m_directory.Offering(order.carrier);
        if (!access)
        {
            return;
        }
        for (const CapabilityReport& report : (*access)->Probe(order.devices, place))
        {
            for (const Capability& one : report.capabilities)
            {
                if (report.carrier == order.carrier && !one.present && one.needed)
                {
                    m_err << "ist: missing for " << report.carrier << ": " << one.what
                          << (one.detail.empty() ? "" : ": " + one.detail) << "\n";
                }
            }
        }
    }
    catch (const std::exception&)
    {
        return; // the error itself is told already
    }
}

int
IstProgram::Detach(const IstOptions& options)
{
    IstPlace place = options.place;
    if (place.name.empty())
    {
        const auto choice = m_directory.Choose(place);
        // Something that is too broken to be listed may still be there under the standard name.
        place.name = choice ? choice->place.name : std::string(STANDARD_IST_NAME);
    }
    bool found = false;
    std::vector<std::string> refusals;
    std::exception_ptr failure;
    for (const auto& access : m_accesses)
    {
        try
        {
            const auto detached = access->Detach(place);
            if (!detached)
            {
                refusals.push_back(detached.Why());
            }
            found = found || (detached && *detached);
        }
        catch (const std::exception&)
        {
            failure = failure ? failure : std::current_exception();
        }
    }
    if (failure)
    {
        std::rethrow_exception(failure);
    }
    if (!refusals.empty())
    {
        return Refuse(Joined(refusals));
    }
    if (!found)
    {
        const auto choice = m_directory.Choose(options.place);
        return Refuse(choice ? "'" + place.name + "' is not attached" : choice.Why());
    }
    if (options.isJson)
    {
        Print({{"name", place.name}, {"detached", true}});
    }
    else
    {
        m_out << "detached '" << place.name << "'\n";
    }
    return 0;
}

int
IstProgram::Check(const IstOptions& options)
{
    if (const auto unknown = UnknownDevice(options.checkDevices))
    {
        return Refuse(*unknown);
    }
    std::vector<CapabilityReport> reports;
    for (const auto& access : m_accesses)
    {
        for (CapabilityReport& report : access->Probe(options.checkDevices, options.place))
        {
            reports.push_back(std::move(report));
        }
    }
    if (options.isJson)
    {
        Print(CapabilitiesJson(reports));
    }
    else
    {
        m_out << CapabilitiesText(reports);
    }
    const bool any = std::any_of(reports.begin(),
                                 reports.end(),
                                 [](const CapabilityReport& one) { return one.IsUsable(); });
    return any ? 0 : IST_STATUS_REFUSED;
}

/// All of them or none.
int
IstProgram::AddSplices(const IstOptions& options, SpliceCarrier& carrier)
{
    IstPair pair = options.pair;
    std::vector<uint64_t> ids;
    std::string text;
    for (uint32_t i = 0; i < options.count; ++i)
    {
        Result<uint64_t> id = Error{""};
        try
        {
            id = carrier.Add(pair);
        }
        catch (const std::exception&)
        {
            RemoveAll(carrier, ids);
            throw;
        }
        if (!id)
        {
            RemoveAll(carrier, ids);
            return Refuse("add a splice: " + id.Why());
        }
        ids.push_back(*id);
        text += AddedText(pair, *id);
        ++pair.portA;
        pair.portB = pair.portB == 0 ? uint16_t{0} : static_cast<uint16_t>(pair.portB + 1);
    }
    if (!options.isJson)
    {
        m_out << text;
        return 0;
    }
    Json answer = {{"id", ids.front()}};
    if (options.count > 1)
    {
        answer["ids"] = ids;
    }
    Print(answer);
    return 0;
}

int
IstProgram::RemoveSplice(const IstOptions& options, SpliceCarrier& carrier)
{
    if (!carrier.Remove(options.id))
    {
        return Refuse(NoSplice(options.id));
    }
    if (options.isJson)
    {
        Print({{"id", options.id}, {"removed", true}});
    }
    else
    {
        m_out << "removed splice " << options.id << "\n";
    }
    return 0;
}

int
IstProgram::List(const IstOptions& options, const std::string& name, SpliceCarrier& carrier)
{
    const std::vector<IstSpliceInfo> splices = carrier.List();
    if (!options.isJson)
    {
        m_out << ListText(splices, Now());
        return 0;
    }
    Json list = Json::array();
    for (const IstSpliceInfo& splice : splices)
    {
        list.push_back(SpliceJson(splice, Now()));
    }
    Print({{"carrier", carrier.Name()}, {"name", name}, {"splices", std::move(list)}});
    return 0;
}

int
IstProgram::Show(const IstOptions& options, SpliceCarrier& carrier)
{
    const auto splice = carrier.Find(options.id);
    if (!splice)
    {
        return Refuse(NoSplice(options.id));
    }
    if (options.isJson)
    {
        Print(SpliceJson(*splice, Now()));
    }
    else
    {
        m_out << SpliceText(*splice, Now());
    }
    return 0;
}

int
IstProgram::Stats(const IstOptions& options, const std::string& name, SpliceCarrier& carrier)
{
    const IstCounters counters = carrier.Counters();
    if (!options.isJson)
    {
        m_out << CountersText(counters);
        return 0;
    }
    Json answer = {{"carrier", carrier.Name()}, {"name", name}};
    answer.update(CountersJson(counters));
    Print(answer);
    return 0;
}

int
IstProgram::Watch(const IstOptions& options, SpliceCarrier& carrier)
{
    NewsWatch watch(carrier);
    uint64_t told = 0;
    while (options.newsCount == 0 || told < options.newsCount)
    {
        const auto all = watch.Wait();
        if (!all)
        {
            return 0;
        }
        for (const CarrierNews& news : *all)
        {
            m_out << (options.isJson ? NewsJson(news).dump() + "\n" : NewsText(news));
            ++told;
        }
        if (!m_out.flush())
        {
            return 0; // nobody reads any more
        }
    }
    return 0;
}

int
IstProgram::Refuse(const std::string& why)
{
    m_err << "ist: " << why << "\n";
    return IST_STATUS_REFUSED;
}

void
IstProgram::Print(const Json& json)
{
    m_out << json.dump(1) << "\n";
}

int
RunIst(int argc,
       const char* const* argv,
       std::vector<std::unique_ptr<CarrierAccess>> accesses,
       std::ostream& out,
       std::ostream& err)
{
    const ParsedIstOptions parsed = ParseIstOptions(argc, argv, out, err);
    if (parsed.status >= 0)
    {
        return parsed.status;
    }
    return IstProgram(std::move(accesses), out, err).Run(parsed.options);
}

} // namespace isb
