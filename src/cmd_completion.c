/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "completion.h"
#include "verbs.h"

static const struct {
    const char *name;
    void (*print)(void);
} shells[] = {
    { "bash", complete_bash },
    { "zsh", complete_zsh },
    { "fish", complete_fish },
};

static const struct opt opts[] = { OPT_END };

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);

    while (opts_next(&o))
        ;
    if (o.done)
        return o.status;
    if (o.n_operands != 1)
        return usage_error(verb, "name one shell: %s", verb->args);
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strcmp(o.operand[0], shells[i].name) == 0) {
            shells[i].print();
            return EXIT_DONE;
        }
    return usage_error(verb, "no completion for '%s'; there is %s", o.operand[0], verb->args);
}

const struct verb verb_completion = {
    .name = "completion",
    .args = "bash|zsh|fish",
    .summary = "Print the shell completion script",
    .details = "  eval \"$(aajail completion bash)\"",
    .opts = opts,
    .run = run,
};
