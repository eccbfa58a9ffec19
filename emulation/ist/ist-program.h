// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_IST_PROGRAM_H
#define ISB_EMULATION_IST_IST_PROGRAM_H

#include "emulation/ist/carrier-access.h"
#include "emulation/ist/carrier-choice.h"
#include "emulation/ist/ist-json.h"
#include "emulation/ist/ist-options.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace isb
{

/// Exit status of a command that was refused, or whose subject does not exist.
inline constexpr int IST_STATUS_REFUSED = 1;
/// Exit status when the system does not let us.
inline constexpr int IST_STATUS_SYSTEM = 3;

/// The commands of `ist` over carriers of any kind. Answers go to `out`, in words or as JSON; why
/// something is not done goes to `err`, one line that begins with "ist: ".
class IstProgram
{
  public:
    IstProgram(std::vector<std::unique_ptr<CarrierAccess>> accesses,
               std::ostream& out,
               std::ostream& err);

    /// Does what is wanted; the exit status. Throws nothing.
    [[nodiscard]] int Run(const IstOptions& options);

  private:
    [[nodiscard]] int Do(const IstOptions& options);
    [[nodiscard]] int Attach(const IstOptions& options);
    [[nodiscard]] int Detach(const IstOptions& options);
    [[nodiscard]] int Check(const IstOptions& options);
    [[nodiscard]] int AddSplices(const IstOptions& options, SpliceCarrier& carrier);
    [[nodiscard]] int RemoveSplice(const IstOptions& options, SpliceCarrier& carrier);
    [[nodiscard]] int List(const IstOptions& options,
                           const std::string& name,
                           SpliceCarrier& carrier);
    [[nodiscard]] int Show(const IstOptions& options, SpliceCarrier& carrier);
    [[nodiscard]] int Stats(const IstOptions& options,
                            const std::string& name,
                            SpliceCarrier& carrier);
    [[nodiscard]] int Watch(const IstOptions& options, SpliceCarrier& carrier);
    [[nodiscard]] int Refuse(const std::string& why);
    void Hint(const AttachOrder& order, const IstPlace& place);
    void Print(const Json& json);

    std::vector<std::unique_ptr<CarrierAccess>> m_accesses;
    CarrierDirectory m_directory;
    std::ostream& m_out;
    std::ostream& m_err;
};

/// The whole program: reads the command line and does it.
[[nodiscard]] int RunIst(int argc,
                         const char* const* argv,
                         std::vector<std::unique_ptr<CarrierAccess>> accesses,
                         std::ostream& out,
                         std::ostream& err);

} // namespace isb

#endif
