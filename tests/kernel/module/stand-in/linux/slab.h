/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernel/module/stand-in/kernel-stand-in.h"
