// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_LAB_PROGRAMS_H
#define ISB_HELPER_LAB_PROGRAMS_H

#include "model/core/trace/trace-event.h"
#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include "ns3/object.h"
#include "ns3/ptr.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ns3
{

class IsbApplication;
class IstApplication;
class Node;
class UserDaemonApplication;

/**
 * The programs of a lab's broker, translators and users on its hosts: installs them, lets the
 * lab's incidents happen to them, and says what they came to. A program may live several times;
 * counts are of all its lives.
 */
class LabPrograms
{
  public:
    using EventCallback = std::function<void(const isb::TraceEvent&, const std::string& node)>;

    /// `lab` must outlive this object. Node of each of its hosts; seeds of the programs are drawn
    /// from `seed`; `onEvent` may be empty.
    LabPrograms(const isb::Lab& lab,
                std::vector<Ptr<Node>> hosts,
                uint64_t seed,
                EventCallback onEvent);
    ~LabPrograms();

    /// When addresses and routes are there.
    void Install();

    /// What became of every wanted service, in the order of users and their wants. Methods are
    /// those by which connections were joined in the end, as the broker knows them: a daemon does
    /// not hear of a fall-back that changes nothing for it.
    std::vector<isb::SubscriptionResult> Subscriptions() const;
    std::vector<isb::NamedCounters> Brokers() const;
    /// The broker's own translator is after all others, under the broker's name.
    std::vector<isb::NamedCounters> Translators() const;

    Ptr<UserDaemonApplication> Daemon(size_t user) const;
    Ptr<IsbApplication> Broker(size_t broker) const;
    Ptr<IstApplication> Translator(size_t translator) const;

  private:
    using Counters = std::map<std::string, uint64_t>;

    struct UserParts
    {
        Ptr<UserDaemonApplication> program;
        std::vector<isb::SubscriptionResult> past; ///< of lives that are over; parallel to wants
        bool counted = false;                      ///< the present life is in `past`
    };

    struct BrokerParts
    {
        Ptr<IsbApplication> program;
        Counters past;
        bool counted = false;
    };

    struct TranslatorParts
    {
        std::string name;
        size_t host = 0;
        Ptr<IstApplication> program;
        Counters orders; ///< "splices", "splices.passive": counted as they come
        Counters past;
        bool counted = false;
    };

    void InstallBroker(size_t index);
    void InstallTranslator(size_t index,
                           size_t host,
                           const isb::IstServerSettings& settings,
                           const isb::IstSettings& engine);
    void InstallUser(size_t index);
    void Trace(const Ptr<Object>& source, size_t host);
    uint64_t Seed(uint64_t purpose, uint64_t index) const;

    void ScheduleIncidents();
    void Happen(const isb::Incident& incident);
    void CrashHost(size_t host, bool crash);
    void LogUser(size_t user, bool in);
    void OfferService(size_t user, const isb::Incident& incident);
    void CountMethod(const isb::TraceEvent& event);
    void CountLife(UserParts& user) const;
    void CountLife(BrokerParts& broker) const;
    void CountLife(TranslatorParts& translator) const;

    const isb::Lab& m_lab;
    std::vector<Ptr<Node>> m_hosts;
    uint64_t m_seed;
    EventCallback m_onEvent;
    std::vector<BrokerParts> m_brokers;
    std::vector<TranslatorParts> m_translators; ///< the lab's, then brokers' own
    std::vector<UserParts> m_users;
    /// Translated connections by method; of subscriber, provider, service.
    std::map<std::array<std::string, 3>, Counters> m_methods;
};

} // namespace ns3

#endif
