#!/bin/bash
# aajail lint: each semantic finding, each switched off by its comment, and sound profiles without a word.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "lint: $*"; exit 1; }
ids() { # the ids of the findings about a profile with this body, but for no-local
    printf 'abi <abi/3.0>,\ninclude <tunables/global>\nprofile p %s {\n%s\n}\n' "${2-/usr/bin/p}" "$1" >"$dir/p"
    { "$AAJAIL" lint --json "$dir/p" || [ $? = 1 ]; } >"$dir/out" 2>"$dir/err" || fail "$1: $(cat "$dir/err")"
    python3 -c '
import json, sys
print(" ".join("%s:%d" % (d["id"][5:], d["line"]) for d in json.load(open(sys.argv[1])) if d["id"] != "lint-no-local"))' "$dir/out"
}
finds() { # finds IDS BODY [ATTACHMENT]
    local want=$1 got
    shift
    got=$(ids "$@")
    [ "$got" = "$want" ] || fail "$1: found '$got', expected '$want'"
}
finds "" $'/a r,\n/b rw,\n/usr/bin/id Cx,\nowner /a k,'
finds "ux:4" '/usr/bin/id Ux,'
finds "ux:4" '/usr/bin/id PUx,'
finds "unscrubbed:4" '/usr/bin/id px,'
finds "" '/usr/bin/id Px,'
finds "write-exec:5" $'/srv/up/** rw,\n/srv/up/run/* ix,'
finds "" $'/srv/up/*.png rw,\n/srv/up/*.cgi ix,'
finds "ceiling:4" '/etc/shadow r,'
finds "ceiling:5" $'capability chown,\ncapability sys_admin,'
finds "shadowed:5" $'deny /v/** rw,\n/v/a r,'
finds "" $'deny /v/** r,\n/v/a rw,'
finds "redundant:5" $'/v/** r,\n/v/a r,'
finds "redundant:5" $'/v/a r,\n/v/a r,'
finds "redundant:5" $'include <abstractions/base>\n/usr/share/zoneinfo/UTC r,'
finds "" $'owner /v/** r,\n/v/a r,'
finds "" $'/v/** ix,\n/v/a px -> x, # aajail: allow lint-unscrubbed'
finds "interpreter:3" '' '/usr/bin/python3.11'
finds "interpreter:3" '' '/usr/bin/php*'
finds "" '' '/usr/bin/pythonista'
many=$(for i in a b c d e f g h i j k l m; do echo "/bin/$i Cx -> $i,"; done)
finds "exec-targets:3" "$many"
finds "interior-globs:3" '/a/**/b/**/c r, /d/**/e/**/f r, /g/**/h/**/i r, /j/**/k r,'
# Comments: behind the rule, above it, at the brace; for that finding alone.
finds "" '/usr/bin/id Ux, # aajail: allow lint-ux'
finds "" $'# it prints the uid; aajail: allow lint-ceiling lint-ux\n/usr/bin/id Ux,'
finds "ux:4" '/usr/bin/id Ux, # aajail: allow lint-unscrubbed'
printf 'profile p { # aajail: allow lint-no-abi lint-no-local\n}\n' >"$dir/p"
"$AAJAIL" lint "$dir/p" || fail "the brace's comment does not count"
printf 'include <tunables/global>\nprofile p {\n  include <abstractions/base>\n}\n' >"$dir/p"
"$AAJAIL" lint "$dir/p" 2>"$dir/err" && fail "no abi, no local include, and not a word"
grep -q 'lint-no-abi' "$dir/err" && grep -q 'include if exists <local/p>.*lint-no-local' "$dir/err" || fail "$(cat "$dir/err")"
"$AAJAIL" lint --syntax-only "$dir/p" || fail "--syntax-only is about the language alone"
# Where rules were learned, the manifest is the place for others.
printf 'abi <abi/3.0>,\nprofile p {\n  # aajail: learned rules\n}\n' >"$dir/p"
"$AAJAIL" lint "$dir/p" || fail "a local include is missed in what was learned"

