#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The edges of a first day: a full disk, closed descriptors, slips of the hand, empty and wrong files. No half-written file, the
# right status, and words that say what to do.
set -u
fails=0
fail() {
    echo "FAILED: $*"
    fails=$((fails + 1))
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
record() { printf 'type=AVC msg=audit(1700000000.100:%s): apparmor="ALLOWED" operation="open" profile="web" name="%s" pid=7 comm="x" requested_mask="r" denied_mask="r" fsuid=5 ouid=0\n' "$1" "$2"; }
for i in 1 2 3; do record $i "/srv/web/$i"; done >log
printf 'abi <abi/3.0>,\nprofile web /usr/bin/web {\n  /srv/web/1 r,\n}\n' >profile
: >empty
printf 'f\t755\t0\t0\t/usr/bin/web\nf\t644\t0\t0\t/srv/web/1\n' >list
"$AAJAIL" learn /usr/bin/web --profile web --log log -o web.rec 2>/dev/null || fail "learning"

# says STATUS WORDS ARG…: ends so, and says so.
says() {
    "$AAJAIL" "${@:3}" >out 2>err </dev/null
    local got=$?
    [ $got = "$1" ] || fail "${*:3}: ended with $got: $(cat err)"
    grep -qF -- "$2" err || fail "${*:3}: said $(cat err)"
}
says 2 "unknown option '--recordings'; did you mean '--recording'?" build --recordings web.rec
says 2 "option '--json' takes no value" build --json=yes
says 2 "unknown option '-q'" build -nq
says 2 "option '-o' needs a value" merge web.rec -o
says 2 "did you mean 'build'?" buidl
says 2 "it found nothing" explain profile ''
says 3 "is this the log of the machine where the slave worked" build --executable /usr/bin/web --log empty -o -
says 3 "is it the log of the machine where the slave worked" init --log empty
says 0 "nothing can be learned from this" learn /usr/bin/web --log empty -o none.rec
says 4 "/nonexistent/a: error: cannot be written: No such file" init /bin/sh -o /nonexistent/a
says 3 "not a list of files; make one with find" build --executable /usr/bin/web --profile web --log log --files profile -o -
# A long file that is no list of files is not told line by line.
seq 1000 >numbers
says 3 "not a list of files" build --executable /usr/bin/web --profile web --log log --files numbers -o -
[ "$(wc -l <err)" -lt 30 ] || fail "a file that is no list: $(wc -l <err) lines"

# A full disk, and no standard output at all: 4, and said.
for words in 'merge web.rec' 'build -e /usr/bin/web -p web --log log --files list -o -' 'learn /usr/bin/web -p web --log log -o -' 'fmt profile' \
    'lint --json profile' 'diff profile profile --json' 'query profile file /etc/passwd r' 'check profile --log log' \
    'init /bin/sh' 'completion bash' 'unit boot' 'build --help' --help --version; do
    # shellcheck disable=SC2086 # words
    "$AAJAIL" $words >/dev/full 2>err
    got=$?
    [ $got = 4 ] && grep -q 'standard output' err || fail "$words: full disk: $got, $(cat err)"
    "$AAJAIL" $words >&- 2>err
    got=$?
    [ $got = 4 ] && grep -q 'standard output' err || fail "$words: no standard output: $got, $(cat err)"
done
# What is printed does not end in a file that was opened in the place of the closed descriptor.
"$AAJAIL" learn /usr/bin/web -p web --log log -o other.rec --json >&- 2>&-
cmp -s web.rec other.rec || fail "without stdout and stderr another file is written"
# Who reads goes away.
"$AAJAIL" completion bash 2>err | head -1 >/dev/null
got=${PIPESTATUS[0]}
[ "$got" = 141 ] || [ "$got" = 0 ] || fail "a closed pipe: $got"
[ ! -s err ] || fail "a closed pipe: $(cat err)"
[ $fails -eq 0 ]
