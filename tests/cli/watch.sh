#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# aajail watch on a log: which denials, how they are told, and that no name gets out unescaped.
set -u
fails=0
fail() {
    echo "FAILED: $*"
    fails=$((fails + 1))
}
record() { printf 'type=AVC msg=audit(1700000000.100:%s): apparmor="%s" %s pid=7 comm="x" %s\n' "$1" "$2" "$3" "$4"; }
log() {
    record 1 DENIED 'operation="open" profile="web" name="/etc/hosts"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
    record 2 DENIED 'operation="open" profile="web" name="/etc/hosts"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
    record 3 ALLOWED 'operation="open" profile="web" name="/etc/passwd"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
    record 4 DENIED 'operation="open" profile="other" name="/etc/group"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
    record 5 DENIED 'operation="mknod" profile="web//kid" name=2F746D702F611B5B33316D0A62' 'requested_mask="c" denied_mask="c" fsuid=5 ouid=5'
    record 6 DENIED 'operation="create" profile="web"' 'family="inet6" sock_type="dgram" protocol=0 requested_mask="create" denied_mask="create"'
    record 7 DENIED 'operation="capable" profile="web"' 'capability=12  capname="net_admin"'
    record 8 DENIED 'operation="exec" profile="web" name="/usr/bin/dash"' 'requested_mask="x" denied_mask="x" fsuid=5 ouid=0'
}
said=$(log | "$AAJAIL" watch web --log -)
[ $? = 0 ] || fail "status"
wanted='2023-11-14T22:13:20Z pid 7 web denied open r /etc/hosts (x, uid 5); allowed by: /etc/hosts r,
  … 1 more like this
2023-11-14T22:13:20Z pid 7 web//kid denied mknod c /tmp/a\x1b[31m\nb (x, uid 5); allowed by: owner "/tmp/a\033\[31m\012b" w,
2023-11-14T22:13:20Z pid 7 web denied create create inet6 dgram ip (x); allowed by: network inet6 dgram,
2023-11-14T22:13:20Z pid 7 web denied capable net_admin (x); allowed by: capability net_admin,
2023-11-14T22:13:20Z pid 7 web denied exec x /usr/bin/dash (x, uid 5); allowed by: /usr/bin/dash Cx,'
[ "$said" = "$wanted" ] || fail "$(diff <(echo "$wanted") <(echo "$said"))"
[ "$(log | "$AAJAIL" watch --log - | grep -c /etc/group)" = 1 ] || fail "without a name everything is watched"
log | "$AAJAIL" watch --json --log - | python3 -c '
import json, sys
events = [json.loads(line) for line in sys.stdin]
assert len(events) == 7, len(events)
assert events[0]["rule"] == "/etc/hosts r,", events[0]
' || fail "--json"
told=$(mktemp)
trap 'rm -f "$told"' EXIT
# The same, with others between, is told at the tenth and at the end; more than are remembered are told anew.
between() {
    for i in $(seq 25); do
        record "$((100 + i * 2))" DENIED 'operation="open" profile="web" name="/etc/a"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
        record "$((101 + i * 2))" DENIED 'operation="open" profile="web" name="/etc/b"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
    done
    for i in $(seq 70); do
        record "$((200 + i))" DENIED "operation=\"open\" profile=\"web\" name=\"/n/$i\"" 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
    done
    record 300 DENIED 'operation="open" profile="web" name="/etc/a"' 'requested_mask="r" denied_mask="r" fsuid=5 ouid=0'
}
between | "$AAJAIL" watch --log - >"$told"
[ "$(grep -c 'pid 7 web denied open r /etc/a' "$told")" = 3 ] || fail "first, tenth and after it was forgotten: $(grep /etc/a "$told")"
[ "$(grep -c 'open r /etc/a.*10 times more by now' "$told")" = 1 ] || fail "the tenth: $(grep /etc/a "$told")"
[ "$(grep -c '… 14 more like: web denied open r /etc/a (x, uid 5); allowed by: /etc/a r,' "$told")" = 1 ] || fail "what was left: $(grep more "$told")"
[ "$(grep -c ' /n/' "$told")" = 70 ] || fail "different ones are each told"
printf '[ 1.0] audit: audit_lost=5 audit_rate_limit=0 audit_backlog_limit=64\n' | "$AAJAIL" watch --log - >/dev/null
[ $? = 5 ] || fail "loss does not end with 5"
"$AAJAIL" watch --log /nonexistent 2>/dev/null
[ $? = 3 ] || fail "a log that is not there"
# Where there is no AppArmor nothing would ever be heard: said at once.
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
    timeout 60 "$AAJAIL" watch web >"$told" 2>&1
    [ $? = 4 ] || fail "watching without AppArmor: $(cat "$told")"
    grep -q 'nothing is ever denied here; --log FILE' "$told" || fail "what to do without AppArmor: $(cat "$told")"
fi
[ $fails -eq 0 ]
