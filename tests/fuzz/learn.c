/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that nobody would choose: what is learned of them is read back from the printed profile. */
#include <stdint.h>
#include <stdlib.h>

#include "names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_target target = { .name = "fuzz", .base = "/nonexistent", .mediates = UINT32_MAX };
    struct aaj_learn_input in = { .target = &target, .template_name = AAJ_STR("t") };
    struct aaj_manifest *manifest = NULL;
    struct aaj_learned *learned = NULL;

    if (aaj_manifest_default(AAJ_STR("/t"), AAJ_STR(""), &manifest) < 0)
        abort();
    in.recording = fuzz_names(data, size, 64, false);
    in.manifest = manifest;
    in.template_text = AAJ_STR("profile t /t {\n  # aajail: learned rules\n}\n");
    if (aaj_learn_run(&in, NULL, &learned) == 0)
        fuzz_judge_text(learned, in.recording);
    aaj_learned_free(learned);
    aaj_recording_free(in.recording);
    aaj_manifest_free(manifest);
    return 0;
}
