#!/bin/bash
# faults.sh BACKEND PROBE: each system call of an apply fails once, and is the last one once. Whatever is left behind
# (libiptc itself aborts where fcntl fails it) allows the old chain's port or the new one's or none, never both and
# never a third, in both families together. Then another jail is applied, which finishes what a killed run began: both
# families are old, new or closed, never one of each. The next apply of the same jail mends whatever it was.
set -u
backend=$1 probe=$(realpath "$2") uid=41234
if [ "${3-}" != inside ]; then
    command -v strace >/dev/null || { echo "skipped: strace is not here"; exit 77; }
    ldd "$AAJAIL" | grep -q libasan && { echo "skipped: strace and the sanitizer's leak check cannot trace one process"; exit 77; }
    [ "$(id -u)" -ne 0 ] || unshare -n strace -qq -o /dev/null true 2>/dev/null || { echo "skipped: no network namespaces or no ptrace here"; exit 77; }
fi
. "$AAJ_SOURCE/tests/firewall/common.sh"
own_network 280 "$@"
ip link set lo up
mkdir -p /run/aajail && mount -t tmpfs none /run/aajail || exit 1 # the journal's folder, for this test alone
sed 's/^jail: .*/jail: bystander/' "$AAJ_SOURCE"/tests/firewall/old.yaml >"$dir/bystander.yaml"
cd "$AAJ_SOURCE/tests/firewall" || exit 1
fw() { "$AAJAIL" firewall "$1" --backend "$backend" --uid $uid "$2.yaml" >"$dir/out" 2>&1; }
# What the loader does is not ours; from the first look at the firewall on, everything may fail.
calls=openat,flock,socket,bind,getsockopt,setsockopt,getsockname,sendmsg,sendto,recvmsg,recvfrom,access,pipe2,fcntl,ioctl,mkdir,rename,renameat,unlink,fsync
fw apply old || fail "the first apply"
strace -f -qq -o "$dir/trace" -e trace=$calls "$AAJAIL" firewall apply --backend "$backend" --uid $uid new.yaml >"$dir/out" 2>&1 ||
    fail "the traced apply"
first=$(grep -n libaajail-firewall "$dir/trace" | head -1 | cut -d: -f1)
[ "${first:-0}" -gt 0 ] || fail "the trace does not show the backend"
# strace counts calls by process and by name: "CALL N" for every one from there on.
awk -v first="$first" '{ split($2, c, "("); if (c[1] !~ /^[a-z0-9_]+$/) next; n = ++seen[$1, c[1]]
    if (NR >= first && !done[c[1], n]++) print c[1], n }' "$dir/trace" >"$dir/points"
[ "$(wc -l <"$dir/points")" -gt 20 ] || fail "the backend made too few calls to be tried"
declare -A ended=()
points=0 journals=0
for inject in error=ENOMEM error=EPERM signal=KILL; do
    while read -r call n; do
        [ $((points++ % ${AAJ_FAULT_STEP:-5})) -eq 0 ] || continue
        fw apply old || fail "back to the old chain before $call:$inject:$n"
        (strace -f -qq -o /dev/null -e trace=$call -e inject=$call:$inject:when=$n \
            "$AAJAIL" firewall apply --backend "$backend" --uid $uid new.yaml >"$dir/out" 2>&1; exit $?) 2>/dev/null
        status=$?
        allowed=$("$probe" $uid 6001 6002 25) || fail "probe after $call:$inject:$n"
        case $allowed in
        *:25*) fail "$call:$inject:$n leaves port 25 open: $allowed" ;;
        *:6001*:6002*) fail "$call:$inject:$n leaves both open: $allowed" ;;
        esac
        if [ $status -eq 0 ]; then
            [ "$allowed" = "4:6002 6:6002 " ] || fail "$call:$inject:$n says done, and the state is: $allowed"
        elif [ $status -ne 3 ] && [ $status -ne 4 ] && [ $status -lt 125 ]; then
            fail "$call:$inject:$n ends with $status"
        fi
        if [ $status -ge 125 ]; then
            [ ! -e /run/aajail/firewall-*.journal ] || journals=$((journals + 1))
            "$AAJAIL" firewall apply --backend "$backend" --uid $((uid + 1)) "$dir/bystander.yaml" >"$dir/out" 2>&1 ||
                fail "another jail after $call:$inject:$n"
            "$AAJAIL" firewall remove --backend "$backend" --uid $((uid + 1)) >/dev/null || fail "removal of the other jail"
            [ ! -e /run/aajail/firewall-*.journal ] || fail "$call:$inject:$n leaves a journal that nobody ends"
        fi
        settled=$("$probe" $uid 6001 6002 25) || fail "second probe after $call:$inject:$n"
        case $settled in
        "4:6001 6:6001 " | "4:6002 6:6002 " | "") ;;
        *) fail "$call:$inject:$n leaves the families different: $settled (status $status)" ;;
        esac
        left="status $status, ${allowed:-nothing allowed}"
        ended[$left]=$((${ended[$left]:-0} + 1))
        fw apply new || fail "the apply after $call:$inject:$n"
        [ "$("$probe" $uid 6001 6002 25)" = "4:6002 6:6002 " ] || fail "the apply after $call:$inject:$n did not mend it"
    done <"$dir/points"
done
[ "$backend" = nft ] || [ $journals -gt 0 ] || fail "no run was killed between two families"
fw remove new || fail "removal"
echo "$backend: $points points at which a call failed or the program died; states left behind:"
for state in "${!ended[@]}"; do echo "  ${ended[$state]} times: $state"; done
