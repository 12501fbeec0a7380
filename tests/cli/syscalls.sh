#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# learn --syscalls against AppArmor's own records of the same calls: each log of tests/corpus/syscalls holds both, from a
# real kernel with the rules of --print-rules and a learning profile.
set -euo pipefail
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
corpus=$AAJ_SOURCE/tests/corpus/syscalls dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*" >&2; exit 1; }
learn() { local want=$1 rc=0; shift; "$AAJAIL" learn "$@" >out 2>err || rc=$?; [ $rc = "$want" ] || fail "learn $* ended with $rc, not $want: $(cat err)"; }
files=$corpus/files.tsv.zst
for log in slave php-fpm; do
    zstd -qd "$corpus/$log.log.zst" -o $log.both
    grep -v 'apparmor="' $log.both >$log.log # what a kernel without AppArmor writes
done

# Sets of (label, name, permission), execs, sockets and destinations: what is missing, and what is too much.
cat >compare.py <<'PY'
import json, sys
aa, sys_rec, without, least_files, most_missing, most_extra = sys.argv[1:4] + [int(a) for a in sys.argv[4:]]
def load(path):
    files, execs, net, dest = set(), set(), set(), set()
    for line in open(path):
        o = json.loads(line)
        if o["kind"] != "access" or o["op"] == "getattr" or (without and without in o["label"]):
            continue
        if o["class"] == "file" and "name" in o:
            mask = set(o["requested"])
            if mask & set("cd"):
                mask = mask - set("cd") | {"w"}  # a rule writes both as w
            for p in mask - ({"a"} if "w" in mask else set()):
                files.add((o["label"], str(o["name"]), p))
        elif o["class"] == "exec":
            execs.add((o["label"], str(o["name"]), o["target"]))
        elif o["class"] in ("net", "unix"):
            net.add((o["label"], o["class"], o.get("family"), o.get("type")))
        elif o["class"] == "sockaddr":
            dest.add((o["label"], o["family"], o.get("faddr"), o.get("fport"), o.get("laddr"), o.get("lport")))
    # a file has w or a, whichever is more
    return {f for f in files if f[2] != "a" or f[:2] + ("w",) not in files}, execs, net, dest
a, s = load(aa), load(sys_rec)
print(f"files {len(a[0])}, of these not learned {len(a[0] - s[0])}, too much {len(s[0] - a[0])}; execs {len(a[1])}; destinations {len(a[3])}")
assert len(a[0]) >= least_files, "too few to compare"
assert len(a[0] - s[0]) <= most_missing, sorted(a[0] - s[0])
assert len(s[0] - a[0]) <= most_extra, sorted(s[0] - a[0])
assert a[1] == s[1], ("execs", a[1] ^ s[1])
assert a[2] <= s[2], ("sockets", a[2] - s[2])  # more than AppArmor tells of profiles that it makes up
assert a[3] == s[3], ("destinations", a[3] ^ s[3])
PY
# LABEL EXE LOG WITHOUT LEAST MISSING EXTRA. A setuid program leaves the uid, so the rules and the log.
while read -r label exe log without least missing extra; do
    [ "$without" != - ] || without=
    learn 0 "$exe" --syscalls -p "$label" --log $log.log --files "$files" -o "$label.rec"
    grep -q 'capabilities, signals, ptrace, mounts and D-Bus are in no such log' err || fail "it does not say what it cannot see: $(cat err)"
    learn 0 x -p "$label" --log $log.both -o "$label.aa.rec"
    python3 compare.py "$label.aa.rec" "$label.rec" "$without" "$least" "$missing" "$extra" || fail "$label"
done <<'X'
slave-c /usr/local/sbin/slave slave - 80 0 0
pyw /srv/pyw/pyw.py slave - 230 2 2
blog /usr/sbin/php-fpm8.2 php-fpm exim4 430 4 4
X
grep -q '"channel":"syscalls"' slave-c.rec || fail "the recording does not say where it is from"
grep -q '"kind":"file","path":"/usr/sbin/exim4","type":"f","mode":"4755"' blog.rec || fail "exim4 is not known to be setuid"
grep -q '"kind":"command","label":"slave-c","name":"/usr/bin/dash","argv":\["sh","-c","' slave-c.rec || fail "no words of the shell"

