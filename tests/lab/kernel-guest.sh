#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernel-guest.sh SOURCE AAJAIL: the part of kernel.sh that runs in the lab.
set -u
source=$1 aajail=$2 fails=0
work=$(mktemp -d) && chmod 755 "$work" && cd "$work" || exit 1

fail() {
    echo "FAILED: $*"
    fails=$((fails + 1))
}

# want STATUS PATTERN CMD…: the command's status, and what its output holds.
want() {
    local status=$1 pattern=$2 said got
    shift 2
    said=$("$@" 2>&1)
    got=$?
    [ "$got" = "$status" ] || fail "$*: status $got, not $status: $said"
    case $said in *"$pattern"*) ;; *) fail "$*: '$pattern' is not in: $said" ;; esac
}

mode_of() { sed -n "s|^$1 (\(.*\))\$|\1|p" /sys/kernel/security/apparmor/profiles; }

cp /usr/bin/sleep /usr/local/bin/napper
cp /usr/bin/sleep "/usr/local/bin/nap per"
cat >napper <<'X'
abi <abi/3.0>,
include <tunables/global>
profile napper /usr/local/bin/napper flags=(complain) {
  include <abstractions/base>
  /usr/local/bin/napper mr,
  profile kid { }
}
profile bystander /nowhere { }
X

# Before it is loaded one task runs already.
/usr/local/bin/napper 300 &
early=$!
want 0 "would load napper (complain)" "$aajail" load --dry-run napper
[ -z "$(mode_of napper)" ] || fail "--dry-run loaded"
want 0 "loaded napper//kid (enforce)" "$aajail" load napper
[ "$(mode_of napper)" = complain ] || fail "napper is not in complain mode"
want 0 "replaced napper (complain)" "$aajail" load napper
want 0 "pid $early (napper) runs unconfined" "$aajail" load napper
/usr/local/bin/napper 300 &
late=$!
sleep 0.3
[ "$(cat /proc/$late/attr/current)" = "napper (complain)" ] || fail "napper is not confined"

# status: who is in, who is out.
want 1 "$late napper /usr/local/bin/napper" "$aajail" status napper
want 1 "pid $early (napper) runs unconfined" "$aajail" status
want 1 "nosuch is not loaded" "$aajail" status nosuch
"$aajail" status --json >status.json 2>&1
grep -q '"name":"napper//kid"' status.json || fail "--json lacks the child"
grep -q "\"pid\":$early" status.json || fail "--json lacks the task outside"

# By name, from the kernel's own copy; the file's other profile is left alone.
want 0 "would set napper (enforce)" "$aajail" enforce -n napper
[ "$(mode_of napper)" = complain ] || fail "--dry-run enforced"
want 1 "pid $early (napper) runs unconfined" "$aajail" enforce napper
[ "$(mode_of napper)" = enforce ] || fail "napper does not enforce"
[ "$(cat /proc/$late/attr/current)" = "napper (enforce)" ] || fail "the running task did not follow"
want 0 "now napper//kid (complain)" "$aajail" complain napper
[ "$(mode_of napper)$(mode_of 'napper//kid')" = complaincomplain ] || fail "complain by name"
[ "$(mode_of bystander)" = enforce ] || fail "the bystander changed"
kill $early
wait $early 2>/dev/null

# From the file, and from compiled policy.
cp napper before
want 0 "now bystander (complain)" "$aajail" complain --runtime ./napper
want 0 "now bystander (enforce)" "$aajail" enforce --runtime ./napper
cmp -s napper before || fail "--runtime changed the file"
apparmor_parser -QK -M "$source/targets/debian12/features" -o napper.bin napper
want 0 "replaced napper (complain)" "$aajail" load napper.bin
want 0 "now napper (enforce)" "$aajail" enforce ./napper.bin

# The mode in the file: of a name the file that defines it, of a file itself, and nothing else in it.
sed 's/^profile bystander /  # what follows is not ours\nprofile bystander\t/' napper >/etc/apparmor.d/napper
cp /etc/apparmor.d/napper before
want 0 "+profile napper /usr/local/bin/napper {" "$aajail" enforce -n napper
"$aajail" enforce -n napper 2>/dev/null >patch
cmp -s /etc/apparmor.d/napper before || fail "--dry-run changed the file"
want 0 "wrote /etc/apparmor.d/napper" "$aajail" enforce napper
sed 's/ flags=(complain)//' before | cmp -s - /etc/apparmor.d/napper || fail "enforce changed more than the mode"
if command -v patch >/dev/null; then
    grep -v '^would' patch | patch -s -o patched before && cmp -s patched /etc/apparmor.d/napper || fail "patch(1) makes something else of the difference"
