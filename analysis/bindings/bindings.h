// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BINDINGS_BINDINGS_H
#define ISB_BINDINGS_BINDINGS_H

#include <pybind11/pybind11.h>

namespace isb
{

/// Each adds one subject to the module isblab._core.
void BindLab(pybind11::module_& module);
void BindNat(pybind11::module_& module);
void BindIst(pybind11::module_& module);
void BindPunch(pybind11::module_& module);

} // namespace isb

#endif
