#!/bin/bash
# aajail build as a user runs it: one line from log to profile, a folder of proved artefacts, and bad input of each
# kind, which leaves nothing behind.
set -euo pipefail
corpus=$AAJ_SOURCE/tests/corpus
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
files=(--files "$corpus/files.tsv.zst")
A=$corpus/logs/slave/A/audit.log.zst
fail() { echo "failed: $*"; cat err; exit 1; }
try() { # try STATUS ARGUMENT…
    local want=$1 got=0
    shift
    "$AAJAIL" "$@" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || fail "aajail $* ended with $got, not $want"
}
says() { grep -qF -- "$1" err || fail "no '$1' in the messages"; }

# One line, no manifest, from a pipe too, and the same bytes each time.
try 0 build --executable /usr/local/sbin/slave --profile slave-c --user slave --log "$A" "${files[@]}" -o -
cp out first
grep -qF 'profile slave /usr/local/sbin/slave {' first
grep -qF '/usr/bin/dash Cx,' first
grep -qF 'owner /tmp/slave-?????? rw,' first
apparmor_parser -Q -K -M "$AAJ_SOURCE/targets/debian12/features" -b /etc/apparmor.d first
try 0 build --executable /usr/local/sbin/slave --user slave --log - "${files[@]}" -o - <"$A"
cmp first out
[ -z "$(ls -d build 2>/dev/null)" ] || fail "-o - wrote a folder"

# A manifest: artefacts with their digests.
try 0 build "$corpus/manifests/slave-c.yaml" --log "$A" "${files[@]}"
(cd build/slave-c && python3 - <<'PY'
import hashlib, json
files = json.load(open("artefacts.json"))["files"]
assert set(files) == {"aajail.slave-c", "slave-c.policy", "slave-c.yaml", "report.json", "report.html", "firewall.v4", "firewall.v6", "firewall.nft"}, files
for name, digest in files.items():
    assert hashlib.sha256(open(name, "rb").read()).hexdigest() == digest, name
report = json.load(open("report.json"))
assert report["stats"]["events"] == 249 and report["stats"]["refused"] == 0, report["stats"]
assert any(p["destination"] == "tcp 203.0.113.7:80" for p in report["proposals"])
assert report["proved"]["learned"] == 98
# Sockets of what was executed are not in the log of one round.
assert report["not_heard"] == ["/usr/bin/dash", "/usr/local/lib/slave/helper", "/usr/bin/date", "/usr/bin/id"], report["not_heard"]
surface = report["surface"]
assert surface["opened"]["read"] > surface["beyond_learned"]["read"] > 4000, surface
assert surface["outside"]["write"] == 7 and surface["outside_beyond"]["write"] == 1, surface
base = [s for s in surface["opened_by"] if s["by"] == "include <abstractions/base>"]
assert base and base[0]["beyond"]["read"] > 4000, surface["opened_by"]
PY
)
# Nor of what inherits its profile, which a second round cannot show.
sed 's/^user:/exec: { \/usr\/bin\/dash: inherit, \/usr\/local\/lib\/slave\/helper: inherit, default: deny }\nuser:/' \
    "$corpus/manifests/slave-c.yaml" | grep -v '^  *.*child' >inherit.yaml
try 0 build inherit.yaml --log "$A" "${files[@]}" -n
says 'stays listed here: /usr/bin/dash, /usr/local/lib/slave/helper'
# The page for a browser: well formed, nothing in it runs or is loaded, and a name of the log's stays text.
{
    zstdcat "$A"
    for name in '<script>x</script>' '"><img src=q onerror=x>' $'a\x01b' '&lt;'; do
        printf 'type=AVC msg=audit(1795295583.999:9999): apparmor="ALLOWED" operation="open" profile="slave-c" '
        printf 'name=%s pid=767 comm="slave" requested_mask="r" denied_mask="r" fsuid=0 ouid=0\n' \
            "$(printf '/srv/%s' "$name" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F)"
    done
} >hostile.log
try 0 build "$corpus/manifests/slave-c.yaml" --log hostile.log "${files[@]}" -o page
python3 - page/report.html <<'PY'
import sys
from html.parser import HTMLParser

class Page(HTMLParser):
    void, open, text = {"meta"}, [], ""
    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "link", "iframe", "a"), tag
        assert not any(k.startswith("on") or k in ("src", "href") for k, v in attrs), attrs
        if tag not in self.void | {"th", "tr", "td"}:
            self.open.append(tag)
    def handle_endtag(self, tag):
        if tag not in ("th", "tr", "td"):
            assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.text += data

page = Page()
page.feed(open(sys.argv[1]).read())
assert not page.open, page.open
for name in ("<script>x</script>", '"><img src=q onerror=x>', "a\\x01b", "&lt;"):
    assert "/srv/" + name in page.text, name
