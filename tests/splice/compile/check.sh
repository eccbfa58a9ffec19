#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles the splice core for one environment. Usage: check.sh KIND SOURCE-ROOT OUTPUT-DIRECTORY
#   freestanding  gcc as C11 without a C library, warnings as errors
#   stack         the same, and no entry point takes more than 192 bytes of stack
#   bpf           clang -target bpf
#   kbuild        the Linux kernel's build system
# Exits 77, which ctest shows as skipped, when the tool is missing; prints what is missing.
set -eu
kind=$1 root=$2 out=$3
here=$root/tests/splice/compile
mkdir -p "$out"
STACK_LIMIT=192

need()
{
	command -v "$1" >/dev/null && return
	echo "SKIP: $1 is missing (Debian package $2)"
	exit 77
}

compile_c11()
{
	gcc -std=c11 -O2 -ffreestanding -Wall -Wextra -Wpedantic -Wshadow -Wc++-compat -Wconversion \
		-Werror -fstack-usage -I"$root" -c "$here/entry-points.c" -o "$out/entry-points.o"
}

check_stack()
{
	awk -v limit=$STACK_LIMIT '
		{ print $1 ": " $2 " bytes, " $3 }
		$2 > limit || $3 != "static" { bad = 1 }
		$2 > most { most = $2 }
		END {
			if (NR == 0) { print "no report of stack use"; exit 1 }
			print "most: " most " of " limit " bytes"
			exit bad
		}' "$out/entry-points.su"
	# Entry points call no function of their own, so each figure is all there is.
	if nm --undefined-only "$out/entry-points.o" | grep -v -E ' (memset|memcpy)$'; then
		echo "the core calls out" && exit 1
	fi
}

compile_bpf()
{
	clang=$(command -v clang-14 || command -v clang || true)
	if [ -z "$clang" ] || ! "$clang" --print-targets | grep -qw bpf; then
		echo "SKIP: clang with the bpf target is missing (Debian package clang-14)"
		exit 77
	fi
	"$clang" -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -I"$root" \
		-c "$here/bpf-step.c" -o "$out/bpf-step.o"
}

compile_kbuild()
{
	headers=$(ls -d /usr/src/linux-headers-*-cloud-amd64 /lib/modules/"$(uname -r)"/build \
		2>/dev/null | head -n 1)
	if [ -z "$headers" ]; then
		echo "SKIP: kernel headers are missing (Debian package linux-headers-cloud-amd64)"
		exit 77
	fi
	cp "$here/kbuild/Kbuild" "$here/kbuild/ist-compile-test.c" "$out/"
	make -s -C "$headers" M="$out" ISB_ROOT="$root" modules
	test -f "$out/ist-compile-test.ko"
}

case $kind in
freestanding) need gcc gcc && compile_c11 ;;
stack) need gcc gcc && compile_c11 && check_stack ;;
bpf) compile_bpf ;;
kbuild) need make make && need gcc gcc && compile_kbuild ;;
*) echo "check.sh: unknown kind '$kind'" >&2; exit 2 ;;
esac
