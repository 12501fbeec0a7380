#!/bin/bash
# A module includes only itself and modules above it in lib/meson.build's list.
set -euo pipefail
cd "$AAJ_SOURCE"
python3 - <<'PY'
import pathlib, re, sys
text = pathlib.Path("lib/meson.build").read_text()
order = re.findall(r"'([a-z]+)'", re.search(r"aaj_modules = \[(.*?)\]", text, re.S)[1])
order.append("api") # what programs of others see: above everything
rank = {m: i for i, m in enumerate(order)}
bad = seen = 0
for f in sorted(pathlib.Path("lib").rglob("*.[ch]")):
    m = f.parts[1] if len(f.parts) > 2 else None
    for n, line in enumerate(f.read_text().splitlines(), 1):
        i = re.match(r'\s*#\s*include\s+"([a-z]+)/', line)
        if not i or m not in rank:
            continue
        seen += 1
        if i[1] not in rank or rank[i[1]] > rank[m]:
            print(f"{f}:{n}: {m} may not include {i[1]}")
            bad += 1
if not seen:
    sys.exit("no include was looked at")
sys.exit(1 if bad else 0)
PY