PY
try 0 build --executable /usr/local/sbin/slave --user slave --log "$A" "${files[@]}" -o one
try 0 build one/slave.yaml --log "$A" "${files[@]}" -o two # its manifest says the same
cmp one/slave.policy two/slave.policy
try 0 build "$corpus/manifests/slave-c.yaml" --log "$A" "${files[@]}" --json --dry-run -o elsewhere
python3 -c 'import json; json.load(open("out"))'
[ ! -e elsewhere ] || fail "--dry-run wrote"

# NAME.rec beside the manifest.
cp "$corpus/manifests/slave-c.yaml" .
try 3 build slave-c.yaml "${files[@]}"
says 'there is no slave-c.rec'
try 0 learn slave-c.yaml --log "$A" -o slave-c.rec
cp -r build/slave-c before
try 0 build slave-c.yaml "${files[@]}"
cmp before/aajail.slave-c build/slave-c/aajail.slave-c
cmp before/slave-c.policy build/slave-c/slave-c.policy

# Bad input: located, status 3, nothing written.
rm -rf build
bad() { # bad MESSAGE < MANIFEST
    cat >bad.yaml
    try 3 build bad.yaml --log "$A" "${files[@]}"
    says "$1"
    says 'bad.yaml:'
    [ ! -e build ] || fail "a bad manifest left something"
}
sed 's/^roots/rotos/' slave-c.yaml | bad "rotos"
sed 's/^user: slave/user: [ slave ]/' slave-c.yaml | bad "user"
{ cat slave-c.yaml; echo "jail: again"; } | bad "jail"
sed 's/^user: slave/user: \&a slave/' slave-c.yaml | bad "bad.yaml:5"
sed 's/^template: .*/template: nothing-such/' slave-c.yaml | bad "nothing-such"
sed 's/^template: .*/template: ..\/x/' slave-c.yaml | bad "bad.yaml:6"
try 3 build slave-c.yaml --log /nothing/there "${files[@]}"
says '/nothing/there'
try 3 build --executable /usr/bin/other --profile nobody --log "$A" -o -
says 'slave-c' # the labels there are
try 3 build slave-c.yaml --log "$A" --target nothing-such
says 'debian12'
try 2 build
try 2 build slave-c.yaml --executable /x
try 2 build slave-c.yaml --no-infer nothing-such
says 'counter'

# What cannot be proved is not written: a test of the manifest that fails.
sed 's|deny: \[|deny: [ "/etc/slave/slave.conf r",|' slave-c.yaml >wrong.yaml
try 1 build wrong.yaml --log "$A" "${files[@]}"
says 'wrong.yaml:11'
[ ! -e build ] || fail "a failed proof left something"

# Another profile on the slave's machine that attaches to the same path.
mkdir others
printf 'profile old /usr/local/sbin/slave { }\n' >others/old
try 1 build slave-c.yaml --log "$A" "${files[@]}" --profiles others
says 'others/old'
[ ! -e build ] || fail "a failed proof left something"
mkdir -p image/etc/apparmor.d image/usr/local/sbin image/usr/share/zoneinfo
cp others/old image/etc/apparmor.d/
try 1 build slave-c.yaml --log "$A" --root image
says 'image/etc/apparmor.d/old'
try 0 build slave-c.yaml --log "$A" "${files[@]}"
# What was not looked at is said; so is how much of what exists is open.
says 'not proved: that no other profile attaches'
says 'surface: files that exist and are opened (of these beyond what was learned): read '
says 'by include <abstractions/base>'
rm image/etc/apparmor.d/old && echo x >image/usr/share/zoneinfo/UTC
try 0 build slave-c.yaml --log "$A" --root image -n
says 'beyond what was learned): read 1 (1), write 0 (0), exec 0 (0)'
try 0 build slave-c.yaml --log "$A" --root image -n --no-surface
grep -q surface: err && fail "--no-surface counted"

