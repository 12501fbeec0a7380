#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's root mounts the host's files read-write and tries what the invoking user could do there.
. "$AAJ_SOURCE/tests/lab/common.sh"
lab_or_skip

cat >"$work/attack.sh" <<'X'
mkdir -p /h && mount -t hostfs none /h -o / || echo "hostfs cannot be mounted"
mount -o remount,rw /h
for d in "$1" / /etc /tmp /var/tmp /dev/shm /home /usr/local "$(dirname "$1")"; do
    (echo x >"/h$d/aajail-escape") 2>/dev/null && echo "wrote in $d"
    mkdir "/h$d/aajail-escape.d" 2>/dev/null && echo "made a folder in $d"
    ln -s x "/h$d/aajail-escape.l" 2>/dev/null && echo "made a link in $d"
done
(echo gone >"/h$1/kept") 2>/dev/null && echo "wrote to a file"
chmod 777 "/h$1/kept" 2>/dev/null && echo "changed a mode"
chmod 777 "/h$1" 2>/dev/null && echo "changed a folder's mode"
touch -d 2001-01-01 "/h$1/kept" 2>/dev/null && echo "changed a time"
mv "/h$1/kept" "/h$1/moved" 2>/dev/null && echo "renamed"
rm -f "/h$1/kept" 2>/dev/null && echo "removed"
ls -A /h/run/ | grep -v '^aajail-lab$'
echo "in the output folder" >/share/result
echo done
X

# attempt NAME UID-THAT-OWNS RUNNER…
attempt() {
    local name=$1 owner=$2 before after
    shift 2
    rm -rf "$work/mine" "$work/out"
    mkdir "$work/mine" "$work/out"
    echo precious >"$work/mine/kept"
    if [ "$(id -u)" = 0 ]; then chown -R "$owner" "$work/mine" "$work/out"; fi
    before=$(stat -c '%n %a %u %y %s' "$work/mine" "$work/mine/kept")
    said=$("$@" "$AAJAIL" lab --timeout 120 --share "$work/out" --ro "$work" -- sh "$work/attack.sh" "$work/mine" 2>&1)
    check "$name: status" 0 $?
    check "$name: what the guest could do" done "$said"
    after=$(stat -c '%n %a %u %y %s' "$work/mine" "$work/mine/kept")
    check "$name: the user's files" "$before" "$after"
    check "$name: content" precious "$(cat "$work/mine/kept")"
    check "$name: the output folder" "in the output folder" "$(cat "$work/out/result" 2>&1)"
    for d in / /etc /tmp /var/tmp /dev/shm /home /usr/local "$work"; do
        for x in "$d"/aajail-escape*; do
            [ ! -e "$x" ] || fail "$name: $x is on the host"
        done
    done
}

if [ "$(id -u)" = 0 ]; then
    attempt "root" 0 env
    # Never with root's power: what only root may read is not there.
    echo secret >"$work/secret"
    chmod 600 "$work/secret"
    said=$("$AAJAIL" lab --timeout 120 -- sh -c "mount -t hostfs none /mnt -o /; cat /mnt$work/secret $work/secret" 2>/dev/null)
    check "root: a file that only root may read" "" "$said"
    attempt "uid 4242" 4242 as 4242
    # An ordinary user's lab knows whose the files are, though only that user is mapped in its namespace.
    check "owners" "$(stat -c %u /etc/passwd "$work" "$work/mine" /usr/bin/su /var/mail | tr '\n' ' ')" \
        "$(as 4242 "$AAJAIL" lab --timeout 120 -- stat -c %u /etc/passwd "$work" "$work/mine" /usr/bin/su /var/mail |
            tr '\n' ' ')"
else
    attempt "an ordinary user" "$(id -u)" env
fi

# Where namespaces are refused the lab refuses, and says what to do.
if [ "$(id -u)" = 0 ]; then
    cat >"$work/no-namespaces.sh" <<'X'
echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"
X
    said=$(unshare -Ur --kill-child -pf sh "$work/no-namespaces.sh" "$AAJAIL" lab -- true 2>&1)
    status=$?
    case $said in
    *"namespaces are refused"*"--no-host-protection"*) check "refusal" 125 $status ;;
    *) fail "no refusal without namespaces: $said" ;;
    esac
fi
finish
