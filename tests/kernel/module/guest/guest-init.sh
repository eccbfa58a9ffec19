#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# First process of the test guest: three namespaces, the module in the middle one, real transfers.
#
#	a 192.0.2.2, 2001:db8:a::2 --- wa [ ist ] wb --- b 198.51.100.2, 2001:db8:b::2
#	                               .1       .1
#
# Prints "RESULT case ok" or "RESULT case failed: why" lines, then powers the guest off.
export PATH=/bin:/sbin
IP=/host/ip # busybox has one of its own, which its shell prefers
/bin/busybox mkdir -p /bin /sbin /proc /sys /dev /run /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
BYTES=$(sed -n 's/.*ist_bytes=\([0-9]*\).*/\1/p' /proc/cmdline)

on() { namespace=$1; shift; $IP netns exec "$namespace" "$@"; }
ist_json() { on ist ist "$@" --json; }
field() { tr ',{}' '\n\n\n' | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" | head -n 1; }

set_up()
{
	for name in a b ist; do
		$IP netns add $name
		on $name $IP link set dev lo up
	done
	for side in a b; do
		$IP link add dev w$side netns ist type veth peer name eth0 netns $side
		on $side $IP link set dev eth0 up
		on ist $IP link set dev w$side up
	done
	on a $IP address add 192.0.2.2/24 dev eth0
	on b $IP address add 198.51.100.2/24 dev eth0
	on ist $IP address add 192.0.2.1/24 dev wa
	on ist $IP address add 198.51.100.1/24 dev wb
	on a $IP address add 2001:db8:a::2/64 dev eth0 nodad
	on b $IP address add 2001:db8:b::2/64 dev eth0 nodad
	on ist $IP address add 2001:db8:a::1/64 dev wa nodad
	on ist $IP address add 2001:db8:b::1/64 dev wb nodad
	# A processor of the guest that is not scheduled delays a fragment for long; b's own protection
	# against mixed up identifications would then lose the datagram (ReasmFails, with all there).
	on b sh -c 'echo 0 >/proc/sys/net/ipv4/ipfrag_max_dist'
	on ist ist attach wa wb --carrier module --time-wait 0.2 || return 1
	dd if=/dev/urandom of=/tmp/a.in bs=65536 count=$((BYTES / 65536)) 2>/dev/null
	dd if=/dev/urandom of=/tmp/b.in bs=65536 count=$((BYTES / 65536)) 2>/dev/null
	sum_a=$(sha256sum </tmp/a.in)
	sum_b=$(sha256sum </tmp/b.in)
}

# Both users came, both streams arrived as they were sent.
verdict()
{
	if [ "$2" != 0 ] || [ "$3" != 0 ]; then
		echo "RESULT $1 failed: users ended with $2 and $3"
		on ist ist list
		on ist ist stats
		on b grep -E "Ip:|Udp:|Tcp:" /proc/net/snmp
	elif [ "$(sha256sum </tmp/b.out)" != "$sum_a" ]; then
		echo "RESULT $1 failed: b did not get what a sent"
	elif [ -n "$4" ] && [ "$(sha256sum </tmp/a.out)" != "$sum_b" ]; then
		echo "RESULT $1 failed: a did not get what b sent"
	else
		echo "RESULT $1 ok"
	fi
	rm -f /tmp/a.out /tmp/b.out
}

# tcp_case NAME A-PORT A-TARGET A-IST-PORT B-PORT B-TARGET B-IST-PORT ORDER...
tcp_case()
{
	name=$1 a_port=$2 a_to=$3 a_ist=$4 b_port=$5 b_to=$6 b_ist=$7
	shift 7
	on ist ist splice add "$@" >/dev/null || { echo "RESULT $name failed: not added"; return; }
	on a guest-transfer tcp $a_port $a_to $a_ist /tmp/a.in /tmp/a.out &
	user_a=$!
	# Pure without B's port: it is open once A's SYN is there.
	tries=0
	while [ "$name" = pure4 ] && [ $tries -lt 100 ] && ! on ist ist list | grep -q SYN_LOOKUP; do
		tries=$((tries + 1))
	done
	on b guest-transfer tcp $b_port $b_to $b_ist /tmp/b.in /tmp/b.out
	status_b=$?
	wait $user_a
	verdict $name $? $status_b both
}

# udp_case NAME BYTES SIZE A-TARGET B-TARGET: the guest's processors are emulated and shared, so that
# a receiver may be late and lose a datagram; whole at one of three times counts.
udp_case()
{
	bytes=$2
	dd if=/tmp/a.in of=/tmp/udp.in bs=65536 count=$((bytes / 65536)) 2>/dev/null
	sum=$sum_a sum_a=$(sha256sum </tmp/udp.in)
	for attempt in 1 2 3; do
		on ist ist splice add --method udp --port-a 7001 --port-b 7002 >/dev/null
		on a guest-transfer udp-send 4100 $4 7001 /tmp/udp.in $3 &
		user_a=$!
		on b guest-transfer udp-receive 4200 $5 7002 /tmp/b.out $bytes
		status_b=$?
		wait $user_a
		status_a=$?
		on ist ist detach
		on ist ist attach wa wb --carrier module --time-wait 0.2
		[ "$(sha256sum </tmp/b.out)" != "$sum_a" ] || break
	done
	verdict $1 $status_a $status_b ""
	sum_a=$sum
}

# The way to b is narrower than both users' devices: only as the error about it reaches a, who has
# another family, a's packets become small enough and the transfer ends.
mtu_case()
{
	for user in a b; do
		mv /tmp/$user.in /tmp/$user.all
		dd if=/tmp/$user.all of=/tmp/$user.in bs=65536 count=32 2>/dev/null
	done
	sum_a=$(sha256sum </tmp/a.in)
	sum_b=$(sha256sum </tmp/b.in)
	on ist $IP -6 route add 2001:db8:b::2/128 dev wb mtu lock 1300
	tcp_case "$@"
	on ist $IP -6 route del 2001:db8:b::2/128 dev wb
	mv /tmp/a.all /tmp/a.in
	mv /tmp/b.all /tmp/b.in
	sum_a=$(sha256sum </tmp/a.in)
	sum_b=$(sha256sum </tmp/b.in)
}

refused_source()
{
	id=$(ist_json splice add --method passive --port-a 6001 --port-b 6002 \
		--allow-a 192.0.2.77 --allow-b 198.51.100.77 | field id)
	timeout 1 $IP netns exec a guest-transfer tcp 4001 192.0.2.1 6001 /tmp/a.in /tmp/a.out \
		2>/dev/null
	if on ist ist stats | grep -q "ist.source-refused"; then
		echo "RESULT foreign-source ok"
	else
		echo "RESULT foreign-source failed: no drop was counted"
		on ist ist stats
	fi
	on ist ist splice remove $id >/dev/null
}

port_taken()
{
	on ist ist splice add --method passive --port-a 6101 --port-b 6102 >/dev/null
	why=$(on ist ist splice add --method passive --port-a 6103 --port-b 6102 2>&1)
	case $why in
	*"user B is taken"*) echo "RESULT port-taken ok" ;;
	*) echo "RESULT port-taken failed: $why" ;;
	esac
}

