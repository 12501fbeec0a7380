#!/bin/bash
# init writes manifests that build takes; explain finds a rule's events and an event's rule.
set -uo pipefail
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
logs=$AAJ_SOURCE/tests/corpus/logs files=$AAJ_SOURCE/tests/corpus/files.tsv.zst dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }
log=$(ls "$logs"/slave/A* | head -1); [ -d "$logs/slave/A" ] && log=$logs/slave/A/$(ls "$logs/slave/A" | grep -m1 audit)

printf '[Service]\nUser=gap\nWorkingDirectory=/srv/gap\nExecStart=-/opt/gap/bin/gap --port 9\n' >"$dir/gap.service"
"$AAJAIL" init "$dir/gap.service" -o "$dir/gap.yaml" || fail "init of a unit"
grep -qx 'slave: /opt/gap/bin/gap' "$dir/gap.yaml" || fail "no slave in the manifest"
grep -qx 'user: gap' "$dir/gap.yaml" || fail "no user in the manifest"
grep -qx 'roots: \[ /srv/gap \]' "$dir/gap.yaml" || fail "no roots in the manifest"
"$AAJAIL" init "$dir/gap.service" -o "$dir/gap.yaml" 2>/dev/null && fail "init wrote over a file"
printf '[Service]\nUser="app"\nStateDirectory=app two:link %%%%i\nLogsDirectory=app\nWorkingDirectory=-/srv/app\nExecStart="/usr/bin/python3" \\\n  /srv/app/app.py\n' >"$dir/app.service"
out=$("$AAJAIL" init "$dir/app.service") || fail "init of a unit with folders"
grep -qx 'user: app' <<<"$out" && grep -qx 'roots: \[ /srv/app, /var/lib/app, /var/lib/two, /var/log/app \]' <<<"$out" ||
    fail "systemd's folders are no roots: $out"
grep -q '^unit: app.service' <<<"$out" || fail "an interpreter is not attached to its unit: $out"
"$AAJAIL" init $$ | grep -q '^slave: /' || fail "init of a process"
"$AAJAIL" init /no/such/executable 2>/dev/null; [ $? = 3 ] || fail "init of nothing is bad input"
"$AAJAIL" init --log "$log" >/dev/null || fail "init of a log"
{ zstdcat -f "$log"; zstdcat -f "$log" | sed 's/="slave-c/="other/g'; } >"$dir/both"
"$AAJAIL" init --log "$log" -o "$dir/begun.yaml" 2>"$dir/err" && grep -q 'begun.yaml: note: fill in' "$dir/err" || fail "init of a log does not say what is missing"
grep -q '^slave: FILL-IN .* the log calls it .slave.$' "$dir/begun.yaml" || fail "no hint at the program: $(cat "$dir/begun.yaml")"
grep -q 'uid 2005 in the log' "$dir/begun.yaml" || fail "no hint at the user"
"$AAJAIL" build "$dir/begun.yaml" --log "$log" --files "$files" -o "$dir/no" 2>"$dir/err"
[ $? = 3 ] && grep -q 'begun.yaml:3:8: error: fill in the slave' "$dir/err" || fail "a manifest with a gap is built: $(cat "$dir/err")"
sed 's|FILL-IN|/usr/local/sbin/slave|' "$dir/begun.yaml" >"$dir/full.yaml"
"$AAJAIL" build "$dir/full.yaml" --log "$log" --files "$files" -o "$dir/yes" 2>"$dir/err" || fail "the manifest, completed: $(cat "$dir/err")"
grep -q 'there is no such file' "$dir/err" && fail "the slave is missed: $(cat "$dir/err")"
sed 's|FILL-IN|/usr/local/sbin/slaev|' "$dir/begun.yaml" >"$dir/typo.yaml"
"$AAJAIL" build "$dir/typo.yaml" --log "$log" --files "$files" -n 2>"$dir/err"
grep -q 'typo.yaml:3:8: warning: there is no such file' "$dir/err" || fail "a slave that is not there: $(cat "$dir/err")"
"$AAJAIL" init --log "$dir/both" 2>"$dir/err"; [ $? = 3 ] || fail "of two profiles in a log init takes one without a word"
grep -q "note: other: [0-9]* events, uid 2005, calls itself 'slave'" "$dir/err" || fail "the profiles are not listed: $(cat "$dir/err")"
# Each slave and each pool of a log, found by its user too.
zstdcat "$logs/php-fpm-pools/A/audit.log.zst" | cat - "$dir/both" >"$dir/three"
out=$("$AAJAIL" init --log "$dir/three" --all -o "$dir/all" 2>/dev/null) || fail "init --all"
[ "$(sed 's|.*/||' <<<"$out" | sort | tr '\n' ' ')" = "blog.yaml other.yaml php-fpm.yaml shop.yaml slave-c.yaml " ] || fail "--all wrote: $out"
grep -qx 'master: php-fpm' "$dir/all/blog.yaml" && grep -qx 'template: php-fpm-master' "$dir/all/php-fpm.yaml" || fail "the pool's master"
"$AAJAIL" init --log "$dir/three" --all -o "$dir/all" >/dev/null 2>&1; [ $? = 3 ] || fail "--all wrote over files"
uid=$(sed -n 's/.*uid \([0-9]*\) in the log.*/\1/p' "$dir/all/shop.yaml")
"$AAJAIL" init --log "$dir/three" --uid "$uid" | grep -q '^hat: shop' || fail "init by uid $uid"
"$AAJAIL" init --log "$dir/three" --profile php-fpm//shop 2>/dev/null | grep -q '^hat: shop' || fail "init of a pool"
"$AAJAIL" init --log "$dir/both" -p other | grep -qx 'jail: other' || fail "init of a profile in a log"

