#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Checks the module with sparse. Usage: sparse.sh SOURCE-ROOT KERNEL-RELEASE OUTPUT-DIRECTORY
# Exits 77, which ctest shows as skipped, when sparse is missing. Left out: lock contexts, as sparse
# cannot follow a lock that is held only if something was found; truncated constants, as the core
# narrows them on purpose.
set -eu
root=$1 release=$2 out=$3
command -v sparse >/dev/null || { echo "SKIP: sparse is missing (Debian package sparse)"; exit 77; }
mkdir -p "$out"
cp "$root"/kernel/module/Kbuild "$root"/kernel/module/*.[ch] "$out"
rm -f "$out"/*.o
make -s -C "/usr/src/linux-headers-$release" M="$out" ISB_ROOT="$root" C=2 CHECK=sparse \
	CF="-Wno-context -Wno-cast-truncate" modules >"$out/log" 2>&1 || { cat "$out/log"; exit 1; }
if grep -E "warning:|error:" "$out/log"; then
	exit 1
fi
