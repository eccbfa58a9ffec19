// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_MACHINE_CREDENTIAL_H
#define ISB_CORE_MACHINE_CREDENTIAL_H

#include "model/wire/isb-message.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace isb
{

/// The message authentication code with which a login proves its shared secret over the ISB's
/// challenge. Injected: real daemons bring a cryptographic one, the simulation SimulatedMac.
class Mac
{
  public:
    virtual ~Mac() = default;
    [[nodiscard]] virtual std::vector<uint8_t> Compute(std::string_view secret,
                                                       const Token& challenge) const = 0;
};

/// 64 bits mixed from secret and challenge. Different secrets differ; it keeps out no attacker:
/// for simulation only.
class SimulatedMac : public Mac
{
  public:
    [[nodiscard]] std::vector<uint8_t> Compute(std::string_view secret,
                                               const Token& challenge) const override;
};

} // namespace isb

#endif