"$AAJAIL" build -e /usr/local/sbin/slave -p slave-c -l "$log" --files "$files" -o - >"$dir/slave" 2>/dev/null || fail "build"
out=$("$AAJAIL" explain "$dir/slave" 'owner /srv/slave/data/** rwk,' -p slave-c -l "$log" --files "$files") ||
    fail "explain of a rule"
grep -q 'created: ' <<<"$out" || fail "the inference is not named"
grep -q 'file_lock name=/srv/slave/data/db.lck' <<<"$out" || fail "the event is not shown"
"$AAJAIL" explain "$dir/slave" '/etc/never r,' -p slave-c -l "$log" --files "$files" 2>/dev/null
[ $? = 1 ] || fail "a rule that nothing leads to is a finding"
out=$("$AAJAIL" explain "$dir/slave" '/etc/ld.so.cache mr,' -p slave-c -l "$log" --files "$files") || fail "explain of a rule in an include"
grep -q 'abstractions/base:[0-9]* grants it' <<<"$out" && grep -q 'open name=/etc/ld.so.cache' <<<"$out" ||
    fail "neither the include's rule nor its event: $out"
[ "$(grep -c 'abstractions/base' <<<"$out")" = 1 ] && grep -q 'grants it, in slave, slave//dash, slave//helper' <<<"$out" &&
    grep -q 'in slave//helper$' <<<"$out" || fail "an include's rule, once, with where it applies: $out"
# An event: the rules of the profile that it is judged by, and no other's; and those that stop it.
mmap=$(zstdcat -f "$log" | grep -am1 'profile="slave-c//null-/usr/bin/dash".*libc.so.6')
out=$("$AAJAIL" explain "$dir/slave" "$mmap" -p slave-c) || fail "explain of a child's event"
grep -qx 'allowed in slave//dash, by' <<<"$out" && [ "$(sort <<<"$out" | uniq -d | wc -l)" = 0 ] || fail "rules of other profiles: $out"
out=$("$AAJAIL" explain "$dir/slave" "$(zstdcat -f "$log" | grep -am1 'capname="setgid"')" -p slave-c)
grep -q 'capability setgid,' <<<"$out" || fail "a capability's rule: $out"
sed 's|  capability setgid,|  deny capability setgid,\n  deny /etc/slave/** r,|' "$dir/slave" >"$dir/denying"
for what in 'capname="setgid"' 'name="/etc/slave/slave.conf"'; do
    out=$("$AAJAIL" explain "$dir/denying" "$(zstdcat -f "$log" | grep -am1 "$what")" -p slave-c)
    [ $? = 1 ] && grep -q 'stopped by .*denying:[0-9]*: deny ' <<<"$out" && ! grep -q missing <<<"$out" || fail "$what, denied: $out"
done
event='type=AVC msg=audit(1.001:1): apparmor="ALLOWED" operation="open" profile="slave-c" name="/etc/evil" pid=1 comm="x" requested_mask="wc" denied_mask="wc" fsuid=2005 ouid=2005'
out=$("$AAJAIL" explain "$dir/slave" "$event" -p slave-c); [ $? = 1 ] || fail "an event that is denied is a finding"
grep -q 'missing: .*/etc/evil w' <<<"$out" || fail "the missing rule is not shown"
"$AAJAIL" explain "$dir/slave" "${event//evil/hosts}" -p slave-c >/dev/null; [ $? = 1 ] || fail "hosts is not written"
out=$("$AAJAIL" explain "$dir/slave" "${event//\/etc\/evil//srv/slave/data/new.lck}" -p slave-c) || fail "allowed"
grep -q 'srv/slave/data/\*' <<<"$out" || fail "the rule that allows it is not shown"
# What an attack looks like is said beside the rule that is missing.
out=$("$AAJAIL" explain "$dir/slave" "$event" -p slave-c)
grep -q 'look twice: it reached for what no learned rule may grant, system-code' <<<"$out" || fail "the ceiling is not named: $out"
shell='type=AVC msg=audit(1.001:1): apparmor="DENIED" operation="exec" profile="slave-c" name="/usr/bin/bash" pid=1 comm="x" requested_mask="x" denied_mask="x" fsuid=2005 ouid=0'
out=$("$AAJAIL" explain "$dir/slave" "$shell" -p slave-c) && fail "bash is executed"
grep -q 'look twice: it ran a shell' <<<"$out" || fail "the shell is not named: $out"

