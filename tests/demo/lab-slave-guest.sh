#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab-slave-guest.sh AAJAIL PROFILE MANIFEST PROGRAMS: the part of lab-slave.sh that runs in the lab, as its root.
set -u
aajail=$1 profile=$2 manifest=$3 programs=$4
uid=2005 failed=0
log=$(mktemp -d)

say() { printf '   %s\n' "$*"; }
wrong() {
    printf '   WRONG: %s\n' "$*"
    failed=1
}

# A slave's machine: its user, its files, a mail server, and a host that it never talked to.
grep -q '^slave:' /etc/passwd || echo "slave:x:$uid:$uid::/:/usr/sbin/nologin" >>/etc/passwd
grep -q '^slave:' /etc/group || echo "slave:x:$uid:" >>/etc/group
mkdir -p /etc/slave /srv/slave/data /srv/slave/templates /var/log/slave /usr/local/lib/slave /root
install -m755 "$programs/slave" /usr/local/sbin/slave
install -m755 "$programs/helper" /usr/local/lib/slave/helper
printf 'data=/srv/slave/data\nport=9000\nuid=%s\n' $uid >/etc/slave/slave.conf
echo tpl >/srv/slave/templates/mail.tpl
echo secret >/root/.bashrc
chmod 700 /root
chmod 755 /etc/slave /srv/slave /srv/slave/templates /usr/local/lib/slave
chown -R $uid:$uid /srv/slave/data /var/log/slave
ip addr add 198.51.100.9/32 dev lo
socat TCP4-LISTEN:25,bind=127.0.0.1,reuseaddr,fork SYSTEM:'echo 220 mail' &
socat TCP6-LISTEN:25,bind=::1,reuseaddr,fork SYSTEM:'echo 220 mail' &
socat TCP4-LISTEN:4444,bind=198.51.100.9,reuseaddr,fork SYSTEM:"echo got >>$log/outside" &
sleep 0.5

# What AppArmor denied the slave so far. Records reach the kernel's log through a thread of its own.
dmesg --follow >"$log/kernel" &
denials() { grep -a 'apparmor="DENIED".* profile="slave-c' "$log/kernel"; }
count() { grep -ac 'apparmor="DENIED".* profile="slave-c' "$log/kernel"; }
settle() { sleep 0.1; }
short() { sed 's/.*apparmor="DENIED" //; s/ pid=[0-9]*//; s/ comm="[^"]*"//; s/ fsuid=.*//'; }

# request WORDS…: one request as the front end sends it; $reply is the answer.
request() {
    local line
    reply=
    exec 3<>/dev/tcp/127.0.0.1/9000 || return 1
    printf '%s\n' "$*" >&3
    while IFS= read -r -t 5 line <&3; do
        reply+="$line "
    done
    exec 3>&-
}

start_slave() {
    /usr/local/sbin/slave /etc/slave/slave.conf &
    slave=$!
    sleep 0.5
    label=$(cat /proc/$slave/attr/current 2>/dev/null)
    say "the slave, pid $slave, runs as: $label"
    [ "$label" = "slave-c (enforce)" ] || wrong "the slave is not confined"
}

say "\$ aajail load ${profile##*/}"
"$aajail" load "$profile" 2>&1 | sed 's/^/     /'
"$aajail" enforce slave-c 2>&1 | sed 's/^/     /'
start_slave

echo
say "its own work, as in run A:"
done=0
for work in "put alpha" "put beta" "get alpha" "lock db.lck" "link alpha" "map m1" "log" "mkdir d1" "put d1/x" "rm beta" \
    "tmp" "helper one" "sh" "connect 127.0.0.1:25" "connect 203.0.113.7:80" "connect 2001:db8::1:8080" "udp 203.0.113.7" \
    "resolve localhost" "unix /run/peer.sock" "unix @abs"; do
    request "$work"
    case $reply in
    *"ok ") done=$((done + 1)) ;;
    *) wrong "$work: reply '$reply'" ;;
    esac
done
request "kill $slave" # itself, with a signal that it has no handler for
wait $slave 2>/dev/null
[ $? = $((128 + 10)) ] && done=$((done + 1)) || wrong "it could not signal itself"
settle
say "$done of 21 requests done, $(count) denials"
[ "$(count)" = 0 ] || wrong "$(denials | short)"
[ "$(cat /srv/slave/data/alpha 2>/dev/null)" = value ] && [ -d /srv/slave/data/d1 ] && [ ! -e /srv/slave/data/beta ] &&
    [ -s /srv/slave/data/helper-one.out ] && [ "$(wc -l </var/log/slave/slave.log)" = 2 ] ||
    wrong "not all of its work shows in the files"

