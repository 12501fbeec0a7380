#!/bin/bash
# --json: what each verb prints parses, has the keys that aajail-json(5) says and no other, and nothing else is on stdout.
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
corpus=$AAJ_SOURCE/tests/corpus
files=(--files "$corpus/files.tsv.zst")
cd "$dir"
fail() { echo "json: $*"; exit 1; }
printf 'jail: slave-c\nslave: /usr/local/sbin/slave\nuser: nobody\n' >shop.yaml
keys() { # keys SECTION STATUS VERB ARG…
    local section=$1 status=$2 rc=0
    shift 2
    "$AAJAIL" "$@" --json >out 2>err </dev/null || rc=$?
    [ "$rc" = "$status" ] || fail "$* ended with $rc, not $status: $(cat err)"
    python3 - "$AAJ_SOURCE/man/aajail-json.5.scd" "$section" <<'PY' || fail "$*"
import json, re, sys
page = re.split(r"^# ", open(sys.argv[1]).read(), flags=re.M)
said = {k for s in page if s.startswith(("SURFACE", "FIREWALL", sys.argv[2])) for k in re.findall(r"(?<![A-Za-z])_([a-z_]+)_(?![A-Za-z])", s)
        if s.startswith(sys.argv[2]) or sys.argv[2] == "BUILD"}
text, found = open("out").read(), set()
try:
    docs = [json.loads(text)]
except ValueError:
    docs = [json.loads(line) for line in text.splitlines()]
def walk(o, free):
    if isinstance(o, dict):
        for k, v in o.items():
            if not free:
                found.add(k)
            walk(v, k in ("proved", "files") and isinstance(v, dict))
    elif isinstance(o, list):
        for v in o:
            walk(v, False)
walk(docs, False)
assert docs and found, "nothing was printed"
assert found <= said, "not in the manual: %s" % sorted(found - said)
PY
}
log=$(echo "$corpus"/logs/slave/A/audit.log*)
keys LEARN 0 learn shop.yaml --log "$log" -o shop.rec
keys LEARN 0 merge shop.rec -o merged.rec
keys BUILD 0 build shop.yaml "${files[@]}" -o made
profile=made/aajail.slave-c
sed '/^}/i\  /etc/shadow rw,\n  capability sys_admin,' "$profile" >wider
keys DIFF 1 diff "$profile" wider
keys QUERY 0 query "$profile" file /etc/slave/slave.conf r
keys QUERY 1 query "$profile" file /etc/shadow w
keys SURFACE 1 surface wider "${files[@]}"
keys EXPLAIN 0 explain "$profile" "$(grep -m1 ' r,$' "$profile")" --recording shop.rec --manifest shop.yaml "${files[@]}"
denied='type=AVC msg=audit(1795297224.355:88): apparmor="DENIED" operation="open" profile="slave-c" name="/etc/shadow" pid=1 comm="x" requested_mask="r" denied_mask="r" fsuid=1 ouid=0'
keys EXPLAIN 1 explain "$profile" "$denied" --manifest shop.yaml "${files[@]}"
keys PACKAGE 0 package made --dry-run
keys FIREWALL 0 firewall plan shop.yaml
echo "$denied" >denied.log
keys WATCH 0 watch --log denied.log
