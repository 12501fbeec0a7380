/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail watch [JAIL…]: what enforced jails are denied, as it happens, with the rule that would allow it. */
#include <string.h>
#include <unistd.h>

#include "log/source.h"
#include "session/audit.h"
#include "verbs.h"
#include "watch.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "read this log instead of the audit channel; - is standard input" },
    OPT_JSON,
    OPT_END,
};

static int report(struct aaj_diags *diags, int status)
{
    show_diags(diags);
    return status;
}

static int watch_log(struct watch *watch, const char *path)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int fd, r = aaj_log_open(path, &fd);

    if (r < 0) {
        aaj_error(&diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot open: %s", strerror(-r));
        return report(&diags, EXIT_INPUT);
    }
    return watch_follow(watch, fd, NULL, STDOUT_FILENO);
}

static int watch_audit(struct watch *watch)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_audit audit;
    int status = report(&diags, aaj_audit_open(&audit, &diags) < 0 ? EXIT_REFUSED : EXIT_DONE);

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
