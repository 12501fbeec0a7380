#!/bin/bash
# aajail fmt and aajail lint --syntax-only: what is printed, where errors are shown, exit statuses.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "policy: $*"; exit 1; }
expect() { # expect STATUS TEXT ARG…: standard output and error of `aajail ARG…`
    local status=$1 text=$2 got rc=0
    shift 2
    got=$("$AAJAIL" "$@" 2>&1 </dev/null) || rc=$?
    [ "$rc" = "$status" ] || fail "$* ended with $rc, not $status: $got"
    [ "$got" = "$text" ] || fail "$*: $got"
}
mkdir -p base/abstractions
echo '  /base/file   r,  # kept' >base/abstractions/base
ln -s /etc/passwd base/abstractions/leak
printf 'profile  p {\n#c\n   owner  /a   wr,\ninclude <abstractions/base>\n}\n' >p
canonical=$'profile p {\n  #c\n  owner /a rw,\n  include <abstractions/base>\n}'

expect 0 "$canonical" fmt p
expect 1 p fmt --check p
[ "$("$AAJAIL" fmt - <p)" = "$canonical" ] || fail "standard input"
chmod 640 p
expect 0 '' fmt -i p
expect 0 '' fmt --check p
[ "$(stat -c %a p)" = 640 ] || fail "fmt -i changed the mode"
expect 0 "/base/file r,  # kept" fmt base/abstractions/base
printf 'profile p {\n  /a r\n  /b w,\n}\n' >bad
cp bad before
expect 3 $'bad:2:7: error: expected \',\' at the end of the rule [policy-syntax]\n      /a r\n          ^' fmt -i bad
cmp -s bad before || fail "a file with errors was written"
expect 2 $'aajail fmt: name the files to format, or \'-\' for standard input\nTry \'aajail fmt --help\'.' fmt

expect 0 '' lint --syntax-only --base base p
expect 3 $'bad:2:7: error: expected \',\' at the end of the rule [policy-syntax]\n      /a r\n          ^' \
    lint --syntax-only --base base bad
printf 'profile p {\n  include <abstractions/none>\n  /a px,\n  /{a,b} ux,\n  @{NO} r,\n  wibble,\n}\n' >many
expect 3 "many:2:3: error: there is no such file in the policy folders [policy-syntax]
      include <abstractions/none>
      ^~~~~~~~~~~~~~~~~~~~~~~~~~~
many:5:3: error: the variable @{NO} was never set; is 'include <tunables/global>' missing before the profile? [policy-syntax]
      @{NO} r,
      ^~~~~
many:6:3: error: expected a rule (a path begins with '/'), found 'wibble' [policy-syntax]
      wibble,
      ^~~~~~
many:4:3: error: another rule wants '/a' executed in a different way [policy-syntax]
      /{a,b} ux,
      ^~~~~~~~~~
many:3:3: note: the other rule is here [policy-syntax]
      /a px,
      ^" lint --syntax-only --base base many
# Nothing outside of the policy folders is opened, and no line of it shown.
printf 'profile p {\n  include <abstractions/leak>\n  include "/etc/passwd"\n  include <../p>\n}\n' >out
got=$("$AAJAIL" lint --syntax-only --base base out 2>&1) && fail "an include led outside"
[ "$(grep -c 'leads outside' <<<"$got")" = 3 ] || fail "$got"
grep -q root <<<"$got" && fail "a line of /etc/passwd was shown"
printf 'profile p {\n  userns,\n}\n' >new
"$AAJAIL" lint --syntax-only --base base new || fail "userns is valid"
rc=0
got=$("$AAJAIL" lint --syntax-only --base base --target debian12 --json new) || rc=$?
[ "$rc" = 1 ] || fail "a warning is exit 1, not $rc"
python3 -c 'import json,sys
(d,) = json.load(sys.stdin)
assert d["severity"] == "warning" and d["line"] == 2 and "userns" in d["message"], d' <<<"$got"
# Deep nesting, long lines and binary noise are errors, not accidents.
python3 - <<'PY'
open("deep", "w").write("profile p " + "{ owner " * 5000)
open("noise", "wb").write(bytes(range(256)) * 64)
open("long", "w").write("profile p { /" + "a" * 3000000 + " r, }\n")
PY
for f in deep noise; do
    rc=0
    "$AAJAIL" lint --syntax-only --base base "$f" >/dev/null 2>&1 || rc=$?
    [ "$rc" = 3 ] || fail "$f ended with $rc"
    rc=0
    "$AAJAIL" fmt "$f" >/dev/null 2>&1 || rc=$?
    [ "$rc" = 3 ] || fail "fmt $f ended with $rc"
done
"$AAJAIL" fmt long | cmp - <(sed 's/{ /{\n  /; s/ }/\n}/' long) || fail "a long path"
