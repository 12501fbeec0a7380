#!/bin/bash
# aajail query: text and compiled policy, one question, batches, tables, JSON, and what is wrong with a row.
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "query: $*"; exit 1; }
expect() { # expect STATUS TEXT ARG…: the answer to `aajail query ARG…`
    local status=$1 text=$2 got rc=0
    shift 2
    got=$("$AAJAIL" query "$@" 2>&1 </dev/null) || rc=$?
    [ "$rc" = "$status" ] || fail "$* ended with $rc, not $status: $got"
    [ "$got" = "$text" ] || fail "$*: $got"
}
cat >"$dir/p" <<'AA'
profile p /usr/bin/p {
  /etc/passwd r,
  "/sp ace/*" rw,
  deny /etc/shadow r,
  owner /home/** rw,
  audit /aud r,
  /bin/kid Cx,
  /bin/gone px,
  capability chown,
  network inet stream,
  profile kid /bin/kid { }
  ^hat { /h r, }
}
AA
expect 0 $'allow\t-\ta rule allows it' "$dir/p" file /etc/passwd r
expect 1 $'deny\tw\tno rule allows it' "$dir/p" file /etc/passwd rw
expect 1 $'deny\tr\ta deny rule forbids it' "$dir/p" file /etc/shadow r
expect 0 $'allow\t-\ta rule allows it, logged' "$dir/p" file /aud r
expect 0 $'allow\t-\ta rule allows it: cx profile p//kid, environment scrubbed' "$dir/p" exec /bin/kid
expect 1 $'deny\tx\tthe profile it would enter does not exist: px' "$dir/p" exec /bin/gone
expect 0 $'not-mediated\t-\tdebian12 does not mediate userns' "$dir/p" userns
expect 0 $'allow\t-\ta rule allows it: p//hat' "$dir/p" change_hat hat
expect 0 $'allow\t-\ta rule allows it: p' "$dir/p" attach /usr/bin/p
expect 0 $'allow\t-\ta rule allows it' --label p//hat "$dir/p" file /h r
expect 0 '{"label":"p","class":"cap","args":["chown"],"verdict":"allow","why":"a rule allows it","logged":false,"mode":"enforce"}' --json "$dir/p" cap chown
"$AAJAIL" query "$dir/p" file /etc/passwd q >/dev/null 2>"$dir/err" && fail "a bad mask passed"
grep -q 'expected a mask' "$dir/err" || fail "$(cat "$dir/err")"
"$AAJAIL" query "$dir/p" nonsense x >/dev/null 2>"$dir/err" && fail "a bad class passed"
"$AAJAIL" query >/dev/null 2>&1 && fail "no profile passed"
"$AAJAIL" query --target nosuch "$dir/p" userns >/dev/null 2>"$dir/err" && fail "an unknown target passed"
grep -q "there is no target 'nosuch'; there is abi3, debian12, debian13, generic-4, lab, running" "$dir/err" || fail "$(cat "$dir/err")"

# Rows: names with every byte, and errors that do not end the batch.
printf '# comment\n\np\tfile\t/sp ace/\\x09b\\\\\\n\trw\tother\np\tfile\t/home/x\tw\towner\np\tfile\t/home/x\tw\tother\np\tnet\tinet\tstream\tconnect,bind\np\tnet\tinet\tdgram\tconnect,bind\nnobody\tcap\tchown\np\tfile\t\\q\tr\n' >"$dir/rows"
rc=0
"$AAJAIL" query --batch "$dir/p" <"$dir/rows" >"$dir/out" 2>"$dir/err" || rc=$?
[ "$rc" = 3 ] || fail "bad rows ended with $rc"
diff - "$dir/out" <<'OUT' || fail "batch"
allow	-	a rule allows it
allow	-	a rule allows it
deny	w	no rule allows it
allow	-	a rule allows it
deny	connect,bind	no rule allows it
error	-	-
error	-	-
OUT
grep -q 'standard input:8: error: there is no such profile' "$dir/err" || fail "$(cat "$dir/err")"
grep -q 'standard input:9: error: a backslash is written' "$dir/err" || fail "$(cat "$dir/err")"

# Tables say what differs.
printf 'allow\tp\tfile\t/etc/passwd\tr\ndeny\tp\tfile\t/etc/passwd\tr\n' >"$dir/table"
rc=0
"$AAJAIL" query --table "$dir/table" "$dir/p" >"$dir/out" || rc=$?
[ "$rc" = 1 ] && grep -q '^2 rows, 1 differ$' "$dir/out" || fail "table: $rc $(cat "$dir/out")"

# Compiled policy, and what is none.
/sbin/apparmor_parser -Q -K --config-file=/dev/null -M "$AAJ_SOURCE/targets/debian12/features" -o "$dir/blob" "$dir/p"
expect 0 $'allow\t-\ta rule allows it' "$dir/blob" file /etc/passwd r
head -c 300 "$dir/blob" >"$dir/cut"
rc=0
"$AAJAIL" query "$dir/cut" userns >/dev/null 2>"$dir/err" || rc=$?
[ "$rc" = 3 ] && grep -q 'not sound compiled policy' "$dir/err" || fail "cut blob: $rc $(cat "$dir/err")"
echo 'profile x { /a rwq, }' >"$dir/bad"
rc=0
"$AAJAIL" query "$dir/bad" userns >/dev/null 2>"$dir/err" || rc=$?
[ "$rc" = 3 ] && grep -q "bad:1: error: syntax error" "$dir/err" || fail "bad text: $rc $(cat "$dir/err")"
echo '@{X}=/a' >"$dir/none"
"$AAJAIL" query "$dir/none" userns >/dev/null 2>"$dir/err" && fail "text without a profile passed"
grep -q 'this text defines no profile' "$dir/err" || fail "$(cat "$dir/err")"

# Whoever reads compiled policy and questions has no power; a full disk is told; a reader that goes away ends it.
mkfifo "$dir/questions"
"$AAJAIL" query "$dir/blob" <"$dir/questions" >"$dir/live" & pid=$!
exec 3>"$dir/questions"
printf 'p\tfile\t/etc/passwd\tr\n' >&3
for ((i = 0; i < 200; i++)); do [ -s "$dir/live" ] && break; sleep 0.05; done
reader=$(cat "/proc/$pid/task/$pid/children")
for line in 'Seccomp:.2' 'NoNewPrivs:.1' 'CapEff:.0000000000000000'; do
    grep -q "$line" "/proc/${reader% }/status" || fail "the reader has power: no $line in $(cat "/proc/${reader% }/status")"
done
[ "$(id -u)" != 0 ] || grep -q '^Uid:.65534.65534' "/proc/${reader% }/status" || fail "the reader is root"
exec 3>&-
wait $pid || fail "the end of its questions ended with $?"
if [ -e /dev/full ]; then
    rc=0; "$AAJAIL" query "$dir/blob" file /etc/passwd r >/dev/full 2>"$dir/err" || rc=$?
    [ "$rc" = 4 ] || fail "a full disk ended with $rc"
fi
