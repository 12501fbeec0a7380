#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Learning sessions: in the lab, and on the lab's own kernel through its audit channel.
. "$AAJ_SOURCE/tests/lab/common.sh"
lab_or_skip
cd "$work" || exit 1
export TMPDIR=$work

# --lab: a command's status comes back, and what it did is in the recording.
"$AAJAIL" learn /usr/bin/date --lab --timeout 120 -o date.rec -- sh -c 'date -f /etc/hostname; exit 6' >said 2>&1
check "learn --lab: status" 6 $?
grep -q '"label":"/usr/bin/date".*"name":"/etc/hostname"' date.rec || fail "learn --lab: the access is missing: $(cat said)"
grep -q '"channel":"kernel"' date.rec || fail "learn --lab: not from the kernel's log"
"$AAJAIL" learn /usr/bin/date --lab --timeout 120 -o none.rec -- no-such-command >said 2>&1
check "learn --lab: no command" 127 $?
"$AAJAIL" learn "$work/nothing" --lab -o none.rec -- true >said 2>&1
check "learn --lab: no executable" 125 $?
"$AAJAIL" learn /usr/bin/date --lab 2>/dev/null
check "learn --lab without a command" 2 $?
# The command's last accesses are there too: the machine does not go down before the kernel has told them.
"$AAJAIL" learn /usr/bin/find --lab --timeout 120 -o last.rec -- find /usr/share/doc -type d >dirs 2>said
check "learn --lab: many accesses" 0 $?
[ "$(wc -l <dirs)" = "$(grep -c '"name":"/usr/share/doc/' last.rec)" ] ||
    fail "$(wc -l <dirs) folders read, $(grep -c '"name":"/usr/share/doc/' last.rec) learned: $(cat said)"
[ -z "$(find "$work" -name "aajail-learn.*")" ] || fail "something is left behind"

cat >jail.yaml <<'X'
jail: dater
slave: /usr/bin/date
roots: [ /srv/dater ]
user: nobody
template: http-slave
X
"$AAJAIL" learn jail.yaml --lab --timeout 120 -- date -f /etc/hostname >said 2>&1
check "learn MANIFEST --lab" 1 $?
grep -q '"label":"dater".*"name":"/etc/hostname"' jail.rec || fail "the jail's name is not the label: $(cat said)"

# --live needs an AppArmor kernel: the lab's.
plain_or_skip
cat >live.sh <<'X'
aajail=$1 fails=0
cd /root
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }
"$aajail" learn /usr/bin/date --live -o date.rec -- sh -c 'date -f /etc/hostname; exit 6' >said 2>&1
[ $? = 6 ] || fail "status: $(cat said)"
grep -q '"name":"/etc/hostname".*"channel":"audit"' date.rec || fail "the access is missing: $(cat said)"
grep -q '"kind":"loss"' date.rec && fail "loss in a quiet session: $(cat said)"
grep -q date /sys/kernel/security/apparmor/profiles && fail "the learning profile is still loaded"

# Until it is told to end; several events, the last of them just before.
"$aajail" learn /usr/bin/find --live -o find.rec >said 2>&1 &
for i in $(seq 300); do
    grep -q "^learning; end it with Ctrl-C" said && break
    sleep 0.1
done
find /usr/share/doc -maxdepth 1 >/dev/null
kill -INT $!
wait $!
[ $? = 0 ] || fail "a session without a command: $(cat said)"
grep -q '"name":"/usr/share/doc/"' find.rec || fail "what happened in it is missing: $(cat said)"

# A small queue loses: that is 5, and it is said.
auditctl=$(command -v auditctl) && {
    "$auditctl" -b 64 --backlog_wait_time 0 >/dev/null
    "$aajail" learn /usr/bin/find --live -o lost.rec -- sh -c "find /usr/share >/dev/null 2>&1; true" 2>said
    status=$?
    if grep -q LOST said; then [ $status = 5 ] || fail "loss ends with $status"; fi
    "$auditctl" -b 65536 >/dev/null
}

unshare -n "$aajail" learn /usr/bin/date --live -o no.rec -- date >said 2>&1
[ $? = 125 ] && grep -q "no audit record arrives" said || fail "another network namespace: $(cat said)"
setpriv --reuid=4242 --regid=4242 --clear-groups "$aajail" learn /usr/bin/date --live -o no.rec -- date >said 2>&1
[ $? = 125 ] && grep -q "as root" said || fail "without rights: $(cat said)"
[ $fails -eq 0 ]
X
"$AAJAIL" lab --timeout 200 --ro "$AAJ_SOURCE" --ro "$(dirname "$AAJAIL")" --ro "$work" -- sh "$work/live.sh" "$AAJAIL"
check "learn --live" 0 $?
finish
