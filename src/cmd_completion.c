/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail completion SHELL: the script for bash or zsh, made from the verbs' own tables. */
#include <string.h>

#include "verbs.h"

static const struct opt opts[] = { OPT_END };

static void print_verb_case(const struct verb *v)
{
    printf("    %s) opts='--help", v->name);
    for (const struct opt *o = v->opts; o && o->name; o++)
        printf(" --%s", o->name);
    printf("'; values='");
    for (const struct opt *o = v->opts; o && o->name; o++)
        if (o->arg)
            printf("%s--%s%s%c", o == v->opts ? "" : " ", o->name, o->letter ? " -" : "",
                   o->letter ? o->letter : ' ');
    printf("';;\n");
}

static void print_bash(void)
{
    printf("# aajail's completion for bash: eval \"$(aajail completion bash)\"\n"
           "_aajail() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} opts values\n"
           "  COMPREPLY=()\n"
           "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "    COMPREPLY=($(compgen -W '--help --version");
    for (const struct verb *const *v = verbs; *v; v++)
        printf(" %s", (*v)->name);
    printf("' -- \"$cur\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n");
    for (const struct verb *const *v = verbs; *v; v++)
        print_verb_case(*v);
    printf("    *) return;;\n"
           "  esac\n"
           "  case \" $values \" in *\" $prev \"*) COMPREPLY=($(compgen -f -- \"$cur\")); return;; esac\n"
           "  case $cur in\n"
           "    -*) COMPREPLY=($(compgen -W \"$opts\" -- \"$cur\"));;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$cur\"));;\n"
           "  esac\n"
           "}\n"
           "complete -o filenames -F _aajail aajail\n");
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);

    while (opts_next(&o))
        ;
    if (o.done)
        return o.status;
    if (o.n_operands != 1)
        return usage_error(verb, "name one shell: bash or zsh");
    if (strcmp(o.operand[0], "zsh") == 0)
        printf("autoload -U +X bashcompinit && bashcompinit\n");
    else if (strcmp(o.operand[0], "bash") != 0)
        return usage_error(verb, "no completion for '%s'; there is bash and zsh", o.operand[0]);
    print_bash();
    return EXIT_DONE;
}

const struct verb verb_completion = {
    .name = "completion",
    .args = "bash|zsh",
    .summary = "Print the shell completion script",
    .details = "  eval \"$(aajail completion bash)\"",
    .opts = opts,
    .run = run,
};
