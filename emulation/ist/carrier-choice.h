// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_CARRIER_CHOICE_H
#define ISB_EMULATION_IST_CARRIER_CHOICE_H

#include "emulation/ist/carrier-access.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// The name of an IST that nobody named.
inline constexpr std::string_view STANDARD_IST_NAME = "ist";

/// An IST that is attached, and who reaches it.
struct CarrierChoice
{
    CarrierAccess* access = nullptr;
    IstPlace place; ///< with its name
};

/// All ISTs that are attached, of all kinds.
class CarrierDirectory
{
  public:
    explicit CarrierDirectory(const std::vector<std::unique_ptr<CarrierAccess>>& accesses);

    /// The one that `place` means: that of its name, or without a name the only one. Else why not,
    /// and what would be right.
    [[nodiscard]] Result<CarrierChoice> Choose(const IstPlace& place) const;

    /// Who offers a carrier; else why not.
    [[nodiscard]] Result<CarrierAccess*> Offering(const std::string& carrier) const;

    /// The same name is attached by another kind: what is wrong. Nothing when it is free.
    [[nodiscard]] std::optional<std::string> NameConflict(const CarrierAccess& wanted,
                                                          const IstPlace& place) const;

  private:
    [[nodiscard]] std::vector<CarrierChoice> All(const IstPlace& place) const;

    const std::vector<std::unique_ptr<CarrierAccess>>& m_accesses;
};

} // namespace isb

#endif
