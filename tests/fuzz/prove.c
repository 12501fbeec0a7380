/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that nobody would choose, of files, programs, peers and mounts, as many as one input holds: apparmor_parser compiles
 * what is learned of them, and the proof judges the compiled policy. Slow, since each input is a run of the parser.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "jail: t\nslave: /t\nroots: [ /srv/app, /var/lib/app ]\nexec: { '/usr/**': child, '/srv/app/**': child }\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct aaj_manifest *manifest;
    static struct aaj_target *target;
    struct aaj_build_input in = { .datadir = getenv("AAJ_SOURCE") };

    if (access("/sbin/apparmor_parser", X_OK) < 0) {
        puts("no apparmor_parser");
        exit(77);
    }
    if (!target && (aaj_target_open("debian12", in.datadir, NULL, &target) < 0 ||
                    aaj_manifest_parse(aaj_str_c(text), AAJ_STR("t.yaml"), NULL, &manifest) < 0))
        abort();
    in.target = target;
    in.manifest = manifest;
    in.recording = fuzz_names(data, size, 512, true);
    fuzz_judge_proof(&in);
    aaj_recording_free(in.recording);
    return 0;
}