# AppArmor's records in between make no difference, nor do other forms, a copy, or a log in two parts.
accesses() { grep -v '"kind":"input"' "$1"; }
same() { cmp <(accesses "$1") <(accesses "$2") || fail "$3"; }
slave() { learn 0 /usr/local/sbin/slave --syscalls -p slave-c --files "$files" -o o.rec "$@"; }
slave --log slave.both
same slave-c.rec o.rec "with AppArmor's records"
slave --log slave.log --log slave.both
same slave-c.rec o.rec "a copy"
half=$(($(wc -l <slave.log) / 2))
half=$(awk -v n=$half 'NR > n && /type=1327/ { print NR; exit }' slave.log)
head -n "$half" slave.log >first.log
tail -n +$((half + 1)) slave.log >second.log
slave --log second.log --log first.log
same slave-c.rec o.rec "two parts"
declare -A name=([1300]=SYSCALL [1302]=PATH [1306]=SOCKADDR [1307]=CWD [1309]=EXECVE [1317]=FD_PAIR [1323]=MMAP [1327]=PROCTITLE)
words=
for n in "${!name[@]}"; do words+="s/^audit: type=$n audit/type=${name[$n]} msg=audit/;"; done
sed "$words" slave.log >audit.log
slave --log audit.log
same <(sed 's/type=[A-Z_]* msg=audit/audit: type= audit/g' o.rec) <(sed 's/audit: type=[0-9]* audit/audit: type= audit/g' slave-c.rec) "auditd's form"
slave --log slave.log --key aajail
same slave-c.rec o.rec "--key"
slave --log slave.log --key other
grep -q 'no process is seen to execute /usr/local/sbin/slave' err || fail "another key: $(cat err)"
slave --log slave.log --since 2030-01-01
[ "$(grep -c '"access"' o.rec)" = 0 ] || fail "--since"

# What cannot be told is a loss, not a guess: a folder that was opened before the log.
awk '/syscall=257/ && /a0=ffffff9c/ { next } { print }' slave.log | grep -v 'type=1302.*name="tree"' >cut.log
learn 5 /srv/pyw/pyw.py --syscalls -p pyw --log cut.log --files "$files" -o cut.rec
grep -q 'LOST: system calls about files whose names the log does not tell' err || fail "names that cannot be told: $(cat err)"
grep -q '"name":"a/' cut.rec && fail "a relative name is learned"

# It builds, is proved, and allows what AppArmor logged, but for the capabilities that are in no such log.
"$AAJAIL" build -e /usr/local/sbin/slave -p slave-c --recording slave-c.rec --files "$files" -o - >slave 2>err || fail "build: $(cat err)"
grep -q 'learned from system calls' err || fail "the build does not say what it was learned from: $(cat err)"
rc=0; "$AAJAIL" check slave --recording slave-c.aa.rec --json >check.json 2>err || rc=$?
[ $rc = 1 ] || fail "check: $rc $(cat err)"
python3 - <<'PY' || fail "denied: $(cat check.json)"
import json
o = json.load(open("check.json"))
rules = sorted(d["rule"] for d in o["groups"])
assert rules == ["capability setgid,", "capability setuid,"], rules
PY

# The rules.
"$AAJAIL" learn /usr/local/sbin/slave --print-rules --user 2005 >rules || fail "--print-rules"
grep -q '^-a always,exit -F arch=b64 -S .*openat.* -F uid=2005 -k aajail$' rules || fail "rules: $(cat rules)"
grep -q -- '-F exe=/usr/local/sbin/slave -F uid!=2005 -k aajail$' rules || fail "rules before the uid"
grep -vE '^(#|-b 65536$|-a always,exit -F arch=b64 -S [a-z0-9,]+ (-F a[12][=&][0-9]+ )?(-F exe=/usr/local/sbin/slave -F uid!=2005|-F uid=2005) -k aajail$)' rules &&
    fail "a line that auditctl does not know"
printf '{ jail: s, slave: /usr/local/sbin/slave, user: root }\n' >s.yaml
"$AAJAIL" learn s.yaml --print-rules | grep -q -- '-F uid=0 -k' || fail "the manifest's user"
learn 3 "/a b" --print-rules --user 1
learn 2 /usr/local/sbin/slave --print-rules
learn 2 /usr/local/sbin/slave --syscalls
learn 2 /usr/local/sbin/slave --syscalls --live
learn 2 /usr/local/sbin/slave --key x --log slave.log
learn 3 slave --syscalls --log slave.log
