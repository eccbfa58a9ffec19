/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IST_STAND_IN_NETDEVICE_H
#define IST_STAND_IN_NETDEVICE_H

#include "tests/kernel/module/stand-in/kernel-stand-in.h"

#endif
