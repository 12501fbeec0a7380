/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail watch [JAIL…]: what enforced jails are denied, as it happens, with the rule that would allow it. */
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "kernel/kernel.h"
#include "log/source.h"
#include "session/audit.h"
#include "verbs.h"
#include "watch.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "read this log instead of the audit channel; - is standard input" },
    OPT_JSON,
    OPT_END,
};

static const struct aaj_loc nowhere;

static int watch_log(struct watch *watch, const char *path)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int fd, r = aaj_log_open(path, &fd);

    if (r < 0) {
        aaj_error(&diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot open: %s", strerror(-r));
        show_diags(&diags);
        return EXIT_INPUT;
    }
    return watch_follow(watch, fd, NULL, STDOUT_FILENO);
}

/* Who waits for the denials of a profile that denies nothing should know. It may be loaded later, so that is no error. */
static void check_name(struct aaj_str name, const struct aaj_loaded *loaded, size_t n, struct aaj_diags *diags)
{
    const char *text = aaj_escape(&diags->arena, name);
    size_t i = 0;

    while (i < n && !aaj_label_bears(loaded[i].name, name))
        i++;
    if (i == n)
        aaj_diag_add(diags, AAJ_WARNING, "watch-name", nowhere, AAJ_STR(""),
                     "no profile '%s' is loaded, so until then nothing is denied in its name: 'aajail status' lists what is",
                     text);
    else if (aaj_str_eq(loaded[i].mode, AAJ_STR("complain")))
        aaj_diag_add(diags, AAJ_WARNING, "watch-mode", nowhere, AAJ_STR(""),
                     "'%s' is in complain mode, where only deny rules deny: 'aajail enforce' changes that", text);
}

static void check_names(const struct watch *watch, const struct aaj_kernel *kernel, struct aaj_diags *diags)
{
    struct aaj_diags unread = AAJ_DIAGS_INIT; /* hearing needs less power than reading the list */
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_loaded *loaded;
    size_t n;

    if (watch->n_names && aaj_kernel_list(kernel, &arena, &unread, &loaded, &n) == 0)
        for (int i = 0; i < watch->n_names; i++)
            check_name(aaj_str_c(watch->name[i]), loaded, n, diags);
    aaj_diags_clear(&unread);
    aaj_arena_clear(&arena);
}

static int watch_audit(struct watch *watch)
{
    const struct aaj_kernel kernel = AAJ_KERNEL_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_audit audit;
    int status = EXIT_REFUSED;

    if (aaj_kernel_check_on(&kernel, &diags) < 0)
        aaj_diag_add(&diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""),
                     "nothing is ever denied here; --log FILE reads the log of the machine that has the jails");
    else if (aaj_audit_open(&audit, &diags) == 0)
        status = EXIT_DONE;
    if (status == EXIT_DONE)
        check_names(watch, &kernel, &diags);
    show_diags(&diags);
    if (status == EXIT_DONE) {
        status = watch_follow(watch, -1, &audit, STDOUT_FILENO);
        aaj_audit_close(&audit);
    }
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct watch watch = { 0 };
    const char *name, *log = NULL;

    while ((name = opts_next(&o)))
        if (opt_is(name, "log"))
            log = o.value;
        else
            watch.json = true;
    if (o.done)
        return o.status;
    watch.name = o.operand;
    watch.n_names = o.n_operands;
    return log ? watch_log(&watch, log) : watch_audit(&watch);
}

const struct verb verb_watch = {
    .name = "watch",
    .args = "[JAIL…]",
    .summary = "Show what enforced jails are denied, live, and what would allow it",
    .details =
        "  aajail watch gapapp\n"
        "  journalctl -kf | aajail watch gapapp --log -\n\n"
        "JAIL is a profile's name; its children belong to it. Without one all denials are shown. Ends with\n"
        "SIGINT, or with the log.",
    .opts = opts,
    .run = run,
};
