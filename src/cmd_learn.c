/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail learn MANIFEST|EXE: what a slave did, from logs (neither root nor AppArmor is needed for that), from the lab, or
 * from this kernel's audit channel as it happens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learn_session.h"
#include "learn_syscalls.h"
#include "recorder.h"
#include "terminal.h"
#include "verbs.h"

static const struct opt opts[] = {
    OPTS_LOG,
    { "output", 'o', "FILE", "write the recording to FILE; default: NAME.rec beside the manifest" },
    { "add", 'a', NULL, "merge with the recording that is there already" },
    { "facts", 0, NULL, "note what this machine's files are: owner, mode, capabilities, links, interpreters" },
    { "live", 0, NULL, "listen to this kernel's audit while CMD runs, or until Ctrl-C; the default with CMD" },
    { "lab", 0, NULL, "run CMD in the lab: a throw-away machine with a real AppArmor kernel" },
    OPTS_LAB,
    { "syscalls", 0, NULL, "learn from system calls that audit rules log, without AppArmor" },
    { "print-rules", 0, NULL, "print these audit rules, for auditctl -R" },
    { "user", 0, "USER", "of the rules: whose calls are logged; default: the manifest's user" },
    { "key", 0, "KEY", "the rules' key; default: of the rules aajail, of what is read any" },
    { "root", 0, "DIR", "resolve the names of calls in this tree; default: on this machine" },
    { "files", 0, "FILE", "the same from find -printf '%y\\t%m\\t%U\\t%G\\t%p\\t%l\\n', plain or .zst" },
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
    int r = output_write(output, text, 0644);

    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = output_name(output) }, "cannot write: %s", strerror(-r));
    return r;
}

/* Asks this machine about a name that was seen. Names are an attacker's: fsview follows no magic links. */
static int note_fact(struct aaj_recording *rec, struct aaj_fsview *here, struct aaj_str name)
{
    struct aaj_fact fact;
    int r;

    if (name.n == 0 || name.p[0] != '/')
        return 0;
    r = aaj_fsview_get(here, name, &fact);
    if (r == -ENOMEM)
        return r;
    r = r == 1 ? aaj_fsview_add(aaj_recording_files(rec), &fact) : 0;
    return r == -ENOMEM ? r : 0;
}

static int add_facts(struct aaj_recording *rec)
{
    const struct aaj_access *access;
    struct aaj_fsview *here;
    size_t n = 0;
    int r = aaj_fsview_new(&here);

    if (r < 0)
        return r;
    r = aaj_fsview_set_root(here, "/");
    if (r == 0)
        r = aaj_recording_accesses(rec, &access, &n);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (access[i].class == AAJ_CLASS_FILE || access[i].class == AAJ_CLASS_EXEC)
            r = note_fact(rec, here, aaj_recording_str(rec, access[i].arg[AAJ_FILE_NAME]));
    aaj_fsview_free(here);
    return r;
}

/* The recording's text with facts about its files. */
static int with_facts(struct aaj_arena *arena, struct aaj_str *text, struct aaj_diags *diags)
{
    struct aaj_recording *rec;
    char *out_text = NULL;
    size_t n = 0;
    FILE *out;
    int r = aaj_recording_new(&rec);

    if (r < 0)
        return r;
    out = open_memstream(&out_text, &n);
    r = out ? aaj_recording_read(rec, *text, AAJ_STR("the reading process"), diags) : -ENOMEM;
    if (r == 0)
        r = add_facts(rec);
    if (r == 0)
        r = aaj_recording_write(rec, out);
    if (out && fclose(out) != 0)
        r = -ENOMEM;
    if (r == 0) {
        *text = aaj_arena_dup(arena, (struct aaj_str){ out_text, n });
        r = text->p ? 0 : -ENOMEM;
    }
    free(out_text);
    aaj_recording_free(rec);
    return r;
}

struct learn_args {
    const char *output;
    bool add, json, live, lab, command, facts, syscalls, print_rules;
    struct learn_syscalls trace;
};

