#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What was written by others cannot control a terminal, whichever verb prints it; files and pipes get the bytes as they are.
set -u
fails=0
fail() {
    echo "FAILED: $*"
    fails=$((fails + 1))
}
command -v script >/dev/null || { echo "there is no script(1), which makes terminals"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
escape=$(printf '\033') csi=$(printf '\302\233') byte=$(printf '\233')
# on LOCALE ARG…: aajail on a terminal of that character set.
on() { LC_ALL=$1 TERM=xterm script -qec "'$AAJAIL' ${*:2}" /dev/null </dev/null | tr -d '\r'; }

# A terminal that is not UTF-8 takes the second byte of a letter for the beginning of a sequence.
echo 'type=AVC msg=audit(1700000000.100:1): apparmor="DENIED" operation="open" profile="web" name=2F612FC39B324A pid=7 comm="x" requested_mask="r" denied_mask="r" fsuid=5 ouid=0' >letter
on C watch --log letter | grep -qF 'open r /a/\xc3\x9b2J (x' || fail "watch on a terminal of bytes"
on C watch --log letter | LC_ALL=C grep -q "$byte" && fail "a control reached a terminal of bytes"
on C.UTF-8 watch --log letter | grep -qF 'open r /a/Û2J (x' || fail "watch on a terminal of UTF-8"
LC_ALL=C "$AAJAIL" watch --log letter | grep -qF 'open r /a/Û2J (x' || fail "watch in a pipe"
on C --help | grep -qF 'watch' || fail "help on a terminal of bytes"
on C Û | grep -qF "no verb '\xc3\x9b'" || fail "a message on a terminal of bytes"

# A name with U+009B, which begins a sequence on some terminals of UTF-8, in a recording.
sed 's/C39B324A/C29B324A/' letter >control
"$AAJAIL" learn /usr/bin/web --profile web --log control -o control.rec 2>/dev/null || fail "learning"
"$AAJAIL" merge control.rec >copy 2>/dev/null
cmp -s control.rec copy || fail "merge in a pipe gives other bytes"
grep -q "$csi" copy || fail "the recording does not hold what is tested"
for words in 'merge control.rec' 'learn /usr/bin/web --profile web --log control -o -'; do
    on C.UTF-8 "$words" >said
    grep -qF '/a/\xc2\x9b2J' said || fail "$words: $(cat said)"
    grep -q "$csi" said && fail "$words: a control reached the terminal"
done
# The same text otherwise, longer than any buffer on the way.
awk '{ for (i = 1000; i < 4000; i++) { line = $0; sub(/C39B324A/, sprintf("C3A9%04X", i), line); print line } }' letter >many
"$AAJAIL" learn /usr/bin/web --profile web --log many -o many.rec 2>/dev/null || fail "learning much"
on C.UTF-8 'merge many.rec 2>/dev/null' | cmp -s - many.rec || fail "a terminal gets other text than a file"

# A comment in a profile.
printf 'profile web /usr/bin/web {\n  # \033]0;owned\007 é\n  /a r,\n}\n' >profile
"$AAJAIL" fmt profile | grep -q "$escape" || fail "fmt in a pipe changes a comment"
on C.UTF-8 fmt profile >said
grep -qF '# \x1b]0;owned\x07 é' said || fail "fmt on a terminal: $(cat said)"
grep -q "$escape" said && fail "an escape reached the terminal"
# What we write for looks stays.
on C.UTF-8 fmt /nonexistent | grep -qF "$escape[31merror:$escape[0m" || fail "an error is not coloured"
[ $fails -eq 0 ]
