// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_KERNEL_MODULE_MODULE_CASE_CARRIER_H
#define ISB_TESTS_KERNEL_MODULE_MODULE_CASE_CARRIER_H

#include "tests/kernel/module/stand-in/module-stand-in.h"
#include "tests/splice-cases/case-run.h"

namespace isb::cases
{

/// The module's packet logic over stand-ins for the kernel, in this process.
class ModuleCaseCarrier : public CaseCarrier
{
  public:
    explicit ModuleCaseCarrier(const IstSettings& settings);
    ~ModuleCaseCarrier() override;

    std::string Open(const IstPair& pair) override;
    Outcome Give(IstSide at, const Bytes& packet) override;
    [[nodiscard]] bool HoldsFragments() const override;

  private:
    ist_host* m_host;
    std::vector<Bytes> m_sent;
};

} // namespace isb::cases

#endif