/* The names that calls were made with are resolved before they meet those of a recording that is there. */
static int run_recorder(struct recorder_options *options, const struct learn_args *a, struct aaj_arena *arena,
                        struct aaj_str *text, struct aaj_diags *diags)
{
    int r = recorder_run(&options->inputs, arena, text, diags);

    return r == 0 && a->syscalls && learn_syscalls_resolve(&a->trace, arena, text, diags) != EXIT_DONE ? -EINVAL : r;
}

static int learn(struct recorder_options *options, const struct learn_args *a)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    char *existing = (char *)(uintptr_t)a->output; /* handed on, never written */
    struct aaj_str text;
    int r, status = EXIT_INPUT;

    if (a->add) {
        options->inputs.recording = &existing;
        options->inputs.n_recordings = 1;
    }
    r = run_recorder(options, a, &arena, &text, &diags);
    if (r == 0 && a->facts)
        r = with_facts(&arena, &text, &diags);
    if (r == 0)
        status = recorder_summary(options, text, stderr, a->json ? stdout : NULL, &diags);
    if (r == 0 && status != EXIT_REFUSED && write_out(a->output, text, &diags) < 0)
        status = EXIT_REFUSED;
    show_diags(&diags);
    aaj_arena_clear(&arena);
    return status;
}

/* CMD's status is passed on, unless what was learned from it says more. */
static int learn_from(struct learn_session *session, struct recorder_options *options, const struct learn_args *a)
{
    int log = -1, command = 0, learned, s, status = learn_session_start(session, &log);

    if (status == EXIT_DONE) {
        options->inputs.live_fd = log;
        options->inputs.live_name = session->lab ? AAJ_STR("the lab's kernel log") : AAJ_STR("the audit channel");
        if (!options->inputs.options.profile.n)
            options->inputs.options.profile = session->label;
        learned = learn(options, a);
        close(log);
        s = learn_session_end(session, &command);
        status = s != EXIT_DONE ? s : command ? command : learned;
    } else {
        learn_session_end(session, &command);
        /* 1 to 5 could be CMD's own */
        status = session->argv[0] ? LAB_FAILED : status;
    }
    return status;
}

/* Without a session and without AppArmor. */
static int learn_from_syscalls(struct recorder_options *options, struct learn_args *a)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    int status;

    a->trace.options.label = options->inputs.options.profile;
    status = learn_syscalls_open(&a->trace, &arena, &diags);
    if (status == EXIT_DONE && a->print_rules)
        status = learn_syscalls_rules(&a->trace, &diags);
    show_diags(&diags);
    if (status == EXIT_DONE && !a->print_rules) {
        options->inputs.syscalls = &a->trace.options;
        status = learn(options, a);
    }
    aaj_arena_clear(&arena);
    return status;
}

static int check_syscalls(const struct verb *verb, const struct opts *o, const struct recorder_options *options,
                          const struct learn_args *a)
{
    if (a->live || a->lab || a->command)
        return usage_error(verb, "--syscalls reads logs: --log FILE");
    if (o->n_operands != 1)
        return usage_error(verb, "name one manifest or one executable");
    if (!a->print_rules && options->inputs.n_logs == 0)
        return usage_error(verb, "name the logs to learn from with --log, or --print-rules for the rules that make them");
    if (a->trace.root && a->trace.files)
        return usage_error(verb, "--root and --files are two answers to one question");
    return -1;
}

static int check_args(const struct verb *verb, struct opts *o, const struct recorder_options *options,
                      struct learn_args *a)
{
    bool session = a->live || a->lab || a->command;

