#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every template has an example manifest, which builds for every released Debian from a first start's few accesses: it compiles,
# nothing is under the ceiling, the example's own tests agree, and what the template holds is in the profile.
set -uo pipefail
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fails=0
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }

# What any program does at its start, and one file of its own.
log() { # LABEL EXECUTABLE FILE UID
    local n=0 line
    while read -r line; do
        n=$((n + 1))
        printf 'type=AVC msg=audit(1700000000.%03d:%d): apparmor="ALLOWED" %s fsuid=%d ouid=0\n' $n $n \
            "${line//LABEL/$1}" "$4"
    done <<X
operation="open" profile="LABEL" name="$2" pid=700 comm="x" requested_mask="r" denied_mask="r"
operation="open" profile="LABEL" name="$3" pid=700 comm="x" requested_mask="r" denied_mask="r"
operation="open" profile="LABEL" name="/etc/hosts" pid=700 comm="x" requested_mask="r" denied_mask="r"
X
}

build() { # TARGET MANIFEST LOG…
    local target=$1 manifest=$2 out=built/$1/$(basename "$2" .yaml) logs=()
    for l in "${@:3}"; do logs+=(--log "$l"); done
    "$AAJAIL" build "$manifest" --target "$target" --root root "${logs[@]}" -o "$out" >said 2>&1 || {
        fail "$manifest for $target"
        cat said
        return
    }
    grep -q "proved: " said || fail "$manifest for $target: nothing is said of a proof"
}

# holds PROFILE TEMPLATE: each rule of the template's, with the jail's name for the template's.
holds() {
    local jail=$3 line
    while read -r line; do
        grep -qF -- "$line" "$1" || fail "$1 lacks the template's '$line'"
    done < <(sed -n '/{$/,$p' "$2" | sed "1d; /^ *#/d; /^ *}\$/d; /^ *profile pool {\$/d; /^ *\$/d; s/^ *//
                  s/template\/\/pool/$jail\/\/blog/; s/peer=template/peer=$jail/")
}

# build_all TARGET: every example.
build_all() {
    local manifest template jail slave root profile
    for manifest in "$AAJ_SOURCE"/examples/*.yaml "$AAJ_SOURCE"/examples/pools/php-fpm.yaml; do
        template=$(sed -n 's/^template: *//p' "$manifest") jail=$(sed -n 's/^jail: *//p' "$manifest")
        slave=$(sed -n 's/^slave: *\([^ ]*\).*/\1/p' "$manifest")
        root=$(sed -n 's/^roots: \[ *\([^], ]*\).*/\1/p' "$manifest")
        log "$jail" "$slave" "${root:-/etc/php}/settings.conf" 1000 >log
        # A pool is entered by change_profile.
        [ "$template" != php-fpm-master ] || log "$jail//null-blog" "$slave" /srv/blog/settings.conf 2001 >>log
        build "$1" "$manifest" log
        profile=built/$1/$(basename "$manifest" .yaml)/aajail.$jail
        [ -e "$profile" ] || continue
        holds "$profile" "$AAJ_SOURCE/templates/$template" "$jail"
        [ "$template" != php-fpm-master ] || holds "$profile" "$AAJ_SOURCE/templates/php-fpm-pool" "$jail"
    done
}

mkdir root
if [ "${1-}" = build ]; then
    build_all "$2"
    exit "$fails"
fi
build_all debian12
# Elsewhere than on Debian 13 there is no abi/4.0, which names the features that a policy is written for: this target's.
if [ -e /etc/apparmor.d/abi/4.0 ]; then
    build_all debian13
else
    cp -rL /etc/apparmor.d policy 2>/dev/null
    cp "$AAJ_SOURCE/targets/debian13/features" policy/abi/4.0
    if unshare -rm unshare -U --map-user=1000 true 2>/dev/null; then
        unshare -rm sh -c 'mount --bind "$1" /etc/apparmor.d && shift && exec unshare -U --map-user=1000 --map-group=1000 "$@"' \
            sh "$work/policy" bash "$AAJ_SOURCE/tests/cli/templates.sh" build debian13 || fail "examples for Debian 13"
    else
        echo "no namespaces: the examples were not built for Debian 13"
    fi
fi

for t in "$AAJ_SOURCE"/templates/*; do
    grep -qx "template: *${t##*/}" -r "$AAJ_SOURCE/examples" || fail "$t: no example"
    [ "$(grep -c '^ *# aajail: learned rules$' "$t")" = 1 ] || fail "$t: no place for learned rules"
    head -1 "$t" | grep -q 'CC0-1.0' || fail "$t: no licence line"
    ! grep -q deny "$t" || fail "$t: a learning profile holds no deny"
done
[ "$fails" -eq 0 ]
