#!/bin/bash
# aajail check: replay of real logs, children followed, policy tests, JSON, TAP, and what is wrong with the arguments.
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
logs=$AAJ_SOURCE/tests/corpus/logs/slave
fail() { echo "check: $*"; exit 1; }
check() { # check STATUS ARG…: output in $dir/out
    local status=$1 rc=0
    shift
    "$AAJAIL" check "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
    [ "$rc" = "$status" ] || fail "$* ended with $rc, not $status: $(cat "$dir/out" "$dir/err")"
}
says() { grep -qF -- "$1" "$dir/out" || fail "no '$1' in: $(cat "$dir/out")"; }
cat >"$dir/p" <<'AA'
abi <abi/3.0>,
include <tunables/global>
profile slave-c /usr/local/sbin/slave {
  include <abstractions/base>
  include <abstractions/nameservice>
  capability setuid,
  capability setgid,
  network inet stream,
  network inet6 stream,
  network inet dgram,
  network unix,
  /etc/slave/slave.conf r,
  /usr/local/sbin/slave mr,
  owner /srv/slave/data/** rwlk,
  owner /tmp/slave-* rw,
  owner /var/log/slave/*.log w,
  /usr/local/lib/slave/helper Cx -> helper,
  /usr/bin/dash Cx -> sh,
  signal (send, receive) peer=@{profile_name},
  profile helper {
    include <abstractions/base>
    /usr/local/lib/slave/helper mr,
    /srv/slave/templates/*.tpl r,
    owner /srv/slave/data/helper-*.out w,
    network inet stream,
  }
  profile sh {
    include <abstractions/base>
    include <abstractions/nameservice>
    /usr/bin/dash mr,
    /usr/bin/{date,id} mrix,
    network inet stream,
  }
}
AA
cat >"$dir/m.yaml" <<'YAML'
jail: slave-c
slave: /usr/local/sbin/slave
tests:
  allow: [ "/etc/slave/slave.conf r" ]
  deny: [ "/etc/shadow r", "/etc/** w", "tcp 127.0.0.1:25" ]
YAML
# The service's own days pass; of the attack three things are AppArmor's to stop.
check 0 "$dir/p" --log "$logs"/A/audit.log* --log "$logs"/B/audit.log*
says "0 of "
check 1 "$dir/p" --log "$logs"/X/audit.log*
says "3 of "
says "/srv/slave/templates/mail.tpl w,"
says "owner /etc/evil.new w,"
says "owner /usr/local/sbin/slave.new w,"
# An exec that is refused takes along all that hangs below it.
sed 's,/usr/bin/dash Cx.*,,' "$dir/p" >"$dir/nosh"
check 1 "$dir/nosh" --log "$logs"/A/audit.log*
says "  /usr/bin/dash ix,"
says "unreached: slave-c may not execute /usr/bin/dash: no rule allows it"
# A child is judged by its own profile.
sed '/profile sh {/,/}/s,/usr/bin/{date.*,,' "$dir/p" >"$dir/nodate"
check 1 "$dir/nodate" --log "$logs"/A/audit.log*
says "slave-c//sh"
# Two logs, one replay, and its JSON; the text of the rule that would allow it compiles.
check 1 --json "$dir/nosh" --log "$logs"/X/audit.log* --log "$logs"/A/audit.log*
python3 - "$dir/out" "$dir/nosh" "$dir/fixed" <<'PY'
import json, sys
out = json.load(open(sys.argv[1]))
rules = [g["rule"] for g in out["groups"] if g["kind"] == "denied" and g["profile"] == "slave-c"]
assert "/srv/slave/templates/mail.tpl w," in rules and "/usr/bin/dash ix," in rules, rules
assert out["accesses"]["unreached"] > 0
text = open(sys.argv[2]).read()
open(sys.argv[3], "w").write(text.replace("  capability setuid,", "  capability setuid,\n  " + "\n  ".join(rules), 1))
PY
check 1 "$dir/fixed" --log "$logs"/X/audit.log* --log "$logs"/A/audit.log*
grep -q "^slave-c$" "$dir/out" && ! grep -q "mail.tpl w" "$dir/out" || fail "the rules it named do not help: $(cat "$dir/out")"
# Coverage: an include as a whole, own rules one by one.
check 0 --coverage "$dir/p" --log "$logs"/A/audit.log*
says "rules used: include <abstractions/base>"
grep -q "unused .*: /usr/local/sbin/slave mr," "$dir/out" || fail "an unused rule is not listed: $(cat "$dir/out")"
grep -qF "owner /srv/slave/data/** rwlk," "$dir/out" && fail "a rule with many events is listed"
check 0 --coverage --json "$dir/p" --log "$logs"/A/audit.log*
python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert [i for i in o["includes"] if i["include"] == "abstractions/base" and 0 < i["used"] < i["rules"]], o["includes"]
assert [r for r in o["rules_seldom_used"] if r["rule"] == "/usr/local/sbin/slave mr," and r["events"] == 0]' "$dir/out"
check 2 --coverage "$dir/p" --manifest "$dir/m.yaml"
# Policy tests.
check 0 "$dir/p" --manifest "$dir/m.yaml" --files "$AAJ_SOURCE/tests/corpus/files.tsv.zst"
says "4 of 4 policy tests hold"
sed -i 's,"/etc/shadow r","/etc/slave/slave.conf r",' "$dir/m.yaml"
check 1 --tap "$dir/p" --manifest "$dir/m.yaml" --files "$AAJ_SOURCE/tests/corpus/files.tsv.zst" --log "$logs"/A/audit.log*
says "ok 1 - replay: nothing would be denied"
says "not ok 2 - policy test fails: slave-c is granted /etc/slave/slave.conf"
says "1..3"
grep -q "m.yaml:5:" "$dir/err" || fail "the failing test has no place: $(cat "$dir/err")"
# Several profiles, hats, and what an event was about before it was renamed "null-": real records of mod_apparmor.
cat >"$dir/web" <<'AA'
abi <abi/3.0>,
profile other { /o r, }
profile web /usr/sbin/apache2 {
  /etc/passwd r,
  ^vm { /v r, }
}
AA
cat >"$dir/web.log" <<'LOG'
type=AVC msg=audit(1795297260.070:378): apparmor="ALLOWED" operation="change_hat" profile="web" name="vm" pid=796 comm="apache2" target="web//null-vm"
type=AVC msg=audit(1795297260.080:379): apparmor="ALLOWED" operation="open" profile="web//null-vm" name="/v" pid=796 comm="apache2" requested_mask="r" denied_mask="r" fsuid=33 ouid=0
type=AVC msg=audit(1449442292.901:961): apparmor="ALLOWED" operation="change_hat" profile="web" pid=8527 comm="httpd-prefork" target="web//vm"
type=AVC msg=audit(1795296308.105:88): apparmor="KILLED" operation="change_hat" info="failed token match" error=-13 profile="web//vm" pid=808 comm="ev" target="web"
type=AVC msg=audit(1795297260.090:381): apparmor="ALLOWED" operation="open" profile="other" name="/o" pid=797 comm="o" requested_mask="r" denied_mask="r" fsuid=33 ouid=0
type=AVC msg=audit(1795297260.090:382): apparmor="ALLOWED" operation="open" profile="stranger" name="/s" pid=798 comm="s" requested_mask="r" denied_mask="r" fsuid=33 ouid=0
LOG
check 0 "$dir/web" --log "$dir/web.log"
says "0 of 5 distinct accesses would be denied; 4 allowed, 0 not mediated by debian12, 1 need no rule"
says "not of this policy, so not replayed: stranger (1)"
sed 's,\^vm.*,,; s,/o r,/p r,' "$dir/web" >"$dir/nohat"
check 1 "$dir/nohat" --log "$dir/web.log"
says "  hat vm { } "
says "unreached: web has no child profile or hat vm"
grep -q '^other$' "$dir/out" || fail "the second profile is not replayed: $(cat "$dir/out")"
sed -n 's,^  \(hat vm { }\).*,\1,p' "$dir/out" | head -n 1 >"$dir/hat"
sed "/etc.passwd/r $dir/hat" "$dir/nohat" >"$dir/hashat"
check 1 "$dir/hashat" --log "$dir/web.log"
grep -q 'hat vm {' "$dir/out" && fail "the hat that it named does not help: $(cat "$dir/out")"
# One label alone, a hat's too; a label that goes by another name.
check 0 "$dir/web" --profile web//null-vm --log "$dir/web.log"
says "0 of 1 distinct"
sed 's,profile="web,profile="/usr/sbin/apache2,; s,target="web,target="/usr/sbin/apache2,' "$dir/web.log" >"$dir/path.log"
check 0 "$dir/web" --log "$dir/path.log"
says "0 of 5 distinct"
sed 's,profile="web,profile="old,; s,target="web,target="old,' "$dir/web.log" >"$dir/old.log"
check 0 "$dir/web" --log "$dir/old.log"
says "0 of 1 distinct"
says "old (4), stranger (1)"
check 1 "$dir/web" --profile old --log "$dir/old.log"
says "of 4 distinct"
# Loss is said, and counts more than a finding.
{ cat "$dir/web.log"; echo "Nov 21 21:17:26 vm kernel: [   97.5] audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64"; } >"$dir/lost.log"
check 5 --json "$dir/web" --log "$dir/lost.log"
grep -q '"complete": \?false' "$dir/out" && grep -q "events were lost" "$dir/err" || fail "loss is not said: $(cat "$dir/out" "$dir/err")"
check 5 "$dir/nohat" --log "$dir/lost.log"
# What cannot be done.
check 2 "$dir/p"
check 2 --json --tap "$dir/p" --log x
check 3 "$dir/p" --log "$dir/none"
check 3 "$dir/none" --log "$logs"/A/audit.log*
check 3 "$dir/p" --profile other --log "$logs"/A/audit.log*
grep -q -- "say --profile LABEL, one of: slave-c" "$dir/err" || fail "the labels are not listed: $(cat "$dir/err")"
# Mounts, limits, change_profile: what the learner wrote (a golden file) grants what it learned from, and the two
# events it made no rule of are denied: a mount without a mount point, a limit that does not exist.
golden=$AAJ_SOURCE/tests/golden/learn/system
check 1 "$golden.aa" --profile app --log "$golden.log"
says "2 of 16 distinct accesses would be denied; 14 allowed"
# SARIF and JUnit: findings at their profile's header or their test, cases that keep their names, errors that are no silence.
all=("$dir/p" --manifest "$dir/m.yaml" --files "$AAJ_SOURCE/tests/corpus/files.tsv.zst" --coverage)
check 1 --format=sarif "${all[@]}" --log "$logs"/X/audit.log*
python3 - "$dir" "$AAJ_SOURCE/man/aajail-check.1.scd" <<'PY'
import json, re, sys
run = json.load(open(sys.argv[1] + "/out"))["runs"][0]
rules = run["tool"]["driver"]["rules"]
def place(r):
    p = r["locations"][0]["physicalLocation"]
    return p["artifactLocation"]["uri"].rsplit("/", 1)[1], p["region"]["startLine"]
found = {(r["ruleId"], r["level"]) + place(r) for r in run["results"] if r["level"] != "note"}
assert found == {("check-denied", "error", "p", 3), ("check-test", "error", "m.yaml", 5)}, found
denied = [r["message"]["text"] for r in run["results"] if r["ruleId"] == "check-denied"]
assert len(denied) == 3 and any("would be denied `/srv/slave/templates/mail.tpl w,`" in d for d in denied), denied
unused = {place(r) for r in run["results"] if r["ruleId"] == "check-unused"}
assert ("p", 13) in unused and ("p", 22) in unused, unused
assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
assert run["invocations"][0]["executionSuccessful"]
page = re.findall(r"^(?:\[\[|\|) +\*([a-z-]+)\*\n:\[ (note|warning|error)$", open(sys.argv[2]).read(), re.M)
assert page == [(r["id"], r["defaultConfiguration"]["level"]) for r in rules], page
PY
junit() { # junit STATUS COUNTS CASES ARG…: "tests failures errors"; "SUITE/NAME:TAG" of those that are not plain
    local status=$1 counts=$2 cases=$3
    shift 3
    check "$status" --format=junit "$@"
    python3 - "$dir/out" "$counts" "$cases" <<'PY' || fail "junit $*"
import sys, xml.etree.ElementTree as x
top = x.parse(sys.argv[1]).getroot()
counts = " ".join(top.get(k) for k in ("tests", "failures", "errors"))
cases = " ".join("%s/%s:%s" % (c.get("classname"), c.get("name"), c[0].tag) for c in top.iter("testcase") if len(c))
assert (counts, cases) == (sys.argv[2], sys.argv[3]), (counts, cases)
PY
}
junit 1 "6 2 0" "replay/slave-c:failure policy tests/deny /etc/slave/slave.conf r:failure" \
    "$dir/p" --manifest "$dir/m.yaml" --files "$AAJ_SOURCE/tests/corpus/files.tsv.zst" --log "$logs"/X/audit.log*
grep -q 'owner /etc/evil.new w,' "$dir/out" && grep -q 'owner /usr/local/sbin/slave.new w,' "$dir/out" || fail "JUnit names the first rule alone"
junit 0 "2 0 0" "" "$dir/p" --log "$logs"/A/audit.log*
junit 0 "3 0 0" "" "$dir/web" --log "$dir/web.log"
junit 5 "3 1 0" "replay/no event was lost:failure" "$dir/web" --log "$dir/lost.log"
junit 3 "1 0 1" "aajail check/input:error" "$dir/p" --log "$dir/none"
check 3 --format=sarif "$dir/none" --log "$dir/web.log"
python3 -c '
import json, sys
i = json.load(open(sys.argv[1]))["runs"][0]["invocations"][0]
assert not i["executionSuccessful"] and i["toolExecutionNotifications"][0]["level"] == "error"' "$dir/out"
check 2 --format=sarif --json "$dir/p" --log x
check 2 --format=xml "$dir/p" --log x
# change_onexec asks the target's name for its own permission; a condition on the executable is the exec's affair.
cat >"$dir/onexec" <<'AA'
profile from { change_profile /bin/x -> into, }
profile into { }
AA
event() { echo "type=AVC msg=audit(1700000000.001:1): apparmor=\"ALLOWED\" operation=\"change_onexec\" profile=\"from\" name=\"$1\" pid=1 comm=\"x\" target=\"$1\""; }
event into >"$dir/onexec.log"
check 0 "$dir/onexec" --log "$dir/onexec.log"
says "0 of 1 distinct accesses would be denied; 1 allowed"
event other >"$dir/onexec.log"
check 1 "$dir/onexec" --log "$dir/onexec.log"
says "change_profile -> other,"
# mod_apparmor's hats that are named by a URI: the policy has one for all of them.
uri=$AAJ_SOURCE/tests/golden/learn
check 0 "$uri/uri-hats.aa" --log "$uri/uri-hats.log"
sed 's/DEFAULT_URI/other/' "$uri/uri-hats.aa" >"$dir/no-default"
check 1 "$dir/no-default" --log "$uri/uri-hats.log"
says "hat /app/index.php { }"
