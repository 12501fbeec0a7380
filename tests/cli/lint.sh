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