# Includes are opened beneath the policy folders, files and folders only; as root, too, and what only root may read.
base=$dir/base
mkdir -p "$base/d" "$dir/outside"
echo '/ok r,' >"$base/ok"
echo '/d r,' >"$base/d/a"
chmod 600 "$base/ok"
echo 'secret text,' >"$dir/outside/secret"
ln -s ok "$base/inner"
ln -s ../outside/secret "$base/link"
ln -s /proc/self/root/etc/passwd "$base/magic"
ln -s ../../outside/secret "$base/d/b"
ln -s /etc "$base/etc"
mkfifo "$base/fifo" "$base/d/f"
truncate -s 20M "$base/huge"
includes() { # includes STATUS MESSAGE INCLUDE…
    local want=$1 message=$2 got=0
    shift 2
    for what; do
        printf 'profile p {\n  include %s\n}\n' "$what" >"$dir/p"
        got=0
        timeout 20 "$AAJAIL" lint --syntax-only --base "$base" "$dir/p" >"$dir/said" 2>&1 || got=$?
        [ $got = "$want" ] || fail "include $what: status $got: $(cat "$dir/said")"
        [ -z "$message" ] || grep -q "$message" "$dir/said" || fail "include $what: $(cat "$dir/said")"
        grep -q 'secret text' "$dir/said" && fail "include $what shows what it may not: $(cat "$dir/said")"
    done
    return 0
}
includes 0 '' '<ok>' '<inner>' "\"$base/ok\"" 'if exists <nothing>'
includes 3 'p:2:3: error: .*leads outside' '<link>' '<magic>' '<etc/passwd>' '<../outside/secret>' "\"$dir/outside/secret\"" \
    '"/dev/zero"' 'if exists <link>'
includes 3 'neither a file nor a folder' '<fifo>'
includes 3 'cannot be read: File too large' '<huge>'
includes 1 "d/b' is left out: it leads outside" '<d>'
includes 1 "d/f' is left out: it is neither" '<d>'
# Other jails' roots, not the profile's own; a manifest that is wrong.
mkdir "$dir/jails"
printf 'jail: shop\nslave: /srv/shop/run\nroots: [ /srv/shop ]\n' >"$dir/jails/shop.yaml"
printf 'jail: p\nslave: /usr/bin/p\nroots: [ /srv/p ]\n' >"$dir/jails/p.yaml"
printf 'abi <abi/3.0>,\nprofile p /usr/bin/p { # aajail: allow lint-no-local\n  owner /srv/p/** rw,\n  /srv/** r,\n}\n' >"$dir/p"
"$AAJAIL" lint "$dir/p" || fail "no jails, and a finding"
"$AAJAIL" lint --jails "$dir/jails" "$dir/p" 2>"$dir/err" && fail "a glob into another jail's root is no finding"
grep -q ':4:.*lint-ceiling' "$dir/err" && grep -q shop "$dir/err" || fail "$(cat "$dir/err")"
[ "$(grep -c 'lint-' "$dir/err")" = 1 ] || fail "its own root is found: $(cat "$dir/err")"
echo 'jail: [' >"$dir/jails/bad.yaml"
rc=0; "$AAJAIL" lint --jails "$dir/jails" "$dir/p" 2>/dev/null || rc=$?
[ $rc = 3 ] || fail "a wrong manifest ended with $rc"
# SARIF and JUnit: shapes, places in characters, names that are no text, and what could not be read.
printf 'abi <abi/3.0>,\nprofile p {\n  include if exists <local/p>\n  /usr/bin/id Ux,\n  /\303\251 r, /a r /b,\n}\n' >"$dir/a b%.aa"
printf 'abi <abi/3.0>,\nprofile p {\n  include if exists <local/p>\n  /usr/bin/id Ux,\n}\n' >"$dir/ux"
printf 'abi <abi/3.0>,\nprofile p {\n  include if exists <local/p>\n}\n' >"$dir/fine"
formats() { # formats STATUS FORMAT FILE…: below $dir
    local want=$1 format=$2 got=0
    shift 2
    (cd "$dir" && "$AAJAIL" lint "--format=$format" "$@") >"$dir/out" 2>"$dir/err" || got=$?
    [ $got = "$want" ] || fail "--format=$format $*: status $got: $(cat "$dir/err")"
    [ ! -s "$dir/err" ] || fail "--format=$format $* says: $(cat "$dir/err")"
}
formats 3 sarif "a b%.aa" ux fine "$dir/none"
python3 - "$dir" "$AAJ_SOURCE/man/aajail-lint.1.scd" <<'PY'
import json, re, sys, urllib.parse
log = json.load(open(sys.argv[1] + "/out"))
assert log["version"] == "2.1.0" and log["$schema"].startswith("https://") and len(log["runs"]) == 1
run = log["runs"][0]
rules = run["tool"]["driver"]["rules"]
assert run["tool"]["driver"]["name"] == "aajail" and run["columnKind"] == "unicodeCodePoints"
for r in run["results"]:
    assert rules[r["ruleIndex"]]["id"] == r["ruleId"] and r["level"] in ("note", "warning", "error") and r["message"]["text"]
    for l in r["locations"]:
        assert l["physicalLocation"]["artifactLocation"]["uri"] and l["physicalLocation"]["region"]["startLine"] >= 1
