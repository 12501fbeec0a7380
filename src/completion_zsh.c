/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "completion.h"

static const char functions[] =
    "#compdef aajail\n"
    "# aajail's completion for zsh: eval \"$(aajail completion zsh)\"\n"
    "_aajail_values() {\n"
    "  local kind; local -a names\n"
    "  for kind in \"$@\"; do\n"
    "    case $kind in\n"
    "      file) _files;;\n"
    "      dir) _files -/;;\n"
    "      command) _command_names -e;;\n"
    "      user) _users;;\n"
    "      unit) names=(${(f)\"$(systemctl list-unit-files --no-legend --plain --type=service 2>/dev/null |\n"
    "            cut -d' ' -f1)\"}); compadd -a names;;\n"
    "      profile) names=(${(f)\"$(sed 's/ ([a-z]*)$//' /sys/kernel/security/apparmor/profiles "
    "2>/dev/null)\"})\n"
    "            compadd -a names;;\n"
    "      jail) names=(/etc/aajail/jails/*.yaml(N:t:r) build/*(N/:t)); compadd -a names;;\n"
    "      role) names=(/etc/aajail/roles/*(N:t)); compadd -a names;;\n"
    "      word:*) compadd -- ${kind#word:};;\n"
    "    esac\n"
    "  done\n"
    "}\n";

static const char driver[] = "  local dash=${words[(i)--]}\n"
                             "  if (( dash > 1 && dash < CURRENT )); then\n"
                             "    shift $dash words; (( CURRENT -= dash )); _normal; return\n"
                             "  fi\n"
                             "  if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
                             "  shift words; (( CURRENT-- ))\n";

static const char *const kind_name[] = COMPLETE_NAMES;

static void print_action(unsigned kinds, const char *metavariable)
{
    printf("_aajail_values");
    for (int i = 0; i < COMPLETE_KINDS; i++)
        if (kinds & 1u << i && 1u << i != COMPLETE_TARGET)
            printf(" %s", kind_name[i]);
    if (kinds & COMPLETE_TARGET)
        complete_print_targets(" word\\:", "");
    complete_print_words(metavariable, " word\\:", "");
}

static void print_text(const char *text)
{
    complete_print_quoted(text, "'\\''", "\\[]:");
}

static void print_option(const struct opt *o)
{
    if (o->letter)
        printf(" \\\n      '*'{-%c%s,--%s%s}'[", o->letter, o->arg ? "+" : "", o->name, o->arg ? "=" : "");
    else
        printf(" \\\n      '*--%s%s[", o->name, o->arg ? "=" : "");
    print_text(o->help);
    printf("]");
    if (o->arg) {
        printf(":");
        print_text(o->arg);
        printf(":");
        print_action(complete_value(o->arg), o->arg);
    }
    printf("'");
}

static void print_verb(const struct verb *v)
{
    printf("    %s) _arguments -s '(-h --help)'{-h,--help}'[show this help]'", v->name);
    for (const struct opt *o = v->opts; o && o->name; o++)
        print_option(o);
    printf(" \\\n      '*:");
    print_text(v->args ?: "");
    printf(":");
    print_action(complete_operands(v), v->args);
    printf("';;\n");
}

void complete_zsh(void)
{
    fputs(functions, stdout);
    printf("_aajail() {\n  local -a verbs=(");
    for (const struct verb *const *v = verbs; *v; v++) {
        printf("\n    '%s:", (*v)->name);
        print_text((*v)->summary);
        printf("'");
    }
    printf(")\n");
    fputs(driver, stdout);
    printf("  case $words[1] in\n");
    for (const struct verb *const *v = verbs; *v; v++)
        print_verb(*v);
    /* As a file of $fpath it is called by its first line; evaluated, it is declared. */
    printf("  esac\n}\nif [[ $funcstack[1] == _aajail ]]; then _aajail \"$@\"; else compdef _aajail aajail; "
           "fi\n");
}
