/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "completion.h"

/* Names come from files and from the kernel, and may hold anything: they are compared as text, never handed
 * to compgen -W, which would expand them. */
static const char functions[] =
    "# aajail's completion for bash: eval \"$(aajail completion bash)\"\n"
    "_aajail_lines() {\n"
    "  local line\n"
    "  while IFS= read -r line; do [[ $line == \"$cur\"* ]] && COMPREPLY+=(\"$line\"); done\n"
    "}\n"
    "_aajail_values() {\n"
    "  local kind\n"
    "  for kind in \"$@\"; do\n"
    "    case $kind in\n"
    "      file) compopt -o filenames; _aajail_lines < <(compgen -f -- \"$cur\");;\n"
    "      dir) compopt -o filenames; _aajail_lines < <(compgen -d -- \"$cur\");;\n"
    "      command) _aajail_lines < <(compgen -c -- \"$cur\");;\n"
    "      user) _aajail_lines < <(compgen -u -- \"$cur\");;\n"
    "      unit) _aajail_lines < <(systemctl list-unit-files --no-legend --plain --type=service 2>/dev/null "
    "|\n"
    "            cut -d' ' -f1);;\n"
    "      profile) compopt -o filenames\n"
    "            _aajail_lines < <(sed 's/ ([a-z]*)$//' /sys/kernel/security/apparmor/profiles "
    "2>/dev/null);;\n"
    "      jail) compopt -o filenames\n"
    "            _aajail_lines < <({ ls /etc/aajail/jails | sed -n 's/\\.yaml$//p'; ls build; } 2>/dev/null "
    "| sort "
    "-u);;\n"
    "      role) compopt -o filenames; _aajail_lines < <(ls /etc/aajail/roles 2>/dev/null);;\n"
    "      word:*) _aajail_lines <<<\"${kind#word:}\";;\n"
    "    esac\n"
    "  done\n"
    "}\n";

static const char driver[] =
    "  if [[ $COMP_CWORD -eq 1 ]]; then _aajail_values \"${verbs[@]/#/word:}\"; return; fi\n"
    "  for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "    [[ ${COMP_WORDS[i]} == -- ]] || continue\n"
    "    if declare -F _command_offset >/dev/null; then _command_offset $((i + 1)); else _aajail_values "
    "command file; "
    "fi\n"
    "    return\n"
    "  done\n";

static const char *const kind_name[] = COMPLETE_NAMES;

static void print_kinds(unsigned kinds, const char *metavariable)
{
    printf("_aajail_values");
    for (int i = 0; i < COMPLETE_KINDS; i++)
        if (kinds & 1u << i && 1u << i != COMPLETE_TARGET)
            printf(" %s", kind_name[i]);
    if (kinds & COMPLETE_TARGET)
        complete_print_targets(" word:", "");
    complete_print_words(metavariable, " word:", "");
}

static void print_verb(const struct verb *v)
{
    printf("    %s)\n      case $prev in\n", v->name);
    for (const struct opt *o = v->opts; o && o->name; o++) {
        if (!o->arg)
            continue;
        printf("        --%s%s%.*s) ", o->name, o->letter ? "|-" : "", o->letter ? 1 : 0, &o->letter);
        print_kinds(complete_value(o->arg), o->arg);
        printf("; return;;\n");
    }
    printf("      esac\n      case $cur in\n        -*) _aajail_values word:--help");
    for (const struct opt *o = v->opts; o && o->name; o++)
        printf(" word:--%s", o->name);
    printf(";;\n        *) ");
    print_kinds(complete_operands(v), v->args);
    printf(";;\n      esac;;\n");
}

void complete_bash(void)
{
    fputs(functions, stdout);
    printf("_aajail() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i\n"
           "  local verbs=(--help --version");
    for (const struct verb *const *v = verbs; *v; v++)
        printf(" %s", (*v)->name);
    printf(")\n  COMPREPLY=()\n");
    fputs(driver, stdout);
    printf("  case ${COMP_WORDS[1]} in\n");
    for (const struct verb *const *v = verbs; *v; v++)
        print_verb(*v);
    printf("  esac\n}\ncomplete -F _aajail aajail\n");
}