fi
want 0 "now napper//kid (complain)" "$aajail" complain napper
grep -q 'profile kid flags=(complain) { }' /etc/apparmor.d/napper || fail "the child is not set in the file"
apparmor_parser -r /etc/apparmor.d/napper 2>/dev/null
[ "$(mode_of napper)$(mode_of 'napper//kid')$(mode_of bystander)" = complaincomplainenforce ] || fail "the file's modes"
mkdir -p /etc/apparmor.d/force-complain /etc/apparmor.d/disable
ln -s ../napper /etc/apparmor.d/force-complain/napper
ln -s ../napper /etc/apparmor.d/disable/napper
want 0 "would remove /etc/apparmor.d/force-complain/napper" "$aajail" enforce -n napper
want 0 "disable/napper: warning: is there, so a boot does not load the profile" "$aajail" enforce napper
[ ! -e /etc/apparmor.d/force-complain/napper ] || fail "the link that forces complain mode is still there"
[ -e /etc/apparmor.d/disable/napper ] || fail "the link that disables is gone"
rm -r /etc/apparmor.d/disable /etc/apparmor.d/force-complain
printf '{' >>/etc/apparmor.d/napper
want 0 "no file in /etc/apparmor.d defines napper" "$aajail" complain napper
rm /etc/apparmor.d/napper
want 0 "now napper (enforce)" "$aajail" enforce --runtime napper
printf 'profile textual /usr/local/bin/textual { }\n' >textual
want 0 "wrote $work/textual" "$aajail" complain ./textual
[ "$(cat textual)" = 'profile textual /usr/local/bin/textual flags=(complain) { }' ] || fail "the named file: $(cat textual)"
want 0 "removed textual" "$aajail" remove textual

# Two profiles for one program: the kernel takes neither.
printf 'abi <abi/3.0>,\nprofile twin /usr/local/bin/napper { }\n' >twin
want 0 "napper and twin attach to the same program" "$aajail" load -n twin
want 0 "confines it by neither" "$aajail" load twin
/usr/local/bin/napper 300 & twin=$!
sleep 0.3
[ "$(cat /proc/$twin/attr/current)" = unconfined ] || fail "the kernel's way with two attachments has changed: $(cat /proc/$twin/attr/current)"
kill $twin; wait $twin 2>/dev/null
want 1 "napper and twin attach to the same program" "$aajail" status
want 0 "removed twin" "$aajail" remove twin

# A task left in a learning profile stays there: it must be named.
cat >learner <<'X'
abi <abi/3.0>,
profile learner /usr/local/bin/learner flags=(complain) { }
X
cp /bin/bash /usr/local/bin/learner
want 0 "loaded learner" "$aajail" load learner
/usr/local/bin/learner -c 'sleep 300; true' &
learner=$!
sleep 0.5
want 1 "is in a learning profile" "$aajail" enforce learner
pkill -P $learner sleep 2>/dev/null || kill "$(cat /proc/$learner/task/$learner/children)"
wait $learner

# remove: not while a task bears it.
want 4 "bears the profile" "$aajail" remove napper
[ "$(mode_of napper)" = enforce ] || fail "remove removed a borne profile"
want 4 "is not removed: 1 task would" "$aajail" remove ./napper
want 0 "removed napper (enforce)" "$aajail" remove --force napper
[ -z "$(mode_of napper)$(mode_of 'napper//kid')" ] || fail "napper is still there"
[ "$(cat /proc/$late/attr/current)" = unconfined ] || fail "the task should run unconfined by now"
kill $late
wait $late 2>/dev/null
want 0 "removed bystander" "$aajail" remove ./napper
want 0 "none of its profiles is loaded" "$aajail" remove ./napper

# Names that are hostile to a terminal.
printf 'abi <abi/3.0>,\nprofile "evil\033[31m name" "/usr/local/bin/nap per" { }\n' >evil
want 0 'loaded evil\x1b[31m name (enforce)' "$aajail" load evil
want 0 'evil\x1b[31m name (enforce)' "$aajail" status
want 0 "removed evil" "$aajail" remove "$(printf 'evil\033[31m name')"

# Bad input changes nothing: 3 and the place.
printf 'profile broken { /x q, }\n' >broken
want 3 "broken:1" "$aajail" load napper broken
[ -z "$(mode_of napper)" ] || fail "a good file was loaded beside a bad one"
want 3 "this is a program" "$aajail" load /bin/true
want 3 "No such file" "$aajail" enforce ./missing
want 3 "not sound compiled policy" "$aajail" load <(head -c 100 napper.bin)
want 2 "name a file" "$aajail" load
want 2 "unknown option" "$aajail" status --bad

# Without root there is nothing to see or to change.

want 4 "as root" setpriv --reuid=4242 --regid=4242 --clear-groups "$aajail" status
want 4 "as root" setpriv --reuid=4242 --clear-groups "$aajail" load napper.bin

# What is missing is named, with what to do. The last one cannot be taken back.
printf 'profile last /usr/local/bin/last { }\n' >last
nocap() { setpriv --bounding-set -mac_admin --inh-caps -mac_admin "$@"; }
want 4 "lacks CAP_MAC_ADMIN, so it may not change policy: run this as root, on the host and not in a container" nocap "$aajail" load last
want 4 "lacks CAP_MAC_ADMIN" nocap "$aajail" enforce napper
nocap "$aajail" status >out 2>&1 || [ $? = 1 ] || fail "status needs no CAP_MAC_ADMIN: $(cat out)"
mount -t tmpfs none /sys/kernel/security
want 4 "mount -t securityfs securityfs /sys/kernel/security" "$aajail" status
want 4 "mount -t securityfs securityfs /sys/kernel/security" "$aajail" load last
umount /sys/kernel/security
echo 1 >/sys/module/apparmor/parameters/lock_policy
want 4 "AppArmor's policy is locked until the next boot" "$aajail" load last
[ -z "$(mode_of last)" ] || fail "it was loaded all the same"

[ $fails -eq 0 ]
