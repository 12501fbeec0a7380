#!/bin/bash
# aajail package: files that debhelper, make, a shell and apparmor_parser take as they are.
set -euo pipefail
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
corpus=$AAJ_SOURCE/tests/corpus
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "failed: $*"; cat err 2>/dev/null; exit 1; }
try() { # try STATUS ARGUMENT…
    local want=$1 got=0
    shift
    "$AAJAIL" "$@" >out 2>err || got=$?
    [ "$got" = "$want" ] || fail "aajail $* ended with $got, not $want"
}
printf '%s\n' 'jail: Slave_c' 'slave: /usr/local/sbin/slave' 'unit: slave.service' 'attach: path' >m.yaml
try 0 build m.yaml --profile slave-c --log "$corpus/logs/slave/A/audit.log.zst" --files "$corpus/files.tsv.zst" -o built
try 0 package built -o src --dry-run
[ ! -e src ] || fail "--dry-run wrote"
try 0 package built -o src
profile=src/debian/apparmor/usr.local.sbin.slave
# The profile: the one that was built and the local include, behind the rules and before the children; it compiles.
[ "$(diff built/aajail.Slave_c $profile | grep '^[<>]')" = '>   include if exists <local/usr.local.sbin.slave>' ] || fail "profile"
apparmor_parser -Q -K -S -M "$AAJ_SOURCE/targets/debian12/features" -b /etc/apparmor.d $profile >blob 2>err || fail "does not compile"
cmp blob built/Slave_c.policy || fail "an empty local file changes the policy"
grep -qx 'AppArmorProfile=-Slave_c' src/debian/apparmor/slave.service.d/apparmor.conf || fail "drop-in"
# debian/NAME.install: each source exists, each target is a folder without a leading slash.
while read -r from to; do
    [ -f "src/$from" ] && [[ $to != /* ]] || fail "install: $from $to"
done <src/debian/aajail.install
[ "$(wc -l <src/debian/aajail.install)" = 2 ]
# make, in the words of debhelper 13: the hook runs beside another of the same name.
printf '#!/usr/bin/make -f\ninclude debian/aajail.mk\nexecute_after_dh_install::\n\techo mine\n' >src/debian/rules
[ "$(cd src && make -s -n -f debian/rules execute_after_dh_install | tr '\n' ';')" = \
    'dh_apparmor -pslave-c --profile-name=usr.local.sbin.slave;echo mine;' ] || fail "make"
sh -n src/debian/aajail.postinst || fail "postinst"
for step in dh-apparmor aajail.mk aajail.install aajail.postinst; do grep -q "$step" src/debian/README.aajail || fail "$step in the README"; done
# A dry run says so, for programs too.
try 0 package built -o dry --dry-run --json
grep -q '"debian/aajail.mk":"would be written"' out && ! grep -q '":"written"' out || fail "a dry run says that it wrote"
try 0 package built -o src --dry-run
grep -q '^would be kept debian/aajail.mk$' out && [ ! -e dry ] || fail "a dry run"
# Again: what a maintainer edited stays, the profile is new; a local include that is there stays the only one.
echo '# mine' >>src/debian/aajail.mk
: >$profile
try 0 package built -o src --json
grep -q '"debian/aajail.mk":"kept"' out && grep -q '# mine' src/debian/aajail.mk || fail "an edited file was written over"
[ -s $profile ] || fail "the profile was kept"
try 0 package built -o src --force
! grep -q '# mine' src/debian/aajail.mk || fail "--force kept an edited file"
# Refused: /etc, a name that Debian has not, a folder that is no build, or is not what was proved.
try 2 package built -o /etc/apparmor.d
try 2 package built -o src --package Bad_Name
try 2 package
mkdir empty
try 3 package empty -o src
echo '# more' >>built/aajail.Slave_c
try 3 package built -o src2
[ ! -e src2 ] || fail "something was written of a build that was changed"
