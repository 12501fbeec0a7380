#!/bin/bash
# aajail diff: widening and narrowing class by class, by meaning and with examples.
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "diff: $*"; exit 1; }
target=()
# differ STATUS OLD-BODY NEW-BODY LINES: what `aajail diff` prints for two profiles with these bodies
differ() {
    local rc=0 got
    printf 'abi <abi/3.0>,\ninclude <tunables/global>\nprofile p /usr/bin/p {\n%s\n}\n' "$2" >"$dir/old"
    printf 'abi <abi/3.0>,\ninclude <tunables/global>\nprofile p /usr/bin/p {\n%s\n}\n' "$3" >"$dir/new"
    got=$("$AAJAIL" diff "${target[@]}" "$dir/old" "$dir/new" 2>&1) || rc=$?
    [ "$got" = "$4" ] || fail "$2 -> $3: $got, expected $4"
    [ "$rc" = "$1" ] || fail "$2 -> $3 ended with $rc, not $1"
}
# Other words, same meaning.
differ 0 '/a r, /b r, include <abstractions/base>' '/{a,b} r, include <abstractions/base> # comment' ''
differ 0 '/a/** rw,' '/a/** rw, /a/b r, owner /a/c w,' ''
differ 0 '@{HOME}/x r,' 'owner @{HOME}/x r, /home/*/x r, /root/x r,' ''
# Files.
differ 1 '/a r,' '/a rw,' $'+ p: file w  /a'
differ 0 '/a rw,' '/a r,' $'- p: file w  /a'
differ 1 'owner /a r,' '/a r,' $'+ p: file not owner r  /a'
differ 1 '/a r,' '/a r, owner /b k,' $'+ p: file owner k  /b'
differ 1 '/srv/* r,' '/srv/** r,' $'+ p: file r  /srv/a/, /srv/a/a'
differ 0 '/srv/** r,' '/srv/** r, deny /srv/key r,' $'- p: file r  /srv/key'
# Exec.
differ 1 '/bin/x px,' '/bin/x ux,' $'~ p: exec ux unscrubbed instead of px unscrubbed  /bin/x'
differ 1 '/bin/x Px,' '/bin/x px,' $'~ p: exec px unscrubbed instead of px  /bin/x'
differ 1 '/bin/x px -> a,' '/bin/x px -> b,' $'~ p: exec px unscrubbed -> b instead of px unscrubbed -> a  /bin/x'
# Other classes.
differ 1 'capability chown,' 'capability kill,' $'+ p: capability kill\n- p: capability chown'
differ 1 'network inet stream,' 'network inet stream, network inet raw,' $'+ p: network inet raw'
differ 1 'signal send set=term peer=a,' 'signal send set=(term kill) peer=a,' $'+ p: signal send  kill peer=a'
differ 1 'ptrace read peer=a,' 'ptrace (read, trace) peer=a,' $'+ p: ptrace trace  a'
differ 1 'signal send set=term peer=a,' 'signal (send receive) set=term peer=a,' $'+ p: signal receive  term peer=a'
differ 1 'set rlimit nofile <= 64,' 'set rlimit nofile <= 1024,' $'+ p: rlimit nofile 1024 instead of 64'
differ 0 'set rlimit nofile <= 64,' 'set rlimit nofile <= 64, set rlimit nproc <= 3,' $'- p: rlimit nproc 3 instead of unlimited'
differ 1 'set rlimit nproc <= 3,' '' $'+ p: rlimit nproc unlimited instead of 3'
differ 1 'mount fstype=tmpfs -> /m/,' 'mount fstype=(tmpfs,proc) -> /m/, umount /x/,' \
    $'+ p: mount mount  /m/ fstype=proc\n+ p: mount umount  /x/'
differ 0 'mount options=(ro) /a -> /b/, umount /b/,' 'mount options=(ro) /a -> /b/,' $'- p: mount umount  /b/'
# What only other kernels mediate: dbus, and details of unix sockets.
if [ -e /etc/apparmor.d/abi/3.0 ]; then
    target=(--target abi3)
    differ 1 'dbus bind bus=session name=a.b,' 'dbus bind bus=session name=a.{b,c},' $'+ p: dbus bind  bus=session name=a.c'
    differ 1 'dbus send bus=system path=/a interface=b member=c peer=(name=d label=e),' \
        'dbus (send, receive) bus=system path=/a interface=b member=c peer=(name=d label=e),' \
        $'+ p: dbus receive  bus=system name=d peer=e path=/a interface=b member=c'
    differ 1 'unix (send) type=stream peer=(label=a),' 'unix (send, receive) type=stream peer=(label=a),' \
        $'+ p: unix stream receive  protocol=0 addr=any peer addr=any label=a'
    differ 1 'unix (create) type=stream,' 'unix (create, bind) type=stream addr=@foo,' \
        $'+ p: unix stream bind  protocol=0 addr=@foo'
    differ 0 'unix (create, bind) type=dgram addr=@foo,' 'unix (create) type=dgram,' \
        $'- p: unix dgram bind  protocol=0 addr=@foo'
    differ 0 'unix (send) type=stream peer=(label=a),' 'unix send type=stream peer=(label=a),' ''
    target=()
fi
printf 'profile p { }\n' >"$dir/old"
printf 'profile p { profile c { } }\n' >"$dir/new"
"$AAJAIL" diff "$dir/old" "$dir/new" >"$dir/out" && fail "a new child is wider"
grep -qx '+ p//c: profile is new' "$dir/out" || fail "$(cat "$dir/out")"
# Mode and attachment.
printf 'profile p /usr/bin/p { }\n' >"$dir/old"
sed 's,/usr/bin/p {,/usr/bin/p flags=(complain) {,' "$dir/old" >"$dir/new"
"$AAJAIL" diff "$dir/old" "$dir/new" >"$dir/out" && fail "complain mode is wider"
grep -qx '+ p: mode complain instead of enforce' "$dir/out" || fail "$(cat "$dir/out")"
# JSON, --widen-only, and what cannot be compared.
printf 'profile p { /a r, }\n' >"$dir/old"
printf 'profile p { /b w, }\n' >"$dir/new"
"$AAJAIL" diff --widen-only "$dir/old" "$dir/new" >"$dir/out" && fail "it is wider"
[ "$(cat "$dir/out")" = '+ p: file w  /b' ] || fail "$(cat "$dir/out")"
"$AAJAIL" diff --json "$dir/old" "$dir/new" >"$dir/out" || true
python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert o["wider"] and [d["examples"] for d in o["differences"]] == [["/b"], ["/a"]], o' "$dir/out"
rc=0; "$AAJAIL" diff "$dir/old" "$dir/none" 2>/dev/null || rc=$?
[ $rc = 3 ] || fail "a missing file ended with $rc"
rc=0; "$AAJAIL" diff "$dir/old" 2>/dev/null || rc=$?
[ $rc = 2 ] || fail "one file ended with $rc"
