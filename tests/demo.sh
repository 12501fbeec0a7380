#!/bin/bash
# demo.sh BUILD: the main job once, on bundled real logs: log → profile → a real kernel enforces it → the chain refuses.
set -euo pipefail
cd "$(dirname "$0")/.."
aajail=$PWD/${1:-build/dev}/src/aajail
corpus=$PWD/tests/corpus
out=$(mktemp -d "${TMPDIR:-/tmp}/aajail-demo.XXXXXX")
trap 'rm -rf "$out"' EXIT
chmod 755 "$out" # the lab reads the artefacts as another uid

say() { printf '\n== %s\n' "$*"; }
run() {
    printf '$ %s\n' "$(printf '%s ' "$@" | sed "s#$PWD/##g; s#$out#/tmp/demo#g; s#build/dev/src/aajail#aajail#")"
    "$@"
}

say "1. Two real slaves: a C server and a php-fpm pool. Logs and manifests become proved profiles and firewall chains."
for jail in slave-c:slave slave-blog:php-fpm; do
    name=${jail%%:*} service=${jail##*:}
    run "$aajail" build "$corpus/manifests/$name.yaml" --log "$corpus/logs/$service/A/audit.log.zst" \
        --files "$corpus/files.tsv.zst" -o "$out/$name"
    say "the profile of $name"
    cat "$out/$name/aajail.$name"
    say "the chain of $name, IPv4 (iptables-restore); IPv6 and nft beside it"
    cat "$out/$name/firewall.v4"
done

say "2. The day after: would the profiles deny anything that run B did?"
for jail in slave-c:slave slave-blog:php-fpm; do
    name=${jail%%:*} service=${jail##*:}
    run "$aajail" check "$out/$name/aajail.$name" --log "$corpus/logs/$service/B/audit.log.zst" | tail -25 || true
done

say "3. A real AppArmor kernel (user-mode-linux): the slave works under its profile, attacks are denied, the chain refuses"
tests/demo/lab-slave.sh "$aajail" "$out/slave-c" "$corpus"

say "4. The chain alone, in a network namespace of this machine"
tests/demo/netns-firewall.sh "$aajail" "$corpus/manifests/slave-c.yaml"

say "done: make check runs every test"