at = {(r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
       tuple(r["locations"][0]["physicalLocation"]["region"].get(k) for k in ("startLine", "startColumn", "endColumn")))
      for r in run["results"]}
assert at == {("policy-syntax", "error", "a%20b%25.aa", (5, 14, 16)), ("lint-ux", "warning", "ux", (4, 3, None))}, at
invocation, = run["invocations"]
note, = invocation["toolExecutionNotifications"]
assert not invocation["executionSuccessful"] and note["level"] == "error" and "No such file" in note["message"]["text"]
assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file://" + urllib.parse.quote(sys.argv[1] + "/none")
# The manual's table is the program's.
page = re.findall(r"^(?:\[\[|\|) +\*([a-z-]+)\*\n:\[ (note|warning|error)$", open(sys.argv[2]).read(), re.M)
assert page == [(r["id"], r["defaultConfiguration"]["level"]) for r in rules], page
PY
formats 0 sarif fine
python3 -c '
import json, sys
run = json.load(open(sys.argv[1]))["runs"][0]
assert run["results"] == [] and run["invocations"][0]["executionSuccessful"]' "$dir/out"
formats 3 junit "a b%.aa" ux fine none
python3 - "$dir/out" <<'PY'
import sys, xml.etree.ElementTree as x
top = x.parse(sys.argv[1]).getroot()
assert top.tag == "testsuites" and [top.get(k) for k in ("tests", "failures", "errors")] == ["6", "2", "1"], x.tostring(top)
assert [s.get("name") for s in top] == ["a b%.aa", "ux", "fine", "none"]
cases = {(c.get("classname"), c.get("name")): [(e.tag, e.get("type")) for e in c] for c in top.iter("testcase")}
assert cases == {("a b%.aa", "input"): [], ("a b%.aa", "policy-syntax at 5:15"): [("failure", "policy-syntax")],
                 ("ux", "input"): [], ("ux", "lint-ux at 4:3"): [("failure", "lint-ux")], ("fine", "input"): [],
                 ("none", "input"): [("error", "input")]}, cases
PY
# A name that breaks out of neither form.
printf 'abi <abi/3.0>,\nprofile p {\n  include if exists <local/p>\n  "/a>&<\\"\033(31m\377" Ux,\n}\n' >"$dir/odd"
formats 1 junit odd
python3 -c 'import sys, xml.etree.ElementTree as x; m = x.parse(sys.argv[1]).find(".//failure").get("message")
assert ">&<" in m and "\\x1b(31m\\xff" in m, m' "$dir/out"
formats 1 sarif odd
python3 -c 'import json, sys; m = json.load(open(sys.argv[1]))["runs"][0]["results"][0]["message"]["text"]
assert ">&<" in m and "\\x1b(31m\\xff" in m, m' "$dir/out"
rc=0; "$AAJAIL" lint --format=yaml "$dir/p" 2>"$dir/err" || rc=$?
[ $rc = 2 ] && grep -q "text, json, sarif or junit" "$dir/err" || fail "an unknown format ended with $rc"
# More findings than a person reads: counted there, and all of them for a program.
{ echo 'abi <abi/3.0>,'; echo 'profile p {'; echo '  include if exists <local/p>'; for ((i = 0; i < 1200; i++)); do echo "  /f$i r, /f$i r,"; done; echo '}'; } >"$dir/many"
"$AAJAIL" lint "$dir/many" 2>"$dir/err" && fail "1200 findings are none"
grep -q "0 errors and 1200 warnings in all; the first 1000 are shown" "$dir/err" || fail "what is not shown is not counted"
"$AAJAIL" lint --json "$dir/many" >"$dir/out" && fail "1200 findings are none"
[ "$(grep -c '"lint-redundant"' "$dir/out")" = 1200 ] || fail "a program gets the first thousand only"
