#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab-slave.sh AAJAIL ARTEFACTS CORPUS: the C slave under its profile on a real AppArmor kernel. ARTEFACTS holds the
# built profile aajail.slave-c, CORPUS its manifest and source. Exit status: 0, 77 where no lab can be, else 1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
aajail=$(realpath "$1") artefacts=$(realpath "$2") corpus=$(realpath "$3")
source=$(realpath "$here/../..")
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
chmod 755 "$programs"
for program in slave helper; do
    cc -O1 -w -o "$programs/$program" "$corpus/src/$program.c"
done
"$aajail" lab --timeout 120 --ro "$source" --ro "$(dirname "$aajail")" --ro "$artefacts" --ro "$corpus" --ro "$programs" -- \
    bash "$here/lab-slave-guest.sh" "$aajail" "$artefacts/aajail.slave-c" "$corpus/manifests/slave-c.yaml" "$programs"