# attack WORDS… -- PROBE…: PROBE is the same without AppArmor, as the slave's uid: what file permissions alone do.
stopped=0
attack() {
    local words=() before reply new
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    before=$(count)
    request "${words[@]}"
    settle
    new=$(denials | tail -n +$((before + 1)))
    printf '     %-42s ' "${words[*]}"
    if [ -n "$new" ]; then
        stopped=$((stopped + 1))
        printf 'AppArmor: %s\n' "$(short <<<"${new%%$'\n'*}")"
    elif ! setpriv --reuid=$uid --regid=$uid --clear-groups "$@" >/dev/null 2>&1; then
        printf 'file permissions stop it before AppArmor is asked\n'
    else
        printf 'NOT STOPPED (%s)\n' "$reply"
        wrong "${words[*]} went through"
    fi
}
echo
say "attacks, as in run X:"
start_slave
attack get ../../../etc/shadow -- head -c 1 /etc/shadow
attack put ../../../etc/evil -- touch /etc/evil
attack get ../../../../root/.bashrc -- head -c 1 /root/.bashrc
attack rm ../../../srv/slave/templates/mail.tpl -- rm -f /srv/slave/templates/mail.tpl
attack kill 1 -- sh -c 'kill -USR1 1'
attack put ../../../usr/local/sbin/slave -- sh -c 'echo >/usr/local/sbin/slave.new'
attack link ../../../etc/passwd -- ln /etc/passwd /etc/passwd.lnk
request unix /run/systemd/private
printf '     %-42s %s\n' "unix /run/systemd/private" "nothing listens there; this kernel does not mediate such sockets"
request "connect 198.51.100.9:4444"
for _ in $(seq 30); do
    [ -s "$log/outside" ] && break
    sleep 0.1
done
printf '     %-42s %s\n' "connect 198.51.100.9:4444" "went through: AppArmor knows no addresses; the chain's to refuse, below"
[ -s "$log/outside" ] || wrong "the host outside was not reached"
say "$stopped denied by AppArmor"
[ "$stopped" = 3 ] || wrong "three of these are AppArmor's to deny"
[ -e /srv/slave/templates/mail.tpl ] && [ ! -e /etc/evil.new ] && [ ! -e /usr/local/sbin/slave.new ] || wrong "an attack left its mark"

# can UID HOST PORT: "served" or "refused", and how fast.
can() {
    local got=refused start=$EPOCHREALTIME
    setpriv --reuid="$1" --regid="$1" --clear-groups bash -c \
        'exec 3<>"/dev/tcp/$1/$2" && read -r -t 6 -u 3 line && [ -n "$line" ]' bash "$2" "$3" 2>/dev/null && got=served
    echo "$got in $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
}
expect() {
    local wanted=$1 what=$2 got=$3 ms
    printf '     %-42s %s\n' "$what" "$got"
    ms=${got##* in } ms=${ms% ms}
    case $got in
    "$wanted"*) [ "$ms" -lt 4500 ] || wrong "that was not at once" ;;
    *) wrong "it should be $wanted" ;;
    esac
}
rules() { { iptables-legacy-save; ip6tables-legacy-save; } 2>/dev/null | grep -E '^[:-]' | sed 's/ \[.*//'; }
echo
say "\$ aajail firewall apply ${manifest##*/}"
had=$(rules)
"$aajail" firewall apply "$manifest" 2>&1 | sed 's/^/     /'
[ "${PIPESTATUS[0]}" = 0 ] || wrong "the chain was not applied"
start=$EPOCHREALTIME
request get alpha
expect served "front end → slave, the reply passes" \
    "$([ "$reply" = "value ok " ] && echo served || echo refused) in $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
expect refused "slave → 127.0.0.1:25" "$(can $uid 127.0.0.1 25)"
expect refused "slave → [::1]:25" "$(can $uid ::1 25)"
expect served "another uid → 127.0.0.1:25" "$(can 2006 127.0.0.1 25)"
expect served "another uid → [::1]:25" "$(can 2006 ::1 25)"
: >"$log/outside"
request "connect 198.51.100.9:4444"
sleep 2
[ ! -s "$log/outside" ] && printf '     %-42s refused now\n' "connect 198.51.100.9:4444" ||
    wrong "connect 198.51.100.9:4444 still goes through"
say "\$ aajail firewall remove ${manifest##*/}"
"$aajail" firewall remove "$manifest" 2>&1 | sed 's/^/     /'
expect served "slave → 127.0.0.1:25, after removal" "$(can $uid 127.0.0.1 25)"
[ "$(rules)" = "$had" ] || wrong "the chain left something behind: $(rules)"

echo
say "\$ aajail remove slave-c"
said=$("$aajail" remove slave-c 2>&1)
[ $? = 4 ] && say "  refused while pid $slave bears it" || wrong "remove: $said"
request quit
wait $slave
"$aajail" remove slave-c 2>&1 | sed 's/^/     /'
exit $failed
