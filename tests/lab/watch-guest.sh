#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the lab; see watch.sh.
set -u
A=$1 fails=0 dir=/run/aajail-watch-test
fail() { echo "FAILED: $*"; sed 's/^/    /' said; fails=$((fails + 1)); }
mkdir -p $dir; cd $dir || exit 1
# heard PATTERN: told within half a minute, while the watching goes on.
heard() {
    for _ in $(seq 300); do
        grep -qF -- "$1" said && return
        sleep 0.1
    done
    fail "not told: $1"
}
# ended PID: its status once it is gone; who does not go within half a minute is killed, and that shows.
ended() {
    for _ in $(seq 300); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null
    wait "$1"
}
# at_once CMD…: what ought to end by itself.
at_once() { timeout -k 5 30 "$@"; }
cp /bin/bash /usr/local/bin/watched
cat >profile <<'P'
abi <abi/3.0>,
profile watched /usr/local/bin/watched {
  /{usr/,}{lib,bin}/** rm,
  /usr/local/bin/watched rm,
  /etc/ld.so.* r,
  /dev/** rw,
  /run/** rw,
  /{usr/,}bin/cat cx -> kid,
  /{usr/,}bin/sleep ix,
  profile kid {
    /{usr/,}{lib,bin}/** rm,
    /etc/ld.so.* r,
    /dev/** rw,
    /run/** rw,
  }
}
profile other /usr/local/bin/other { /{usr/,}{lib,bin}/** rm, /etc/ld.so.* r, /usr/local/bin/other rm, }
P
apparmor_parser -rKT profile || fail "the parser"
cp /bin/cat /usr/local/bin/other
slave() { at_once /usr/local/bin/watched --norc -c "$1" >/dev/null 2>&1; }

: >said
"$A" watch watched >said 2>err & watch=$!
"$A" watch --json watched >json 2>jsonerr & json=$!
for who in err jsonerr; do
    for _ in $(seq 300); do
        grep -q '^watching' $who && break
        sleep 0.1
    done
    [ -s $who ] || fail "$who: it does not say that it watches"
done
slave 'read x </etc/hostname'
heard 'watched denied open r /etc/hostname (watched, uid 0); allowed by: owner /etc/hostname r,'
slave 'cat /etc/hostname'
heard 'watched//kid denied open r /etc/hostname (cat, uid 0); allowed by: owner /etc/hostname r,'
slave '/usr/bin/id'
heard 'watched denied exec x /usr/bin/id (watched, uid 0); allowed by: /usr/bin/id Cx,'
slave ': >/dev/tcp/127.0.0.1/25'
heard 'allowed by: network inet stream,'
slave 'kill -USR1 1'
heard 'watched denied signal'
# A name that would write to the administrator's terminal.
slave ": >'/tmp/$(printf 'a\033]0;owned\007\nb')'"
heard '/tmp/a\x1b]0;owned\x07\nb'
grep -q "$(printf '\033')" said json && fail "an escape reached the terminal"
# Of another profile nothing; repeated ones are counted; what is denied under the new mode only is not told.
/usr/local/bin/other /etc/hostname >/dev/null 2>&1
for _ in $(seq 11); do slave 'read x </etc/fstab'; done
heard '/etc/fstab'
heard 'allowed by: owner /etc/fstab r,; 10 times more by now'
"$A" complain --runtime watched >/dev/null 2>&1
slave 'read x </etc/group'
sleep 1
grep -q '/etc/group' said && fail "what was allowed is told as denied"
grep -q ' other ' said && fail "another profile's denials are told"
kill -INT $watch $json
ended $watch; got=$?
[ $got -eq 0 ] || fail "watch ended with $got: $(cat err)"
ended $json; got=$?
[ $got -eq 0 ] || fail "watch --json ended with $got: $(tail -3 json jsonerr)"
[ "$(grep -c '/etc/fstab (' said)" -eq 2 ] || fail "eleven like one are not told twice"
python3 - <<'P' || fail "--json"
import json
events = [json.loads(line) for line in open("json")]
rules = {e.get("rule") for e in events}
assert {"owner /etc/hostname r,", "/usr/bin/id Cx,", "network inet stream,"} <= rules, rules
assert any(e.get("label") == "watched//kid" for e in events), events[0]
P
# Of a profile that is not loaded, or that complains, nothing will be heard: said, and watched all the same.
"$A" watch watched nosuch >said 2>&1 & watch=$!
heard "watching; end it with Ctrl-C"
heard "'watched' is in complain mode"
heard "no profile 'nosuch' is loaded"
kill -INT $watch
ended $watch || fail "watching what is not there"
# Without the right to hear: said, and 4.
at_once setpriv --bounding-set -audit_read,-audit_control --inh-caps -audit_read,-audit_control --reuid 4242 --clear-groups "$A" watch >said 2>&1
[ $? -eq 4 ] || fail "without the capability"
grep -qi 'root\|CAP_AUDIT_READ' said || fail "it does not say what is needed"
# A rule that excludes what it listens for; audit locked, which is for good.
cat >rule.py <<'P'
import socket, struct, sys
NETLINK_AUDIT, ADD_RULE, SET, EXCLUDE, ALWAYS, MSGTYPE, EQUAL = 9, 1011, 1001, 5, 2, 12, 0x40000000
def send(kind, data):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    s.sendto(struct.pack("=IHHII", 16 + len(data), kind, 5, 1, 0) + data, (0, 0))
    error = struct.unpack_from("=i", s.recv(65536), 16)[0]
    assert error == 0, error
if sys.argv[1] == "exclude":
    send(ADD_RULE, struct.pack("=III", EXCLUDE, ALWAYS, 1) + b"\xff" * 256 + struct.pack("=I", MSGTYPE) + bytes(252) +
         struct.pack("=I", int(sys.argv[2])) + bytes(252) + struct.pack("=I", EQUAL) + bytes(252) + struct.pack("=I", 0))
else:
    send(SET, struct.pack("=IIIIIIIIIII", 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0))
P
python3 rule.py exclude 1326 || fail "another rule"
"$A" watch >said 2>&1 & watch=$!
heard "watching; end it with Ctrl-C"
kill -INT $watch
ended $watch || fail "a rule that excludes something else"
python3 rule.py exclude 1400 || fail "the rule"
at_once "$A" watch >said 2>&1
[ $? -eq 4 ] || fail "a rule excludes AVC"
heard "an audit rule excludes AppArmor's records (msgtype AVC), so nothing would be heard: 'auditctl -l' shows it"
python3 rule.py lock || fail "locking audit"
at_once "$A" watch >said 2>&1
[ $? -eq 4 ] || fail "locked, and a rule excludes AVC"
heard "audit is locked until the next boot (auditctl -e 2), so take the rule out of /etc/audit/rules.d and boot"
[ "$fails" -eq 0 ] && echo "all done"
exit "$fails"
