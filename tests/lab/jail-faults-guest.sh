#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# jail-faults-guest.sh AAJAIL PROBE SERIES STEP: runs in the lab. A jail goes to and fro between two states; each time one
# system call fails or kills the program. Whatever is left behind:
#   - profile and chain allow nothing that neither state allows, and where there is a profile there is a chain;
#   - a running slave is still in its profile;
#   - status 0: the new state; 3 or 4: the old one, or it is said what else;
#   - the next run ends in one of the two states, whole, with nothing left in the journal.
set -u
A=$1 probe=$2 series=$3 step=$4 dir=/run/aajail-faults uid=41234 fails=0
kernel=/sys/kernel/security/apparmor/policy/profiles journal=/var/lib/aajail/jails/app
fail() { echo "FAILED: $*"; sed 's/^/    /' "$dir/out"; fails=$((fails + 1)); [ $fails -lt 5 ] || exit 1; }
mkdir -p "$dir"; cd "$dir" || exit 1
. "$(dirname "$0")/jail-build.sh"
ip link set lo up
cp /bin/sleep /usr/local/bin/slave1
: >out
build one 5432 '/srv/app/one r,'
build two 5433 '/srv/app/two r,  profile kid { /usr/** r, }' '"app","app//kid"'

# What is in force: the policy's build, and the ports that the uid reaches; "one 4:5432 6:5432 ".
policy() {
    local p
    for p in "$kernel"/app.*; do
        [ -e "$p" ] || { echo none; return; }
        for b in one two; do cmp -s "$p/raw_data" $b/app.policy && { echo $b; return; }; done
    done
    echo other
}
look() { held=$(policy) open=$("$probe" $uid 5432 5433 25) || fail "the probe"; }
whole() { case $1 in none) echo "none 4:5432 6:5432 4:5433 6:5433 4:25 6:25 " ;; one) echo "one 4:5432 6:5432 " ;; two) echo "two 4:5433 6:5433 " ;; esac; }
text() { case $1 in none) [ ! -e /etc/apparmor.d/aajail.app ] ;; *) cmp -s /etc/apparmor.d/aajail.app "$1/aajail.app" ;; esac; }
kid() { case $1 in two) grep -q '^app//kid ' /sys/kernel/security/apparmor/profiles ;; *) ! grep -q '^app//kid ' /sys/kernel/security/apparmor/profiles ;; esac; }
unfinished() { [ -e $journal/next ] || [ -e $journal/arrived ] || [ -e $journal/leaving ]; }
# is STATE: all of it.
is() { [ "$held $open" = "$(whole "$1")" ] && text "$1" && kid "$1" && ! unfinished; }

# Nothing that neither allows: the chain as far as the policy that is held, and closed where one of the two would be.
safe() {
    case "$held $open" in
    *other*) fail "$1: the kernel holds neither policy" ;;
    "one "*5433* | "two "*5432* | "one "*:25* | "two "*:25*) fail "$1: more is allowed than before or after: $held $open" ;;
    esac
    [ -z "$slave" ] || [ "$(cat /proc/$slave/attr/current)" = "app (enforce)" ] || fail "$1: the slave is not confined any more"
}

case $series in
replace) a=one b=two to_a="up one" to_b="up two" first="up one" ;;
undo) a=one b=two to_a="undo app" to_b="undo app" first="up two,up one" ;;
down) a=none b=one to_a="down app" to_b="up one" first="up one,down app" ;;
esac
slave=
state=$a
IFS=, read -ra commands <<<"$first"
for c in "${commands[@]}"; do
    # shellcheck disable=SC2086
    "$A" $c >out 2>&1 || fail "$c"
done
[ "$series" = down ] || { /usr/local/bin/slave1 3000 & slave=$!; sleep 1; }

# points VERB…: "INJECTION", a line each: what changes something fails and kills; of what only asks, some fail.
points() {
    strace -f -qq -o trace "$A" "$@" >out 2>&1 || fail "traced: $*"
    awk -v step="$step" '
        { split($2, c, "("); call = c[1] }
        call !~ /^[a-z0-9_]+$/ { next }
        { n = ++seen[$1, call] }
        /artefacts.json/ { begun = 1 }
        !begun || done[call, n]++ { next }
        call ~ /^(rename|renameat|unlink|unlinkat|rmdir|write|setsockopt)$/ || /O_WRONLY|O_CREAT/ {
            print call ":error=ENOMEM:when=" n; print call ":signal=KILL:when=" n; next }
        call ~ /^(mkdir|fsync|fchmod|flock)$/ || (call ~ /^(openat|read|socket|getsockopt|getdents64|recvmsg|clone|memfd_create|access)$/ && ++asked % 8 == 0) {
            print call ":error=EIO:when=" n }' trace | awk -v step="$step" 'NR % step == 0'
}
# shellcheck disable=SC2086
points $to_b >to_b
look; is $b || fail "the traced way to $b: $held $open"
# shellcheck disable=SC2086
points $to_a >to_a
look; is $a || fail "the traced way to $a: $held $open"
[ "$(cat to_a to_b | wc -l)" -ge $((40 / step)) ] || fail "too few calls to be tried"

declare -A ended=()
tried=0
exec 5<to_a 6<to_b
while :; do
    if [ $state = $a ]; then target=$b command=$to_b fd=6; else target=$a command=$to_a fd=5; fi
    if ! read -r -u $fd inject; then
        # This way has no points left; the other may have.
        [ $fd = 5 ] && eof5=1 || eof6=1
        [ "${eof5-}${eof6-}" = 11 ] && break
        # shellcheck disable=SC2086
        "$A" $command >out 2>&1 || fail "$command"
        state=$target
        continue
    fi
    tried=$((tried + 1))
    # shellcheck disable=SC2086
    { strace -f -qq -o /dev/null -e trace="${inject%%:*}" -e inject="$inject" "$A" $command >out 2>&1; } 2>/dev/null
    status=$?
    look
    where="$command $inject (status $status)"
    safe "$where"
    if [ $status -eq 0 ] && is $target; then
        left="done"
    elif [ $status -eq 1 ] && is $target && grep -q 'could not be seen' out; then
        left="done, and says what it could not see"
    elif { [ $status -eq 3 ] || [ $status -eq 4 ]; } && is $state; then
        left="failed, as before"
    elif { [ $status -eq 3 ] || [ $status -eq 4 ]; } && grep -qE 'may now send nothing|the way back failed|unknown state' out; then
        left="failed, and says what is left"
    elif [ $status -eq 4 ] && is $target && grep -q 'cannot write standard output' out; then
        left="done, and nobody heard of it"
    elif [ $status -ge 125 ]; then
        left="killed"
    else
        fail "$where leaves $held $open: $(ls $journal)"
        left="wrong"
    fi
    ended[$left]=$((${ended[$left]:-0} + 1))
    if is $target; then
        state=$target
    elif ! is $state; then
        "$A" up --boot >out 2>&1 || fail "the run after $where"
        look
        if is $target; then state=$target; elif ! is $state; then fail "the run after $where leaves $held $open: $(ls $journal)"; exit 1; fi
    fi
done
echo "$series: $tried points at which a call failed or the program died"
for left in "${!ended[@]}"; do echo "  ${ended[$left]} times: $left"; done
[ "$fails" -eq 0 ] && echo "all done"
[ "$fails" -eq 0 ]
