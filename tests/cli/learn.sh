#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# learn --log and merge on the captured logs: every AppArmor line is accounted for, and the same events give the
# same recording whatever they are wrapped in.
set -euo pipefail
export AAJAIL
logs=$AAJ_SHARED/data/logs
hostile=$AAJ_SHARED/data/hostile
source=$(realpath "$(dirname "$0")/../..")
[ -d "$logs" ] || { echo "the captured logs are not here ($logs)"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*" >&2; exit 1; }
learn() { local want=$1; shift; local rc=0; "$AAJAIL" learn "$@" 2>err || rc=$?; [ $rc = "$want" ] || { cat err >&2; fail "learn $* ended with $rc, not $want"; }; }
accesses() { grep '"kind":"access"' "$1"; }

# Counts per operation are grep's, in each log, and every line is in one of three.
cat >ops.py <<'PY'
import collections, json, re, sys
log, rec, summary = sys.argv[1:]
want, got = collections.Counter(), collections.Counter()
for line in open(log, "rb"):
    m = re.search(rb'apparmor="(?!STATUS)\w+" operation="(\w+)"', line)
    if m:
        want[m.group(1).decode()] += 1
for line in open(rec):
    o = json.loads(line)
    if o["kind"] == "access" and o["class"] != "sockaddr":
        got[o["op"]] += sum(s["allowed"] + s.get("denied", 0) + s.get("audited", 0) for s in o["seen"])
s = json.load(open(summary))
assert s["used"] + s["irrelevant"] + s["reported"] == s["lines"], s
cut = sum((want - got).values())
assert not got - want and cut <= s["reported"], (log, want - got, got - want)
assert want or "syscall" in log, log
PY
n=0
for log in "$logs"/*/*/{audit.log,syslog,dmesg.txt} "$hostile"/*.log "$logs"/syscall/*.log; do
    [ -e "$log" ] || continue
    rc=0
    "$AAJAIL" learn --log "$log" -o o.rec --json >summary 2>err || rc=$?
    [ $rc = 0 ] || [ $rc = 5 ] || fail "$log: $rc"
    python3 ops.py "$log" o.rec summary || fail "$log"
    n=$((n + 1))
done
[ $n -ge 30 ] || fail "only $n logs were there"
[ "$("$AAJAIL" learn --log "$logs"/events/complain/audit.log -o /dev/null --json 2>/dev/null | grep -o '"used":701')" ] || fail "701 lines"

# A record that was cut on its way is a loss, unless that is accepted.
learn 5 --log "$logs"/events/complain/syslog -o o.rec
grep -q 'LOST: records were cut off in the log, 7 records' err || fail "cut records"
learn 0 --log "$logs"/events/complain/syslog -o o.rec --accept-loss

# Any number of threads, any order, any compression, a pipe: the same bytes.
for i in 1 2 3 4 5 6 7 8 9 10; do cat "$logs"/*/*/audit.log; done >big.log
learn 0 --log big.log -o one.rec
for t in 2 3 8; do
    learn 0 --log big.log -o many.rec --threads $t
    cmp one.rec many.rec || fail "$t threads"
done
gzip -k <"$logs"/slave/A/audit.log >a.gz
xz <"$logs"/slave/A/audit.log >a.xz
zstd -q <"$logs"/slave/A/audit.log >a.zst
learn 0 --log "$logs"/slave/A/audit.log -o a.rec
for f in a.gz a.xz a.zst; do
    learn 0 --log $f -o b.rec
    cmp a.rec b.rec || fail "$f"
done
learn 0 --log - -o b.rec <"$logs"/slave/A/audit.log
cmp a.rec b.rec || fail "standard input"
learn 0 --log "$logs"/slave/A/audit.log --log "$logs"/nginx/A/audit.log --log "$logs"/slave/B/syslog -o ab.rec
learn 0 --log "$logs"/slave/B/syslog --log "$logs"/nginx/A/audit.log --log "$logs"/slave/A/audit.log -o ba.rec
cmp ab.rec ba.rec || fail "order of inputs"

# A rotated log is the log; a copy and the same events in another channel count once.
head -300 "$logs"/slave/A/audit.log >p1
tail -n +301 "$logs"/slave/A/audit.log >p2
learn 0 --log p2 --log p1 -o parts.rec
cmp <(accesses a.rec) <(accesses parts.rec) || fail "rotated"
learn 0 --log "$logs"/slave/A/audit.log --log a.gz -o twice.rec
cmp a.rec twice.rec || fail "a copy"

# A rotated set, each file packed in another way, in any order: the same bytes, and the accesses of the whole.
split -n l/4 -d "$logs"/slave/A/audit.log set.
gzip set.03; xz set.02; zstd -q --rm set.01
learn 0 --log set.00 --log set.01.zst --log set.02.xz --log set.03.gz -o set1.rec
learn 0 --log set.02.xz --log set.00 --log set.03.gz --log set.01.zst -o set2.rec --threads 2
cmp set1.rec set2.rec && cmp <(accesses a.rec) <(accesses set1.rec) || fail "a rotated set"
head -c 1500 set.02.xz >cut.xz
learn 5 --log cut.xz -o cut.rec
grep -q 'cut.xz: warning: the compressed log is damaged or cut' err && [ "$(accesses cut.rec | wc -l)" -gt 5 ] || fail "cut.xz"
head -c 100000000 /dev/zero | zstd -q >bomb.zst
learn 5 --log bomb.zst -o bomb.rec
grep -q 'grows beyond all measure' err || fail "bomb.zst"

# What auditd's PATH records say of a program that was run, where it is about the same file and says more.
learn 0 --log "$source"/tests/corpus/log-lines/exec-privileged.log -o exec.rec
grep '"kind":"file"' exec.rec | cmp - <(cat <<'JSON'
{"kind":"file","path":"/usr/bin/a b","type":"f","mode":"0755","uid":0,"gid":0,"caps":true}
{"kind":"file","path":"/usr/bin/sudo","type":"f","mode":"4755","uid":0,"gid":0}
JSON
) || fail "PATH records"
learn 0 --log "$source"/tests/corpus/log-lines/exec-privileged.log --profile /usr/bin/x -o exec.rec
grep -q '"kind":"file"' exec.rec && fail "PATH records of another profile"
grep -q 'none of the 5 AppArmor records is of the host, the time and the profile asked for' err || fail "all filtered: $(cat err)"

# Damage: what came before is there, and it is said.
head -c $(($(stat -c %s a.gz) / 2)) a.gz >cut.gz
learn 5 --log cut.gz -o cut.rec
grep -q 'damaged or cut' err && [ "$(accesses cut.rec | wc -l)" -gt 10 ] || fail "cut.gz"
{ printf 'type=AVC \0\0\n'; head -c 3000000 /dev/zero | tr '\0' x; echo; head -c 100000 /dev/urandom; echo
  cat "$logs"/slave/A/audit.log; printf 'type=AVC msg=audit(1795295827.095:1): apparmor="ALLOWED" operation="open" profile="p" name="/x'
} >junk.log
learn 0 --log junk.log -o junk.rec
cmp <(accesses a.rec) <(accesses junk.rec) || fail "junk before a log"
grep -q 'longer than 1 MiB' err && grep -q 'the record was cut' err || fail "findings about junk"

# Loss, and where another channel has it all.
learn 0 --log "$logs"/journald/A/journal.export -o j.rec
grep -q 'note: the kernel log was rate limited, 357 records' err || fail "357 suppressed beside a whole channel"
learn 0 --log "$logs"/journald/A/journal.json -o k.rec
cmp <(accesses j.rec) <(accesses k.rec) || fail "journald's export and json differ"
grep kernel: "$logs"/journald/A/journal.short >kernel.log
learn 5 --log kernel.log -o l.rec
grep -q 'LOST: the kernel log was rate limited, 357 records' err || fail "357 lost"

# Filters.
learn 0 --log "$logs"/events/complain/audit.log --profile ev-other -o f.rec
[ "$(accesses f.rec | grep -vc '"label":"ev-other')" = 0 ] && [ "$(accesses f.rec | wc -l)" -gt 3 ] || fail "--profile"
learn 0 --log "$logs"/slave/A/audit.log --until 2026-11-21 -o f.rec
[ "$(grep -c '"access"' f.rec)" = 0 ] || fail "--until"
learn 0 --log "$logs"/slave/A/audit.log --since 2026-11-21 --until 2026-11-22T00:00:00Z -o f.rec
cmp a.rec f.rec || fail "--since --until"
learn 0 --log "$logs"/slave/A/syslog --host elsewhere -o f.rec
[ "$(grep -c '"access"' f.rec)" = 0 ] || fail "--host"
grep -q 'none of the 252 AppArmor records' err || fail "--host that is not there"
# Two hosts in one log: each alone is what its own log says.
to_host() { sed "s/^\([^ ]* \)[^ ]* /\1$1 /" "$2"; }
to_host web1 "$logs"/slave/A/syslog >web1.log
to_host web2 "$logs"/slave/B/syslog | sort -s -k1,1 - web1.log >hosts.log
learn 0 --log web1.log -o web1.rec
learn 0 --log hosts.log --host web1 -o web1-of-two.rec --threads 2
cmp <(accesses web1.rec) <(accesses web1-of-two.rec) || fail "--host of two"
learn 0 --log hosts.log --since '2026-11-21 21:13' --until '2026-11-21 21:13' -o f.rec
[ "$(grep -c '"access"' f.rec)" = 0 ] || fail "an empty span"

# Destinations, by the label that went there.
learn 0 --log "$logs"/slave-rules/A/audit.log -o d.rec
grep '"class":"sockaddr"' d.rec | grep '"label":"slave-c"' | grep '"faddr":"203.0.113.7","fport":"80"' >/dev/null || fail "a destination"

# The words of an exec: in the recording with their label, beside a shell in the build's report, gone when redacted.
learn 0 --log "$logs"/slave/B/audit.log -o c.rec
grep -qF '{"kind":"command","label":"slave-c","name":"/usr/bin/dash","argv":["sh","-c","/bin/date >/dev/null; /usr/bin/id -u >/dev/null"]}' c.rec ||
    fail "the words of an exec: $(grep '"command"' c.rec)"
[ "$(grep -c '"kind":"command"' c.rec)" = 5 ] || fail "commands: $(grep '"command"' c.rec)"
learn 0 --log "$logs"/slave/B/audit.log -o o.rec -p other
[ "$(grep -c '"kind":"command"' o.rec)" = 0 ] || fail "commands of another profile"
"$AAJAIL" merge --redact c.rec 2>/dev/null | grep -q '"kind":"command"' && fail "--redact keeps commands"
for form in export json; do
    learn 0 --log "$logs"/journald/A/journal.$form -o $form.rec
    grep -q '"kind":"command","label":"ev","name":"/usr/bin/dash"' $form.rec || fail "no command in the journal as $form"
done
cmp <(grep '"command"' export.rec) <(grep '"command"' json.rec) || fail "commands differ between forms of the journal"

# merge: any grouping, twice is once; --redact; what is none.
"$AAJAIL" merge a.rec ab.rec j.rec -o m1.rec 2>/dev/null
"$AAJAIL" merge j.rec a.rec -o part.rec 2>/dev/null
"$AAJAIL" merge ab.rec part.rec a.rec part.rec -o m2.rec 2>/dev/null
cmp m1.rec m2.rec || fail "merge"
zstd -q m1.rec
"$AAJAIL" merge m1.rec.zst >m3.rec 2>/dev/null
cmp m1.rec m3.rec || fail "a compressed recording"
"$AAJAIL" merge --redact m1.rec 2>/dev/null | grep -q '"sample"' && fail "--redact"
rc=0; "$AAJAIL" merge a.gz -o none.rec 2>err || rc=$?
[ $rc = 3 ] && [ ! -e none.rec ] && grep -q 'this is not a recording' err || fail "what is no recording"
rc=0; "$AAJAIL" learn --log missing.log -o none.rec 2>err || rc=$?
[ $rc = 3 ] && [ ! -e none.rec ] && grep -q 'missing.log' err || fail "a missing log"
learn 2 x y --log a
learn 2 x.yaml
learn 2 x.yaml --log a --since yesterday
mkdir etc; cd etc; : >gap.yaml; cd ..
learn 0 etc/gap.yaml --log "$logs"/slave/A/audit.log
cmp a.rec etc/gap.rec || fail "NAME.rec beside the manifest"
learn 0 etc/gap.yaml --log "$logs"/slave/B/audit.log --add
"$AAJAIL" learn x --log "$logs"/slave/B/audit.log -o b.rec 2>/dev/null
"$AAJAIL" merge a.rec b.rec -o ab2.rec 2>/dev/null
cmp ab2.rec etc/gap.rec || fail "--add"

# Fifty recordings, reduced by two different trees of processes: the same bytes.
split -n l/50 -d big.log part.
for p in part.*; do "$AAJAIL" learn --log $p -o $p.rec 2>/dev/null || [ $? = 5 ] || fail "$p"; done
ls part.*.rec | xargs -n 7 -P 4 sh -c '"$AAJAIL" merge "$@" -o "tree.$$" 2>/dev/null' merge
"$AAJAIL" merge tree.* -o one-tree.rec 2>/dev/null
rm tree.*
ls part.*.rec | sort -R | xargs -n 20 -P 2 sh -c '"$AAJAIL" merge "$@" -o "tree.$$" 2>/dev/null' merge
"$AAJAIL" merge tree.* part.07.rec -o other-tree.rec 2>/dev/null
cmp one-tree.rec other-tree.rec || fail "fifty recordings"
"$AAJAIL" merge part.*.rec -o at-once.rec 2>/dev/null
cmp one-tree.rec at-once.rec || fail "fifty recordings at once"

# How much each slice of time brought, and what that means.
for m in $(seq 0 59); do
    printf 'type=AVC msg=audit(%d.000:%d): apparmor="ALLOWED" operation="open" profile="app" name="/srv/app/page-%d.html.%s" pid=1 comm="x" requested_mask="r" denied_mask="r" fsuid=1 ouid=1\n' \
        $((1700000000 + m * 60)) $((m + 1)) 1 "$(printf "\\$(printf %o $((97 + m % 15)))")"
done >hour.log
learn 0 --log hour.log -o hour.rec
grep -qx 'new kinds of access in each 5 min: 5 5 5 0 0 0 0 0 0 0 0 0' err || fail "slices: $(cat err)"
grep -q 'flattened: nothing new in the last 45 min of 59 min, in which 15 of 15 were seen again: ready to build' err || fail "flattened: $(cat err)"
head -12 hour.log >start.log
learn 0 --log start.log -o hour.rec
grep -q 'still growing: 1 new in the last' err || fail "growing: $(cat err)"
"$AAJAIL" learn --log hour.log -o hour.rec --json 2>/dev/null | grep -q '"growth":{"verdict":"flat","kinds":15,' || fail "growth in JSON"

# Facts about files, taken here.
learn 0 --log "$logs"/slave/A/audit.log --facts -o facts.rec
grep -q '"kind":"file","path":"/dev/null","type":"c"' facts.rec || fail "--facts"
grep -v '"kind":"file"' facts.rec | cmp - a.rec || fail "--facts changed more than facts"
echo "$n logs"