# The host's own services go on beside the IST, also with fragments.
untouched()
{
	dd if=/tmp/a.in of=/tmp/some bs=6000 count=20 2>/dev/null
	on a guest-transfer udp-send 4100 192.0.2.1 9000 /tmp/some 6000 &
	on ist guest-transfer udp-receive 9000 192.0.2.2 4100 /tmp/got 120000
	if [ "$(sha256sum </tmp/got)" = "$(sha256sum </tmp/some)" ]; then
		echo "RESULT untouched ok"
	else
		echo "RESULT untouched failed: $(wc -c </tmp/got) bytes came"
	fi
}

# The module goes at any time, and leaves nothing.
leave()
{
	left=$(ist_json stats | field added)
	# Still attached, with a splice that waits; the UDP cases have detached before.
	rmmod isblab_ist
	if grep -q isblab /proc/modules; then
		echo "RESULT leave failed: the module is still there"
	elif dmesg | grep -E "WARNING|BUG:|Oops|Call Trace|refcount|leak"; then
		echo "RESULT leave failed: the kernel complains"
	else
		echo "RESULT leave ok: $left splices were added"
	fi
}

# The eBPF carrier in the same old kernel, without the module.
bpf_case()
{
	insmod /modules/sch_ingress.ko
	insmod /modules/cls_bpf.ko
	mkdir -p /run/bpf
	mount -t bpf bpf /run/bpf
	export ISB_BPFFS=/run/bpf
	if ! why=$(on ist ist attach wa wb --carrier bpf 2>&1); then
		case $why in
		*"built without"*) echo "RESULT bpf skipped: $why" ;;
		*) echo "RESULT bpf failed: $why" ;;
		esac
		return
	fi
	tcp_case bpf 4061 192.0.2.1 5061 4062 198.51.100.1 5062 \
		--method passive --port-a 5061 --port-b 5062
	on ist ist detach
}

insmod /modules/veth.ko
insmod /modules/isblab-ist.ko || echo "RESULT set-up failed: insmod"
if set_up; then
	echo "RESULT set-up ok"
	tcp_case passive4 4001 192.0.2.1 5001 4002 198.51.100.1 5002 \
		--method passive --port-a 5001 --port-b 5002
	tcp_case pure4 4011 192.0.2.1 4012 4012 198.51.100.1 4011 \
		--method pure --port-a 4012
	tcp_case passive6 4021 2001:db8:a::1 5021 4022 2001:db8:b::1 5022 \
		--method passive --port-a 5021 --port-b 5022
	tcp_case mixed 4031 192.0.2.1 5031 4032 2001:db8:b::1 5032 \
		--method passive --port-a 5031 --port-b 5032
	mtu_case mtu 4051 192.0.2.1 5051 4052 2001:db8:b::1 5052 \
		--method passive --port-a 5051 --port-b 5052
	udp_case udp-6k $((BYTES / 2)) 6000 192.0.2.1 198.51.100.1
	udp_case udp6-6k $((BYTES / 4)) 6000 2001:db8:a::1 2001:db8:b::1
	udp_case udp-mixed $((BYTES / 4)) 1200 192.0.2.1 2001:db8:b::1
	refused_source
	port_taken
	untouched
	leave
	bpf_case
else
	echo "RESULT set-up failed: attach"
fi
dmesg | tail -n 20
echo "RESULT end ok"
poweroff -f
