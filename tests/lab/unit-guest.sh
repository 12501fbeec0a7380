#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the lab; see unit.sh.
set -u
A=$1 hat=$2 boot=$3 fails=0 dir=/run/aajail-unit-test
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }
mkdir -p "$dir"; cd "$dir" || exit 1
. "$(dirname "$0")/jail-build.sh"
cp "$hat" /usr/local/bin/hatter
cp /bin/sleep /usr/local/bin/slave1

if [ "$boot" = second ]; then
    # A new machine with the old one's disk, and without the parser.
    cp -a /share/aajail /var/lib/
    mount --bind /bin/false "$(command -v apparmor_parser)"
    "$A" up --boot >out 2>&1 || fail "restoring: $(cat out)"
    grep -q '^1 jail restored' out || fail "restoring says: $(cat out)"
    grep -q '^app (enforce)' /sys/kernel/security/apparmor/profiles || fail "the profile is not restored"
    cmp -s /sys/kernel/security/apparmor/policy/profiles/app.*/raw_data /share/one/app.policy || fail "not the bytes that were proved"
    iptables-legacy -S aajail-41234 | grep -q 'dport 5432' || fail "the chain is not restored"
    ip6tables-legacy -S aajail-41234 | grep -q 'dport 5432' || fail "the IPv6 chain is not restored"
    cmp -s /etc/apparmor.d/aajail.app /share/one/aajail.app || fail "the text is not restored"
    /usr/local/bin/slave1 300 & slave=$!
    sleep 0.5
    [ "$(cat /proc/$slave/attr/current)" = "app (enforce)" ] || fail "the slave is not confined after the boot"
    "$A" status app >out 2>&1 || fail "status after the boot: $(cat out)"
    # The unit reloads when the firewall does: what was wiped comes back, the slave runs on.
    iptables-legacy -F; iptables-legacy -X; ip6tables-legacy -F; ip6tables-legacy -X
    "$A" up --boot app >out 2>&1 || fail "restoring one: $(cat out)"
    iptables-legacy -S aajail-41234 | grep -q 'dport 5432' || fail "the chain did not come back"
    # A jail that cannot be restored does not keep others from it, and its own slave's start fails.
    cp -a /var/lib/aajail/jails/app /var/lib/aajail/jails/broken
    echo junk >/var/lib/aajail/jails/broken/current/app.policy
    "$A" up --boot >out 2>&1
    [ $? -eq 4 ] || [ $? -eq 3 ] || fail "a broken jail is not noticed"
    grep -q '^1 jail restored' out || fail "a broken jail keeps the other from being restored: $(cat out)"
    grep -q "jail 'broken' is not restored" out || fail "the broken jail is not named: $(cat out)"
    "$A" up --boot app >out 2>&1 || fail "the sound jail's own start: $(cat out)"
    "$A" up --boot broken >out 2>&1 && fail "the broken jail's slave would start"
    kill $slave; wait $slave 2>/dev/null
    [ "$fails" -eq 0 ] && echo "all done"
    exit "$fails"
fi

cat >hatter.yaml <<'Y'
jail: hatter
slave: /usr/local/bin/hatter
roots: [ /srv/hatter ]
user: "41235"
unit: hatter.service
template: http-slave
Y
cat >hatter.profile <<'P'
abi <abi/3.0>,
profile hatter /usr/local/bin/hatter {
  /{usr/,}{lib,bin}/** rm,
  /usr/local/bin/hatter rm,
  /etc/ld.so.* r,
  @{PROC}/@{pid}/attr/** rw,
  @{PROC}/** r,
  /sys/** r,
  /dev/pts/* rw,
  /run/** rw,
  /{usr/,}bin/true EXEC
  ^pool { /run/** rw, }
  profile kid { /{usr/,}{lib,bin}/** rm, /etc/ld.so.* r, /run/** rw, }
}
P
sed 's/EXEC/cx -> kid,/; 1i @{PROC}=/proc\n@{pid}=[0-9]*' hatter.profile >with-child
sed 's/EXEC/ix,/; 1i @{PROC}=/proc\n@{pid}=[0-9]*' hatter.profile >inherit-only

# As systemd does it for the settings that the text names: what needs a mount namespace, and no_new_privs where it is set.
under() {
    local text=$1 script="mount --make-rprivate /"; shift
    grep -q '^PrivateTmp=yes' "$text" && script="$script; mount -t tmpfs tmpfs /tmp"
    grep -q '^ProtectHome=yes' "$text" && script="$script; mount -t tmpfs tmpfs /home; mount -t tmpfs tmpfs /root"
    grep -q '^ProtectControlGroups=yes' "$text" && script="$script; mount -t tmpfs -o ro tmpfs /sys/fs/cgroup"
    if grep -q '^ProtectSystem=full' "$text"; then
        for d in /usr /etc; do script="$script; mount --bind $d $d; mount -o remount,bind,ro $d"; done
    fi
    local nnp=
    grep -q '^NoNewPrivileges=yes' "$text" && nnp=--no-new-privs
    unshare -m sh -c "$script; exec setpriv --reuid=41235 --regid=41235 --clear-groups $nnp \"\$@\"" sh "$@" 2>&1
}
run() { under "$1" /usr/local/bin/hatter pool /bin/true | paste -sd' '; }

# With children and hats: what is printed for them, then what is left out, to show why.
"$A" unit --transitions hatter.yaml >with.conf || fail "unit --transitions"
"$A" unit hatter.yaml >assumed.conf || fail "unit"
cmp -s with.conf assumed.conf || fail "a manifest alone does not say that there are no children, and is taken to have some"
grep -q '^# not NoNewPrivileges=yes: AppArmor then refuses' with.conf || fail "it does not say why not"
grep -qE '^(NoNewPrivileges|RestrictNamespaces|ProtectKernelTunables|PrivateDevices|LockPersonality)=' with.conf && fail "something that implies no_new_privs is printed"
apparmor_parser -rKT with-child || fail "the parser"
[ "$(run with.conf)" = "hat: ok child: ok" ] || fail "under the printed settings: $(run with.conf)"
{ cat with.conf; echo NoNewPrivileges=yes; } >worse.conf
case $(run worse.conf) in
"hat: Operation not permitted child: Operation not permitted") ;;
*) fail "no_new_privs is harmless by now, so why leave it out? $(run worse.conf)" ;;
esac

# Without: the stronger ones are printed, and the slave works under them.
sed 's/^template.*/&\nexec:\n  default: inherit/' hatter.yaml >inherit.yaml
"$A" unit inherit.yaml >inherit.conf || fail "unit of an inherit-only manifest"
grep -q '^NoNewPrivileges=yes' inherit.conf || fail "an inherit-only slave does not get NoNewPrivileges"
grep -q '^RestrictNamespaces=yes' inherit.conf || fail "an inherit-only slave does not get RestrictNamespaces"
apparmor_parser -rKT inherit-only || fail "the parser"
case $(run inherit.conf) in *"child: ok") ;; *) fail "inherit-only under no_new_privs: $(run inherit.conf)" ;; esac
printf 'hatter' >/sys/kernel/security/apparmor/.remove

# For the second boot.
build one 5432 '/srv/app/one r,'
"$A" up one >out 2>&1 || fail "up: $(cat out)"
cp -a /var/lib/aajail one /share/
[ "$fails" -eq 0 ] && echo "all done"
exit "$fails"
