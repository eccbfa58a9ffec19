// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_REMOTE_CARRIER_H
#define ISB_EMULATION_IST_REMOTE_CARRIER_H

#include "emulation/carrier/splice-carrier.h"
#include "emulation/ist/ist-json.h"
#include "emulation/sys/descriptor.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// A carrier in another process, through its ControlServer. Blocking, with a time limit of ten
/// seconds an order. SystemError when the other process is not there or does not answer,
/// std::runtime_error when it cannot do what it is told.
class RemoteCarrier : public SpliceCarrier
{
  public:
    /// \param path of the ControlServer's socket. Asks at once who is there.
    explicit RemoteCarrier(std::string path);
    ~RemoteCarrier() override;

    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] Result<uint64_t> Add(const IstPair& pair) override;
    bool Remove(uint64_t id) override;
    [[nodiscard]] std::vector<IstSpliceInfo> List() override;
    [[nodiscard]] std::optional<IstSpliceInfo> Find(uint64_t id) override;
    [[nodiscard]] IstCounters Counters() override;
    /// News since the first call of this or of NewsDescriptor().
    [[nodiscard]] std::vector<CarrierNews> TakeNews() override;
    [[nodiscard]] int NewsDescriptor() const override;

    /// What the process says of itself.
    [[nodiscard]] const Json& Description() const;
    /// Ends the process and with it all splices; returns when it has given up its socket.
    void Stop();

  private:
    [[nodiscard]] Json Ask(const Json& order) const;
    void Watch() const;

    std::string m_path;
    std::unique_ptr<Json> m_description;
    std::string m_name;
    mutable WordStore m_words;
    mutable Descriptor m_watch; ///< opened by the first who asks for news
    std::string m_received;     ///< of a line that is not complete
};

} // namespace isb

#endif