    if (a->syscalls || a->print_rules)
        return check_syscalls(verb, o, options, a);
    if (a->trace.user || a->trace.options.key.n || a->trace.root || a->trace.files)
        return usage_error(verb, "--user, --key, --root and --files belong to --syscalls");
    if (!session && !(o->n_operands == 1 || (o->n_operands == 0 && a->output)))
        return usage_error(verb, "name one manifest or one executable");
    if (session && o->n_operands == 0)
        return usage_error(verb, "name a manifest or an executable");
    if (!a->command && o->n_operands > 1)
        return usage_error(verb, "name one manifest or one executable; a command stands behind --");
    if (a->live && a->lab)
        return usage_error(verb, "--live or --lab, not both");
    if (a->lab && o->n_operands < 2)
        return usage_error(verb, "--lab needs the command to run there: -- CMD");
    if (!session && options->inputs.n_logs == 0)
        return usage_error(verb, "name the logs to learn from with --log, or use --live or --lab");
    if (session && options->inputs.n_logs)
        return usage_error(verb, "learn from logs or from a session; 'aajail merge' joins the recordings");
    if (a->json && a->output && strcmp(a->output, "-") == 0)
        return usage_error(verb, "--json is about the summary: give the recording a place with -o FILE");
    return -1;
}

static bool take(struct learn_args *a, const char *name, const char *value)
{
    if (opt_is(name, "output"))
        a->output = value;
    else if (opt_is(name, "add"))
        a->add = true;
    else if (opt_is(name, "json"))
        a->json = true;
    else if (opt_is(name, "facts"))
        a->facts = true;
    else if (opt_is(name, "live"))
        a->live = true;
    else if (opt_is(name, "lab"))
        a->lab = true;
    else if (opt_is(name, "syscalls"))
        a->syscalls = true;
    else if (opt_is(name, "print-rules"))
        a->print_rules = true;
    else if (opt_is(name, "user"))
        a->trace.user = value;
    else if (opt_is(name, "key"))
        a->trace.options.key = aaj_str_c(value);
    else if (opt_is(name, "root"))
        a->trace.root = value;
    else if (opt_is(name, "files"))
        a->trace.files = value;
    else
        return false;
    return true;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct recorder_options options = { 0 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct learn_args a = { 0 };
    struct lab_options lab;
    const char *name;
    int status = -1, s;

    lab_options_init(&lab);
    /* "--" is what tells CMD from a second operand, and getopt takes it away. */
    for (int i = 1; i < argc - 1; i++)
        a.command = a.command || strcmp(argv[i], "--") == 0;
    while ((name = opts_next(&o))) /* to the end, also behind an error: it frees its tables there */
        if (status >= 0)
            continue;
        else if (lab_option(&lab, verb, name, o.value, &s))
            status = s == EXIT_DONE ? -1 : s;
        else if (!recorder_option(&options, verb, name, o.value, &status))
            take(&a, name, o.value);
    if (status < 0 && o.done)
        status = o.status;
    if (status < 0)
        status = check_args(verb, &o, &options, &a);
    if (status < 0 && !a.output)
        a.output = default_output(&arena, o.operand[0]).p;
    if (status < 0 && (a.live || a.lab || a.command)) {
        struct learn_session session = { .verb = verb, .lab = a.lab, .lab_options = &lab, .what = o.operand[0],
                                         .argv = o.operand + 1 };

        status = learn_from(&session, &options, &a);
    } else if (status < 0 && (a.syscalls || a.print_rules)) {
        a.trace.what = o.operand[0];
        status = learn_from_syscalls(&options, &a);
    } else if (status < 0) {
        status = a.output ? learn(&options, &a) : EXIT_REFUSED;
    }
    free(options.inputs.log);
    lab_options_clear(&lab);
    aaj_arena_clear(&arena);
    return status;
}

const struct verb verb_learn = {
    .name = "learn",
    .args = "MANIFEST|EXECUTABLE [--log FILE… | --live | --lab | --syscalls --log FILE…] [-- CMD…]",
    .summary = "Learn what a slave does, from logs, live, or in the lab",
    .details = "  aajail learn gapapp.yaml --log /var/log/audit/audit.log\n"
               "  journalctl -o export | aajail learn /srv/slave/slave --log - -o slave.rec\n"
               "  aajail learn gapapp.yaml --lab -- ./run-tests.sh\n\n"
               "--syscalls learns where there is no AppArmor: 'aajail learn EXE --print-rules --user USER' prints the audit rules.\n"
               "--lab and --live load a learning profile, in the lab or here, which logs everything and denies nothing.\n"
               "CMD starts the slave and makes it work; its exit status is passed on.",
    .opts = opts,
    .run = run,
};
