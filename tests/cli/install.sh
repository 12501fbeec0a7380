#!/bin/bash
# Installs into an empty folder and uses it from there: the command finds its data, a program of others builds with
# pkg-config against the one header, and nothing but aajail_* is visible in the library.
set -euo pipefail
build=$(cd "$(dirname "$AAJAIL")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
grep -q '"b_sanitize", "value": "none"' <(python3 - "$build" <<'PY'
import json, sys
for o in json.load(open(sys.argv[1] + "/meson-info/intro-buildoptions.json")):
    if o["name"] == "b_sanitize":
        print('"b_sanitize", "value": "%s"' % o["value"])
PY
) || { echo "a sanitizer build is not installed"; exit 77; }

# The places are compiled in, so the prefix must be the real one: build once more, for the folder.
meson setup "$tmp/build" "$AAJ_SOURCE" --prefix "$tmp/usr" -Dtests=false --libdir lib --buildtype plain >/dev/null
ninja -C "$tmp/build" install >/dev/null
cp -r "$AAJ_SOURCE/tests/corpus" "$tmp/corpus"
mv "$tmp/build" "$tmp/gone" # nothing may be found in the build folder any more
aajail=$tmp/usr/bin/aajail
"$aajail" --version
"$aajail" build "$tmp/corpus/manifests/slave-c.yaml" --log "$tmp/corpus/logs/slave/A/audit.log.zst" \
    --files "$tmp/corpus/files.tsv.zst" -o - >"$tmp/profile" 2>/dev/null
grep -q 'profile slave-c /usr/local/sbin/slave' "$tmp/profile"

export PKG_CONFIG_PATH=$tmp/usr/lib/pkgconfig LD_LIBRARY_PATH=$tmp/usr/lib
# shellcheck disable=SC2046
cc -Wall -Werror -o "$tmp/learn" "$AAJ_SOURCE/tests/example/learn.c" $(pkg-config --cflags --libs libaajail)
"$tmp/learn" "$tmp/corpus/manifests/slave-c.yaml" "$tmp/corpus/logs/slave/A/audit.log.zst" >"$tmp/profile2"
grep -q 'profile slave-c /usr/local/sbin/slave' "$tmp/profile2"

foreign=$(nm -D --defined-only "$tmp/usr/lib/libaajail.so" | awk '{ print $3 }' | grep -v -E '^aajail_|^AAJAIL_' || true)
[ -z "$foreign" ] || { echo "visible, but not of aajail.h: $foreign"; exit 1; }
declared=$(grep -o 'aajail_[a-z_0-9]*(' "$AAJ_SOURCE/lib/aajail.h" | tr -d '(' | sort -u)
visible=$(nm -D --defined-only "$tmp/usr/lib/libaajail.so" | awk '$3 ~ /^aajail_/ { sub(/@.*/, "", $3); print $3 }' | sort -u)
[ "$declared" = "$visible" ] || { diff <(echo "$declared") <(echo "$visible"); exit 1; }
[ -e "$tmp/usr/share/man/man1/aajail.1" ]
[ -e "$tmp/usr/share/doc/aajail/examples/pools/blog.yaml" ]
[ -s "$tmp/usr/share/bash-completion/completions/aajail.bash" ]
