/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail learn MANIFEST|EXE --log F…: what a slave did, from logs. Needs neither root nor AppArmor. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recorder.h"
#include "verbs.h"

static const struct opt opts[] = {
    OPTS_LOG,
    { "output", 'o', "FILE", "write the recording to FILE; default: NAME.rec beside the manifest" },
    { "add", 'a', NULL, "merge with the recording that is there already" },
    OPT_JSON,
    OPT_END,
};

/* DIR/NAME.yaml or DIR/NAME.yml: DIR/NAME.rec; an executable: NAME.rec here. */
static struct aaj_str default_output(struct aaj_arena *arena, const char *what)
{
    struct aaj_str s = aaj_str_c(what);
    const char *slash = strrchr(what, '/');

    if (aaj_str_ends(s, AAJ_STR(".yaml")) || aaj_str_ends(s, AAJ_STR(".yml"))) {
        s.n -= aaj_str_ends(s, AAJ_STR(".yaml")) ? 5 : 4;
        return aaj_arena_printf(arena, "%.*s.rec", AAJ_STR_ARG(s));
    }
    return aaj_arena_printf(arena, "%s.rec", slash ? slash + 1 : what);
}

static int write_out(const char *output, struct aaj_str text, struct aaj_diags *diags)
{
    int r = aaj_file_write(output, text, 0644);

    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(output) }, "cannot write: %s", strerror(-r));
    return r;
}

static int learn(struct recorder_options *options, const char *output, bool add, bool json)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    char *existing = (char *)(uintptr_t)output; /* handed on, never written */
    struct aaj_str text;
    int r, status = EXIT_INPUT;

    if (add) {
        options->inputs.recording = &existing;
        options->inputs.n_recordings = 1;
    }
    r = recorder_run(&options->inputs, &arena, &text, &diags);
    if (r == 0)
        status = recorder_summary(options, aaj_recording_head(text), stderr, json ? stdout : NULL, &diags);
    if (r == 0 && status != EXIT_REFUSED && write_out(output, text, &diags) < 0)
        status = EXIT_REFUSED;
    show_diags(&diags);
    aaj_arena_clear(&arena);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct recorder_options options = { 0 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *name, *output = NULL;
    bool add = false, json = false;
    int status = -1;

    while (status < 0 && (name = opts_next(&o))) {
        if (recorder_option(&options, verb, name, o.value, &status))
            continue;
        if (opt_is(name, "output"))
            output = o.value;
        else if (opt_is(name, "add"))
            add = true;
        else if (opt_is(name, "json"))
            json = true;
    }
    if (status < 0 && o.done)
        status = o.status;
    if (status < 0 && !(o.n_operands == 1 || (o.n_operands == 0 && output)))
        status = usage_error(verb, "name one manifest or one executable");
    if (status < 0 && options.inputs.n_logs == 0)
        status = usage_error(verb, "name the logs to learn from with --log");
    if (status < 0 && !output)
        output = default_output(&arena, o.operand[0]).p;
    if (status < 0 && json && output && strcmp(output, "-") == 0)
        status = usage_error(verb, "--json is about the summary: give the recording a place with -o FILE");
    if (status < 0)
        status = output ? learn(&options, output, add, json) : EXIT_REFUSED;
    free(options.inputs.log);
    aaj_arena_clear(&arena);
    return status;
}

const struct verb verb_learn = {
    .name = "learn",
    .args = "MANIFEST|EXECUTABLE --log FILE…",
    .summary = "Learn what a slave does, from logs",
    .details = "  aajail learn gapapp.yaml --log /var/log/audit/audit.log\n"
               "  journalctl -o export | aajail learn /srv/slave/slave --log - -o slave.rec",
    .opts = opts,
    .run = run,
};