# Into a profile that somebody keeps: only what is needed changes, and a second time nothing does.
cat >kept <<'KEPT'
# kept by the package
#include <tunables/global>
/usr/local/sbin/slave {
  #include <abstractions/base>
  capability setuid,     # needed
  owner /srv/slave/data/* rw,   # data
  #include if exists <local/slave>
}
KEPT
# A shell that the kept profile never had is set apart; it comes in when told so.
try 0 build slave-c.yaml --log "$A" "${files[@]}" --merge kept -o -
says '/usr/bin/dash  # 1 event, not granted'
cp out without
try 1 check without --log "$A" --profile slave-c
try 0 build slave-c.yaml --log "$A" "${files[@]}" --merge kept --denied grant -o -
cp out merged
[ "$(diff kept merged | grep -c '^<')" -eq 0 ] || fail "a line of the kept profile changed"
grep -qF '  /usr/local/lib/slave/helper Cx,' merged
try 0 build slave-c.yaml --log "$A" "${files[@]}" --merge merged -o -
cmp merged out
try 0 check merged --log "$A" --profile slave-c

# Destinations: proposed as the manifest would say it; granted into the manifest that is written, the author's own
# text kept; what a prefix or the resolver covers already is no news. The profile gets the sockets for what is allowed.
grant() { # grant 'MANIFEST TEXT' EXPECTED-LINE…: each line stands in the manifest that is written
    printf '%s\n' "$1" >g.yaml
    try 0 build g.yaml --log "$A" "${files[@]}" -o g --grant-destinations
    shift
    for line; do grep -qFx -- "$line" g/slave-c.yaml || fail "no '$line' in $(cat g/slave-c.yaml)"; done
    try 0 build g/slave-c.yaml --log "$A" "${files[@]}" -o again
    ! grep -q 'it called out' err || fail "called out again: $(cat err)"
    cmp g/aajail.slave-c again/aajail.slave-c
}
head='{ jail: slave-c, slave: /usr/local/sbin/slave, user: nobody'
printf '%s }\n' "$head" >g.yaml
try 0 build g.yaml --log "$A" "${files[@]}" -o g
[ "$(grep -A4 'it called out' err | tail -4 | tr -s ' ' | tr -d '\n')" = \
    ' network: allow: - "tcp 127.0.0.1:25" # 3 events - "tcp 203.0.113.7:80" # 3 events' ] || fail "proposals: $(cat err)"
grant "$head }" "$head, network: { allow: [ \"tcp 127.0.0.1:25\", \"tcp 203.0.113.7:80\" ] } }"
grant "$head, network: { allow: [ 'tcp 203.0.113.0/24:1-80', resolver ] } }" \
    "$head, network: { allow: [ 'tcp 203.0.113.0/24:1-80', resolver, \"tcp 127.0.0.1:25\" ] } }"
grant 'jail: slave-c
slave: /usr/local/sbin/slave
user: nobody
network:
  allow:
  - udp [2001:db8::1]:5 # a comment stays
tests: { deny: [ "tcp 192.0.2.1:1" ] }' '  - udp [2001:db8::1]:5 # a comment stays' '  - "tcp 127.0.0.1:25"' '  - "tcp 203.0.113.7:80"'
grep -qF 'network inet6 dgram,' again/aajail.slave-c || fail "no socket for what the manifest allows"
grant "$head, network: { replies: true } }" \
    "$head, network: { replies: true, allow: [ \"tcp 127.0.0.1:25\", \"tcp 203.0.113.7:80\" ] } }"
printf '%s, network: {} }\n' "$head" >g.yaml
try 3 build g.yaml --log "$A" "${files[@]}" -o g2 --grant-destinations
says 'add by hand: network: { allow: [ "tcp 127.0.0.1:25" ] }'
[ ! -e g2 ] || fail "something was written"

# Who listens on a high port is called from high ports; those are nobody's service. Port 0 is no destination.
socket() { # socket OPERATION 'KEYS'
    printf 'type=AVC msg=audit(1700000000.%03d:%d): apparmor="ALLOWED" operation="%s" profile="app" pid=1 comm="x" family="inet" sock_type="stream" protocol=6 %s requested_mask="send" denied_mask="send"\n' \
        "$((++serial))" "$serial" "$1" "$2"
}
serial=0
{
    socket listen 'laddr=10.0.0.1 lport=40000'
    socket recvmsg 'laddr=10.0.0.1 lport=40000 faddr=10.0.0.7 fport=51000'
    socket sendmsg 'laddr=10.0.0.1 lport=40000 faddr=10.0.0.8 fport=51001'
    socket sendmsg 'laddr=10.0.0.1 lport=45000 faddr=10.0.0.9 fport=5432'
    socket sendmsg 'laddr=10.0.0.1 lport=45001 faddr=10.0.0.9 fport=0'
    socket sendmsg 'laddr=10.0.0.1 lport=45002 faddr=10.0.0.2 fport=53'
} >sockets.log
try 0 build -e /srv/app/app -p app --log sockets.log "${files[@]}" -o -
[ "$(grep -c '^        - "' err)" = 2 ] || fail "destinations: $(cat err)"
says '- "resolver"'
says '- "tcp 10.0.0.9:5432"'

# An exec whose record was lost is known from what happened after it; a name that no kernel writes is set aside.
zstdcat "$A" >plain.log
{ grep -av 'operation="exec"' plain.log; grep -am1 'operation="exec"' plain.log | sed 's|name="[^"]*"|name="/usr/bin//id"|'; } >lost.log
try 0 build "$corpus/manifests/slave-c.yaml" --log lost.log "${files[@]}" -o -
grep -qF '/usr/bin/dash Cx,' out || fail "no exec rule from the label alone"
says '1 × no rule can be written for this name: /usr/bin//id'
# A program that the jail itself writes is not executed, unless the manifest names it, and then not written by who executes it.
own=/srv/slave/data/alpha
{ cat plain.log; grep -am1 'operation="exec"' plain.log | sed "s|name=\"[^\"]*\"|name=\"$own\"|; s|:[0-9]*): app|:99999): app|; s|null-/[^\"]*|null-$own|"; } >own.log
try 0 build "$corpus/manifests/slave-c.yaml" --log own.log "${files[@]}" -o -
says "1 × no learned rule may grant it: $own"
sed "s|^user:|exec: { $own: child }\nuser:|" "$corpus/manifests/slave-c.yaml" >own.yaml
try 0 build own.yaml --log own.log "${files[@]}" -o -
grep -qF "$own Cx," out || fail "what the manifest names is not executed"
says '1 × no learned rule may grant it: write-and-exec'

# Who may override may read and search, though the kernel asks for that first: not needed, no suspicion, no drift.
capable() { printf 'type=AVC msg=audit(1795295584.900:%d): apparmor="ALLOWED" operation="capable" profile="slave-c" pid=1 comm="slave" capability=%d capname="%s"\n' "$1" "$2" "$3"; }
{ cat plain.log; capable 99990 2 dac_read_search; } >search.log
try 0 build "$corpus/manifests/slave-c.yaml" --log search.log "${files[@]}" -o -
says 'capability dac_read_search (capabilities)'
{ cat search.log; capable 99991 1 dac_override; } >both.log
try 0 build "$corpus/manifests/slave-c.yaml" --log both.log "${files[@]}" -o -
says '1 × not needed: the kernel asks for it before dac_override'
grep -q 'dac_read_search (capabilities)' err && fail "what is not needed is suspicious"
cp out both
! grep -q dac_read_search both || fail "more than is needed was granted"
try 0 check both --log both.log
try 0 explain both "$(capable 1 2 dac_read_search)"
grep -q 'needs no rule' out && grep -q 'asks for dac_override, which is granted' out || fail "explain: $(cat out)"
sed -i 's/^  capability dac_override,$//' both
try 1 check both --log both.log

# Deny rules among the manifest's: what they stop is not learned and is listed; what they stop in part stays, and is said.
cat >denies.yaml <<'DENIES'
{ jail: slave-c, slave: /usr/local/sbin/slave, roots: [ /srv/slave ], rules: [
  "deny /etc/slave/** r", "deny /srv/slave/data/a* w,", "deny capability setuid,", "deny /usr/local/lib/slave/helper x," ] }
DENIES
try 0 build denies.yaml --log "$A" "${files[@]}" -o -
says "1 × the manifest's rules deny it: deny /etc/slave/** r,"
says "9 × the manifest's rules deny it: deny /usr/local/lib/slave/helper x,"
says "denies.yaml:2:27: note: 'deny /srv/slave/data/a* w,' stops a part of 1 learned rule, which stays for the rest"
[ "$(grep -c -e '^  capability setuid' -e /etc/slave/slave.conf -e 'profile helper' out)" = 0 ] || fail "a denied rule was learned"
sed "s/rules: /never: /" denies.yaml >nevers.yaml
try 3 build nevers.yaml --log "$A" "${files[@]}" -o -
says '`never` says what may not be granted'

# Includes among the manifest's rules: the target's own files, named once, and what they open is under the ceiling.
includes() { printf '%s\n' 'jail: slave-c' 'slave: /usr/local/sbin/slave' "rules: [ $1 ]" >i.yaml; }
includes '"include <abstractions/openssl>", "include if exists <abstractions/no-such>"'
try 0 build i.yaml --log "$A" "${files[@]}" -o -
[ "$(grep -c '^  include <abstractions/openssl>$' out)" = 1 ] || fail "the include is not there"
includes '"include <abstractions/no-such>", "include \"/etc/passwd\"", "include <abstractions/../../passwd>"'
try 3 build i.yaml --log "$A" "${files[@]}" -o i
says 'i.yaml:3:10: error: the target debian12 has no abstractions/no-such'
says 'only the target'
says 'an include stays below'
[ ! -e i ] || fail "something was written"
includes '"include <abstractions/ssl_keys>"'
try 1 build i.yaml --log "$A" "${files[@]}" -o i
says 'which the ceiling forbids'
