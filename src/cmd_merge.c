/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail merge REC…: one recording from many. */
#include <string.h>

#include "recorder.h"
#include "terminal.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "output", 'o', "FILE", "write the recording to FILE instead of standard output" },
    { "redact", 0, NULL, "drop sample lines and commands, and what names persons and sessions" },
    { "accept-loss", 0, NULL, "events were lost, and that is known: do not end with 5" },
    OPT_JSON,
    OPT_END,
};

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct recorder_options options = { 0 };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *name, *output = "-";
    struct aaj_str text;
    bool json = false;
    int r, status;

    while ((name = opts_next(&o))) {
        if (opt_is(name, "output"))
            output = o.value;
        else if (opt_is(name, "redact"))
            options.inputs.redact = true;
        else if (opt_is(name, "accept-loss"))
            options.accept_loss = true;
        else if (opt_is(name, "json"))
            json = true;
    }
    if (o.done)
        return o.status;
    if (o.n_operands < 1)
        return usage_error(verb, "name the recordings to merge");
    if (json && strcmp(output, "-") == 0)
        return usage_error(verb, "--json is about the summary: give the recording a place with -o FILE");
    options.inputs.recording = o.operand;
    options.inputs.n_recordings = (size_t)o.n_operands;
    r = recorder_run(&options.inputs, &arena, &text, &diags);
    status = r == 0 ? recorder_summary(&options, text, stderr, json ? stdout : NULL, &diags) : EXIT_INPUT;
    if (r == 0 && status != EXIT_REFUSED) {
        r = output_write(output, text, 0644);
        if (r < 0) {
            aaj_error(&diags, (struct aaj_loc){ .file = output_name(output) }, "cannot write: %s", strerror(-r));
            status = EXIT_REFUSED;
        }
    }
    show_diags(&diags);
    aaj_arena_clear(&arena);
    return status;
}

const struct verb verb_merge = {
    .name = "merge",
    .args = "RECORDING…",
    .summary = "Make one recording from many",
    .details = "  aajail merge web1.rec web2.rec -o all.rec\n\n"
               "Any order, any grouping and any repetition gives the same bytes, so many recordings can be\n"
               "reduced in parallel:\n\n"
               "  ls *.rec | xargs -n 10 -P 4 sh -c 'aajail merge \"$@\" -o part.$$.rec' merge\n"
               "  aajail merge part.*.rec -o all.rec",
    .opts = opts,
    .run = run,
};