# The build sets apart: a shell, data outside the roots, the ceiling, a destination that the manifest does not list.
cat >"$dir/slave.yaml" <<'YAML'
{ jail: slave-c, slave: /usr/local/sbin/slave, roots: [ /srv/slave ], user: nobody, network: { allow: [ resolver ] } }
YAML
zstdcat "$log" >"$dir/log" || fail "zstdcat"
echo "${event/ALLOWED/DENIED}" | sed 's/name="[^"]*"/name="\/srv\/slave\/x"/' >>"$dir/log"
echo "${event}" | sed 's/name="[^"]*"/name="\/srv\/other\/customers.db"/; s/wc/r/g' >>"$dir/log"
echo "${event}" | sed 's/name="[^"]*"/name="\/etc\/shadow"/; s/wc/r/g' >>"$dir/log"
"$AAJAIL" build "$dir/slave.yaml" -l "$dir/log" --files "$files" -o "$dir/out" --json >"$dir/json" 2>"$dir/err" || fail "build: $(cat "$dir/err")"
for kind in ceiling shell outside destination denied; do
    python3 -c "import json,sys; sys.exit(not any(s['kind'] == '$kind' for s in json.load(open('$dir/json'))['suspicious']))" ||
        fail "$kind is not set apart"
done
grep -A2 'it ran a shell' "$dir/err" | grep -qF "as: sh -c '" || fail "the shell's command is not shown: $(cat "$dir/err")"
python3 -c "import json,sys; sys.exit(not any(c.startswith('sh -c') for s in json.load(open('$dir/json'))['suspicious'] for c in s.get('commands', [])))" ||
    fail "the shell's command is not in the report"
grep -A1 'used data outside' "$dir/err" | grep -q '/srv/other/customers.db r  # 1 event, granted' || fail "outside: $(cat "$dir/err")"
# What was written and then loaded as code: a cache of templates, and what somebody uploaded. One line for each rule.
code() { "$AAJAIL" build -e /usr/bin/shop --profile shop --log "$AAJ_SOURCE/tests/golden/learn/$1.log" --files "$files" -o - 2>&1; }
code people | grep -A1 'it wrote files that it then loaded as code' | grep -q '/srv/shop/up/shell.php r  # 1 event, granted' || fail "an uploaded program"
code people | grep -q 'owner /srv/shop/up/shell.php rw,  # code that the slave writes and loads' || fail "the rule does not say that it is code"
[ "$(code compiled | sed -n '/loaded as code/,/^  [^ ]/p' | grep -c ', granted')" = 6 ] || fail "compiled code: $(code compiled)"
# Against a profile that is there already they make no rule, unless told so.
printf 'include <tunables/global>\nprofile slave-c /usr/local/sbin/slave {\n  include <abstractions/base>\n}\n' >"$dir/kept"
merge() { "$AAJAIL" build "$dir/slave.yaml" -l "$dir/log" --files "$files" --merge "$dir/kept" -o - "$@" 2>"$dir/err"; }
merge | grep -qE 'customers.db|bin/dash' && fail "a new shell and new data were merged"
grep -q 'it is new to the profile and looks like an attack' "$dir/err" || fail "it is not said: $(cat "$dir/err")"
[ "$(merge --denied=grant | grep -cE 'customers.db r|/usr/bin/dash Cx')" = 2 ] || fail "it is not merged when told so: $(cat "$dir/err")"
# One more event changes only what it must: a new name is a new line, and of one that was seen before only the count.
one() { "$AAJAIL" build "$dir/slave.yaml" -l "$1" --files "$files" -o - --comments 2>/dev/null; }
one "$dir/log" >"$dir/before"
{ cat "$dir/log"; sed 's/name="[^"]*"/name="\/etc\/slave\/extra.conf"/; s/wc/r/g; s/(1.001:1)/(1.002:2)/; s/ouid=2005/ouid=0/' <<<"$event"; } >"$dir/log+1"
one "$dir/log+1" | diff "$dir/before" - >"$dir/diff"
[ "$(grep -c '^[<>]' "$dir/diff")" = 1 ] && grep -q '^>   /etc/slave/extra.conf r,' "$dir/diff" || fail "one more name: $(cat "$dir/diff")"
{ cat "$dir/log"; sed 's/name="[^"]*"/name="\/etc\/slave\/slave.conf"/; s/wc/r/g; s/(1.001:1)/(1.002:2)/; s/ouid=2005/ouid=0/' <<<"$event"; } >"$dir/log+1"
one "$dir/log+1" | diff "$dir/before" - >"$dir/diff"
[ "$(grep '^[<>]' "$dir/diff" | cut -d'#' -f1 | cut -c3- | sort -u | grep -c .)" -le 1 ] || fail "one more event: $(cat "$dir/diff")"

exit $failed
