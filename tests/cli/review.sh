#!/bin/bash
# aajail review: what it asks of real logs, what the answers put into the manifest, and that nothing is written before the last yes.
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
logs=$AAJ_SOURCE/tests/corpus/logs
files=(--files "$AAJ_SOURCE/tests/corpus/files.tsv.zst")
cd "$dir"
fail() { echo "review: $*"; exit 1; }
review() { # review STATUS ANSWERS ARG…: output in out
    local status=$1 answers=$2 rc=0
    shift 2
    printf "$answers" | COLUMNS=60 "$AAJAIL" review "$@" >out 2>err || rc=$?
    [ "$rc" = "$status" ] || fail "$* with '$answers' ended with $rc, not $status: $(cat out err)"
    ! grep -q $'\033' out || fail "colour where there is no terminal"
}
says() { grep -qF -- "$1" out err || fail "no '$1' in: $(cat out err)"; }
untouched() { cmp -s shop.yaml was || fail "it was written: $(cat shop.yaml)"; }
kinds() { python3 -c 'import json, sys; print(" ".join("%s=%s" % (q["kind"], q["what"]) for q in json.load(open("out"))))'; }

cat >shop.yaml <<'YAML'
# The shop's own words stay.
jail: slave-c
slave: /usr/local/sbin/slave   # as the kernel resolves it
exec:
  default: child # said by hand
tests: { deny: [ "tcp 127.0.0.1:25" ] }
YAML
cp shop.yaml was
"$AAJAIL" learn shop.yaml --log "$logs"/slave/A/audit.log* --log "$logs"/slave/X/audit.log* -o shop.rec 2>err || fail "$(cat err)"

# Questions alone: for people, and for programs with what may be answered. An attack's are among them; what a test decides is not asked.
review 1 '' shop.yaml "${files[@]}" --dry-run
[ "$(wc -l <out)" = 4 ] || fail "four questions: $(cat out)"
review 1 '' shop.yaml "${files[@]}" --json
[ "$(kinds)" = "shell=/usr/bin/dash ceiling=/etc/evil.new ceiling=/usr/local/sbin/slave.new destination=tcp 203.0.113.7:80" ] || fail "$(kinds)"
python3 -c '
import json
q = json.load(open("out"))
assert q[0]["jail"] == "slave-c" and q[0]["choices"] == ["child", "inherit", "profile", "deny"], q[0]
assert q[1]["detail"] == "system-code" and q[1]["choices"] == ["allow", "never"] and q[1]["events"] == 1, q[1]'
untouched

# Words and letters, wrong ones, the explanation, the events; nothing wider than the terminal but what was logged.
review 0 'x\n?\nevents\nCH\nnever\nn\na\nmaybe\ny\n' shop.yaml "${files[@]}"
says "that is none of the answers"
says 'operation="exec"'
grep -v 'type=AVC\|(s)kip\|(y)es' out | awk 'length > 60 { exit 1 }' || fail "wider than 60 columns: $(cat out)"
says "4 answered, 0 left as they are; next: aajail build shop.yaml"
diff shop.yaml - <<'YAML' || fail "the manifest"
# The shop's own words stay.
jail: slave-c
slave: /usr/local/sbin/slave   # as the kernel resolves it
exec:
  default: child # said by hand
  "/usr/bin/dash": child
tests: { deny: [ "tcp 127.0.0.1:25" ] }
never:
  - "owner /etc/evil.new w,"
  - "owner /usr/local/sbin/slave.new w,"
network:
  allow:
    - "tcp 203.0.113.7:80"
YAML
review 0 '' shop.yaml "${files[@]}"
says "nothing is left to decide"
"$AAJAIL" build shop.yaml "${files[@]}" -o - >profile 2>err || fail "what was answered does not build: $(cat err)"

# Left, quit, the end of input, no: the manifest is as it was, and findings remain.
for answers in '\n\n\n\n' 'q\n' '' 'd\n' 'd\nn\n' 'd\nq\nn\n' 'd\nn\nn\na\n'; do
    cp was shop.yaml
    review 1 "$answers" shop.yaml "${files[@]}"
    untouched
done
# Quitting keeps what was answered before.
review 1 'd\nq\ny\n' shop.yaml "${files[@]}"
grep -qF '  "/usr/bin/dash": deny' shop.yaml && ! grep -q never shop.yaml || fail "$(cat shop.yaml)"
says "1 answered, 3 left as they are"
# Granting what the ceiling forbids: the rule, and the item that it crosses.
cp was shop.yaml
review 1 's\na\nq\ny\n' shop.yaml "${files[@]}"
grep -qF -- '- "owner /etc/evil.new w,"' shop.yaml && grep -qF -- '- "system-code"' shop.yaml || fail "$(cat shop.yaml)"
# A program of which nothing is known is asked about; once it may run, what it did is asked next, before anything is written.
cp was shop.yaml
printf 'd\t755\t0\t0\t/srv\t\n' >list
review 1 'events\nc\nq\nn\n' shop.yaml --files list
says "It ran a program of which nothing is known"
says "/usr/local/lib/slave/helper"
says 'operation="exec"'
untouched
# A file that somebody else changed meanwhile is not overwritten.
cp was shop.yaml
mkfifo answers
"$AAJAIL" review shop.yaml "${files[@]}" <answers >out 2>err & pid=$!
exec 3>answers
echo d >&3
for ((i = 0; i < 200; i++)); do grep -q '2/4' out && break; sleep 0.05; done
echo '# edited' >>shop.yaml
printf 'q\ny\n' >&3
exec 3>&-
rc=0; wait $pid || rc=$?
[ $rc = 4 ] && grep -q 'somebody has changed it' err || fail "an edit meanwhile: $rc $(cat out err)"
tail -n 1 shop.yaml | grep -q '# edited' || fail "the edit is lost"
# Code that it wrote itself: never means neither writing nor loading, and either answer ends the question.
printf 'jail: shop\nslave: /usr/bin/shop\n' >code.yaml
cp code.yaml code.was
"$AAJAIL" learn code.yaml --log "$AAJ_SOURCE/tests/golden/learn/people.log" -o code.rec 2>err || fail "$(cat err)"
review 0 'never\ny\n' code.yaml "${files[@]}"
says 'It wrote files that it then loaded as code:'
grep -qF -- '- "/srv/shop/up/shell.php rw,"' code.yaml || fail "$(cat code.yaml)"
! "$AAJAIL" build code.yaml "${files[@]}" -o - 2>/dev/null | grep shell || fail "shell.php is still granted"
review 0 '' code.yaml "${files[@]}"
cp code.was code.yaml
review 0 'allow\ny\n' code.yaml "${files[@]}"
grep -qF -- '- "owner /srv/shop/up/shell.php r,"' code.yaml || fail "$(cat code.yaml)"
review 0 '' code.yaml "${files[@]}"
# What cannot be done.
rc=0; "$AAJAIL" review shop.yaml --log - </dev/null 2>err || rc=$?
[ $rc = 2 ] || fail "--log - ended with $rc"
rc=0; "$AAJAIL" review 2>err || rc=$?
[ $rc = 2 ] || fail "no manifest ended with $rc"
rc=0; "$AAJAIL" review none.yaml </dev/null 2>err || rc=$?
[ $rc = 3 ] || fail "a manifest that is not there ended with $rc"
