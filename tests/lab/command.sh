#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# aajail lab as a command: words, streams, statuses, the deadline, and that nothing stays.
. "$AAJ_SOURCE/tests/lab/common.sh"
lab_or_skip

lab() { "$AAJAIL" lab --timeout 120 "$@"; }

# Everything about one boot that can be asked in one boot.
mkdir "$work/ro" "$work/out"
echo shown >"$work/ro/file"
chmod 700 "$work/ro"
cat >"$work/ro/ask.sh" <<'X'
printf '%s|' "$@"; echo
id -u
echo "to stderr" >&2
cat /sys/module/apparmor/parameters/enabled
cat "$RO/file" 2>/dev/null || cat "$(dirname "$0")/file"
touch /usr/aajail-test && echo "copy on write"
cat /proc/sys/kernel/printk_ratelimit
stat -c %U /etc/passwd
ip -o -4 addr show dev lo 2>/dev/null | grep -c 127.0.0.1 || grep -c lo /proc/net/dev
[ -t 1 ] && echo terminal
cat
echo from-the-guest >/share/made
exit 42
X
lab --ro "$work/ro" --share "$work/out" --klog "$work/klog" -- sh "$work/ro/ask.sh" 'a b' $'c\nd' '' '$HOME "x' \
    >"$work/stdout" 2>"$work/stderr" <<<"the host's stdin"
check "status" 42 $?
check "standard output" $'a b|c\nd||$HOME "x|\n0\nY\nshown\ncopy on write\n0\nroot\n1' "$(cat "$work/stdout")"
check "standard error" "to stderr" "$(cat "$work/stderr")"
check "output folder" "from-the-guest" "$(cat "$work/out/made" 2>/dev/null)"
[ ! -e /usr/aajail-test ] || fail "a write reached the host"
grep -q AppArmor "$work/klog" || fail "--klog holds no word of AppArmor"

lab -- sh -c 'kill -TERM $$'
check "killed by a signal" 143 $?
lab -- no-such-command 2>"$work/stderr"
check "not found" 127 $?
grep -q "no-such-command: No such file" "$work/stderr" || fail "not found is not said"
lab -- /etc/passwd 2>/dev/null
check "not executable" 126 $?
"$AAJAIL" lab 2>/dev/null
check "no command" 125 $?
"$AAJAIL" lab --share "$work/nothing" -- true 2>/dev/null
check "no output folder" 125 $?
# As many files as the user may ever open, not as the shell's limit says.
check "bytes as they are" "$(head -c 300000 "$AAJAIL" | md5sum)" \
    "$(ulimit -Sn 300; lab --ro "$(dirname "$AAJAIL")" -- sh -c 'find /usr/bin -type f | head -n 600 | xargs head -qc 1 >/dev/null
        head -c 300000 "$1"' sh "$AAJAIL" | md5sum)"

start=$SECONDS
"$AAJAIL" lab --timeout 8 -- sh -c 'sleep 100; true' 2>"$work/stderr"
check "deadline" 125 $?
[ $((SECONDS - start)) -lt 25 ] || fail "the deadline came late"
grep -q "deadline of 8 s" "$work/stderr" || fail "the deadline is not said"
# What hangs is said, where the machine was up by then.
for timeout in 30 60; do
    grep -q "still runs: pid [0-9]* (S) sleep 100" "$work/stderr" && break
    "$AAJAIL" lab --timeout $timeout -- sh -c 'sleep 100; true' 2>"$work/stderr"
done
grep -q "still runs: pid [0-9]* (S) sleep 100" "$work/stderr" || fail "what hangs is not said: $(cat "$work/stderr")"

# A reader of the kernel's log that comes late gets all of it: more than a pipe holds.
mkfifo "$work/late"
{ sleep 5; exec cat >"$work/klog"; } <"$work/late" &
lab --klog "$work/late" -- sh -c \
    'for i in $(seq 3000); do echo "line $i of a text long enough to fill a pipe of 64 KiB" >/dev/kmsg; done'
check "a busy kernel log: status" 0 $?
wait $!
check "a busy kernel log: lines" 3000 "$(grep -c "line [0-9]* of a text" "$work/klog")"

# A daemon left behind does not hold the machine up.
start=$SECONDS
check "daemon" started "$(lab -- sh -c 'sleep 1000 & echo started')"
[ $((SECONDS - start)) -lt 60 ] || fail "a daemon held the lab up"

# How many of the lab's kernels with this much memory there are: the size is a run's mark.
kernels() { grep -lzxs "[m]em=${1}M" /proc/[0-9]*/cmdline | wc -l; }

# Signals end it. (Bash's background has SIGINT ignored, and what is ignored stays so.)
for signal in INT TERM KILL; do
    mem=$((300 + $$ % 97))
    env --default-signal=INT "$AAJAIL" lab --mem "$mem" -- sh -c 'echo up; sleep 100' >"$work/up" &
    pid=$!
    for _ in $(seq 300); do
        [ -s "$work/up" ] && break
        sleep 0.1
    done
    [ "$(kernels "$mem")" != 0 ] || fail "no kernel is seen running"
    kill -"$signal" "$pid"
    wait "$pid" 2>/dev/null
    status=$?
    check "SIG$signal" $((128 + $(kill -l "$signal"))) "$status"
    for _ in $(seq 50); do
        left=$(kernels "$mem")
        [ "$left" = 0 ] && break
        sleep 0.1
    done
    check "left after SIG$signal" 0 "$left"
done

# The reader goes away.
mem=$((400 + $$ % 97))
"$AAJAIL" lab --mem "$mem" -- yes | head -n 1 >/dev/null
check "closed pipe" 141 "${PIPESTATUS[0]}"
check "left after a closed pipe" 0 "$(kernels "$mem")"
finish
