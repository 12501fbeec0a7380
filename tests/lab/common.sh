# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests that boot the lab. "$AAJAIL" is the command under test.
set -u
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
fails=0

fail() {
    echo "FAILED: $*"
    fails=$((fails + 1))
}

# check NAME WANTED GOT
check() {
    [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

# What the lab says where none can be had.
no_lab() {
    case $1 in *"install the package user-mode-linux"* | *"namespaces are refused"*) return 0 ;; esac
    return 1
}

# first_boot OUT CMD…: a test's first command that boots, with all that it says in OUT. Skips (77) where no lab can be, with the
# lab's own words; returns the command's status.
first_boot() {
    local out=$1 status=0
    shift
    "$@" >"$out" 2>&1 || status=$?
    if [ "$status" -eq 125 ] && no_lab "$(cat "$out")"; then
        [ "$fails" -eq 0 ] || exit 1
        head -n 1 "$out"
        exit 77
    fi
    return $status
}

# The same with a boot of its own, for tests whose first is about something else; failing to boot is a failure.
lab_or_skip() {
    first_boot "$work/boot" "$AAJAIL" lab --timeout 120 -- true && return
    cat "$work/boot"
    exit 1
}

# Skips where the command under test cannot run in the guest, whose address space has no room for a sanitizer's shadow memory.
plain_or_skip() {
    ! grep -q __asan_init "$AAJAIL" || {
        [ "$fails" -eq 0 ] || exit 1
        echo "a sanitizer's shadow memory does not fit into the lab's address space"
        exit 77
    }
}

# guest OUT ARGUMENT…: the test's only run, `aajail lab ARGUMENT…`, which ends by saying "all done".
guest() {
    local out=$1
    shift
    first_boot "$out" "$AAJAIL" lab "$@"
    check "the guest's checks" 0 $?
    [ "$fails" -eq 0 ] || cat "$out"
    grep -q '^all done$' "$out" || fail "the guest did not come to its end"
}

# as UID CMD…: as an ordinary user, where the build tree is closed to others too (then with a private view of it).
as() {
    local uid=$1 build first
    shift
    build=$(dirname "$(dirname "$AAJAIL")")
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif setpriv --reuid="$uid" --regid="$uid" --clear-groups test -x "$AAJAIL"; then
        (cd / && setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@")
    else
        first=$build
        while ! setpriv --reuid="$uid" --regid="$uid" --clear-groups test -x "$(dirname "$first")"; do
            first=$(dirname "$first")
        done
        [ "$first" != "$build" ] || first=$(dirname "$build")
        unshare -m sh -c 'set -e; build=$1 first=$2 uid=$3; shift 3; mkdir -p /run/aajail-test
            mount --bind "$build" /run/aajail-test; mount -t tmpfs -o mode=755 test "$first"; mkdir -p "$build"
            mount --bind /run/aajail-test "$build"; umount /run/aajail-test; rmdir /run/aajail-test; cd /
            exec setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"' sh "$build" "$first" "$uid" "$@"
    fi
}

# Skips where there is no php-fpm behind nginx to be had; $php is its path.
php_or_skip() {
    php=$(ls /usr/sbin/php-fpm[0-9]*.[0-9]* 2>/dev/null | head -1)
    if [ -z "$php" ] || [ -z "$(ls /usr/lib/php/*/pdo_sqlite.so 2>/dev/null)" ] || ! command -v nginx >/dev/null || ! command -v python3 >/dev/null; then
        echo "install php-fpm, php-sqlite3, nginx-light and python3 for this"
        exit 77
    fi
}

finish() {
    [ "$fails" -eq 0 ] || exit 1
    exit 0
}
