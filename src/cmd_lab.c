/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail lab [--] CMD…: runs CMD on a real AppArmor kernel. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lab_options.h"
#include "verbs.h"

static const struct opt opts[] = {
    OPTS_LAB,
    { "klog", 0, "FILE", "write the kernel's console here: AppArmor's records too" },
    OPT_END,
};

static int run_lab(struct lab_options *o, char *const *argv)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int status = LAB_FAILED, r = lab_run(o, argv, &diags, &status);

    show_diags(&diags);
    return r < 0 ? LAB_FAILED : status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    const char *name, *klog = NULL;
    int status = EXIT_DONE, s;
    struct lab_options lab;

    lab_options_init(&lab);
    while ((name = opts_next(&o)))
        if (status != EXIT_DONE)
            continue;
        else if (lab_option(&lab, verb, name, o.value, &s))
            status = s;
        else if (opt_is(name, "klog"))
            klog = o.value;
    if (o.done)
        status = o.status == EXIT_DONE ? EXIT_DONE : LAB_FAILED;
    else if (status == EXIT_DONE && o.n_operands == 0)
        status = (usage_error(verb, "name the command to run"), LAB_FAILED);
    if (status == EXIT_DONE && klog && !o.done) {
        lab.lab.klog_fd = open(klog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (lab.lab.klog_fd < 0) {
            fprintf(stderr, "aajail %s: %s: %s\n", verb->name, klog, strerror(errno));
            status = LAB_FAILED;
        }
    }
    if (status == EXIT_DONE && !o.done)
        status = run_lab(&lab, o.operand);
    lab_options_clear(&lab);
    return status;
}

const struct verb verb_lab = {
    .name = "lab",
    .args = "[--] CMD [ARGUMENT…]",
    .summary = "Run a command on a real AppArmor kernel over a copy-on-write view of this machine",
    .details =
        "  aajail lab -- sh -c 'aa-enabled; id; touch /etc/x'\n\n"
        "CMD runs as root in a throw-away machine that is up in seconds; what it writes is gone afterwards,\n"
        "but for /share. Neither root nor an AppArmor kernel is needed here. Exit status: CMD's own; 125 "
        "the\n"
        "lab failed, 126 CMD cannot be run, 127 it was not found.",
    .opts = opts,
    .command = true,
    .run = run,
};
