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

# boot_or_skip WORDS…: a first boot, with a trivial command. Skips (77) with the lab's own words where no lab can be, and where the
# command under test cannot run in the guest: a sanitizer's shadow memory does not fit there. Any other failure is one.
boot_or_skip() {
    local said
    said=$("$AAJAIL" lab --timeout 120 "$@" 2>&1) && return
    case $said in
    *"install the package user-mode-linux"* | *"namespaces are refused"*) said=${said%%$'\n'*} ;;
    *"hadow memory"* | *AddressSanitizer*)
        [ "$fails" -eq 0 ] || exit 1
        said="a sanitizer's shadow memory does not fit into the lab's address space"
        ;;
    *)
        echo "$said"
        exit 1
        ;;
    esac
    echo "$said"
    exit 77
}

# For what needs the lab, and for what needs the command under test in the guest too: one of them is enough.
lab_or_skip() { boot_or_skip -- true; }
command_or_skip() { boot_or_skip --ro "$AAJ_SOURCE" --ro "$(dirname "$AAJAIL")" -- "$AAJAIL" --version; }

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
