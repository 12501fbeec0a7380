/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/lint.h"

#include <errno.h>

#include "base/escape.h"
#include "check/proof_private.h"

enum { TARGETS_MAX = 12, INTERIOR_MAX = 6, CANDIDATES_MAX = 64, RULES_MAX = 20000 };

const struct aaj_diag_kind aaj_lint_kinds[] = {
    { "policy-syntax", AAJ_ERROR, "a parser refuses it" },
    { "policy-include", AAJ_WARNING, "a file of an included folder is left out" },
    { "policy-target", AAJ_WARNING, "the target's parser does not know it" },
    { "policy-exec-conflict", AAJ_WARNING, "two rules send one program different ways" },
    { "lint-ux", AAJ_WARNING, "a program is executed without confinement" },
    { "lint-unscrubbed", AAJ_WARNING, "a program enters another profile with the caller's environment" },
    { "lint-write-exec", AAJ_WARNING, "what can be written can be executed" },
    { "lint-ceiling", AAJ_WARNING, "a rule grants what the ceiling forbids" },
    { "lint-shadowed", AAJ_WARNING, "a deny rule takes away all that a rule grants" },
    { "lint-redundant", AAJ_WARNING, "another rule grants the same" },
    { "lint-exec-targets", AAJ_WARNING, "more named exec targets than parsers take" },
    { "lint-interior-globs", AAJ_WARNING, "several ** inside paths, which make the parser explode" },
    { "lint-no-local", AAJ_WARNING, "no place for the administrator's additions" },
    { "lint-no-abi", AAJ_WARNING, "no abi line" },
    { "lint-interpreter", AAJ_WARNING, "a profile attaches to an interpreter" },
    { NULL, 0, NULL },
};

struct linter {
    const struct aaj_rules *rules;
    struct aaj_ceiling *ceiling;
    struct aaj_diags *diags;
    struct aaj_arena scratch;
};

/* "# aajail: allow lint-ux lint-redundant" */
static bool comment_allows(struct aaj_str comment, const char *id)
{
    size_t at = aaj_str_search(comment, AAJ_STR("aajail: allow "));
    struct aaj_str rest = aaj_str_skip(comment, at == comment.n ? comment.n : at + 14);

    while (rest.n) {
        struct aaj_str word;
        size_t n = 0;

        while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != ',')
            n++;
        word = aaj_str_head(rest, n);
        if (aaj_str_eq(word, aaj_str_c(id)))
            return true;
        rest = aaj_str_skip(rest, n + 1);
    }
    return false;
}

static bool allowed(const struct aaj_item *item, const char *id)
{
    for (; item; item = item->parent) {
        if (comment_allows(item->comment, id))
            return true;
        if (item->prev && item->prev->kind == AAJ_ITEM_COMMENT && comment_allows(item->prev->comment, id))
            return true;
        if (item->kind == AAJ_ITEM_PROFILE && comment_allows(item->profile.body.comment, id))
            return true;
    }
    return false;
}

static void find(struct linter *l, const struct aaj_item *item, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void find(struct linter *l, const struct aaj_item *item, const char *id, const char *fmt, ...)
{
    char message[1024];
    va_list ap;

    if (allowed(item, id))
        return;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    aaj_diag_add(l->diags, AAJ_WARNING, id, aaj_item_loc(item), (struct aaj_str){ 0 }, "%s", message);
}

static const char *show(struct linter *l, struct aaj_str s)
{
    return aaj_escape(&l->scratch, s);
}

static bool is_deny(const struct aaj_listed_rule *r)
{
    return r->prefix.mode == AAJ_MODE_DENY;
}

static bool is_file(const struct aaj_listed_rule *r)
{
    return r->item->rule.kind == AAJ_RULE_FILE;
}

/* -- exec ------------------------------------------------------------------------------------------------ */

static void lint_exec(struct linter *l, const struct aaj_listed_rule *r)
{
    const struct aaj_file_rule *f = &r->item->rule.file;

    if (!is_file(r) || is_deny(r))
        return;
    switch (f->exec) {
    case AAJ_EXEC_UX:
    case AAJ_EXEC_PUX:
    case AAJ_EXEC_CUX:
        find(l, r->item, "lint-ux",
             "`%s` lets a program run without confinement: whoever controls the slave controls it; give it a child "
             "profile (Cx)", show(l, r->text));
        break;
    case AAJ_EXEC_PX:
    case AAJ_EXEC_CX:
    case AAJ_EXEC_PIX:
    case AAJ_EXEC_CIX:
        if (!f->scrub && f->safe != AAJ_SAFE_SAFE)
            find(l, r->item, "lint-unscrubbed",
                 "`%s` hands over the environment: with LD_PRELOAD the slave takes its own code into the other profile; "
                 "write %s", show(l, r->text), aaj_exec_letters(f->exec, true));
        break;
    default: break;
    }
}

static int lint_write_exec(struct linter *l, const struct aaj_listed_profile *p)
{
    struct aaj_glob *writes;
    const char *why;
    int r = aaj_glob_new(&writes);

    for (size_t i = 0; r == 0 && i < l->rules->n_rules; i++) {
        const struct aaj_listed_rule *w = &l->rules->rule[i];

        if (is_file(w) && !is_deny(w) && !w->include.n && w->pattern.n && aaj_str_eq(w->profile, p->name) &&
            w->item->rule.file.perms & (AAJ_MAY_WRITE | AAJ_MAY_APPEND))
            r = aaj_glob_add(writes, w->pattern, AAJ_GLOB_PATH, (uint32_t)i, &why);
    }
    for (size_t i = 0; r >= 0 && i < l->rules->n_rules; i++) {
        const struct aaj_listed_rule *x = &l->rules->rule[i];
        struct aaj_glob *exec;
        struct aaj_str name;

        if (!is_file(x) || is_deny(x) || x->include.n || !x->pattern.n || !aaj_str_eq(x->profile, p->name) ||
            !(x->item->rule.file.perms & AAJ_MAY_EXEC))
            continue;
        r = aaj_glob_compile(x->pattern, AAJ_GLOB_PATH, &exec, &why);
        if (r < 0)
            break;
        r = aaj_glob_intersect(exec, writes, &l->scratch, &name);
        aaj_glob_free(exec);
        if (r == 1)
            find(l, x->item, "lint-write-exec",
                 "%s may be written and executed: an attacker's file becomes a program; keep the two apart, or deny one",
                 show(l, name));
    }
    aaj_glob_free(writes);
    return r == -ENOMEM ? r : 0;
}

/* -- rules against rules --------------------------------------------------------------------------------- */

static uint32_t says(const struct aaj_listed_rule *r)
{
    uint32_t mask = r->item->rule.file.perms;

    return mask & AAJ_MAY_WRITE ? mask | AAJ_MAY_APPEND : mask;
}

/* Does @b grant (or deny) for everyone that @a speaks of? */
static bool as_wide(const struct aaj_listed_rule *a, const struct aaj_listed_rule *b)
{
    return b->prefix.owner == AAJ_OWNER_ANY || b->prefix.owner == a->prefix.owner;
}

static bool same_exec(const struct aaj_file_rule *a, const struct aaj_file_rule *b)
{
    if (!(a->perms & AAJ_MAY_EXEC))
        return true;
    return a->exec == b->exec && a->scrub == b->scrub && aaj_text_set(a->target) == aaj_text_set(b->target) &&
           (!aaj_text_set(a->target) || aaj_str_eq(a->target.value, b->target.value));
}

/* Is every name of @a one of @b? */
static int covers(struct linter *l, struct aaj_str a, struct aaj_str b)
{
    struct aaj_glob *ga = NULL, *gb = NULL;
    const char *why;
    int r = aaj_glob_compile(a, AAJ_GLOB_PATH, &ga, &why);

    if (r == 0)
        r = aaj_glob_compile(b, AAJ_GLOB_PATH, &gb, &why);
    if (r == 0)
        r = aaj_glob_subset(ga, gb, &l->scratch, NULL);
    aaj_glob_free(ga);
    aaj_glob_free(gb);
    return r;
}

static int compare_rules(struct linter *l, const struct aaj_listed_rule *a, const struct aaj_listed_rule *b)
{
    bool deny = is_deny(b);
    int r;

    if (a == b || !is_file(b) || !b->pattern.n || (says(a) & ~says(b)) || !as_wide(a, b))
        return 0;
    if (!deny && (!same_exec(&a->item->rule.file, &b->item->rule.file) || (a->prefix.audit && !b->prefix.audit) ||
                  a->prefix.priority != b->prefix.priority))
        return 0;
    r = covers(l, a->pattern, b->pattern);
    if (r != 1)
        return r;
    /* Of two that say the same the later one is too many. */
    if (!deny && a < b && !(says(b) & ~says(a)) && as_wide(b, a) && covers(l, b->pattern, a->pattern) == 1)
        return 0;
    if (deny)
        find(l, a->item, "lint-shadowed", "`%s` grants nothing: `%s` on line %u denies all of it; remove one of the two",
             show(l, a->text), show(l, b->text), b->loc.line);
    else
        find(l, a->item, "lint-redundant", "`%s` is covered by `%s` (%s%sline %u); remove it", show(l, a->text),
             show(l, b->text), b->include.n ? show(l, b->include) : "", b->include.n ? ", " : "", b->loc.line);
    return 1;
}

/* Rules that match one name of @a's are the only ones that can cover all of them. */
static int lint_covered(struct linter *l, const struct aaj_listed_profile *p, const struct aaj_listed_rule *a)
{
    uint32_t tag[CANDIDATES_MAX], state;
    struct aaj_glob *own;
    struct aaj_str name;
    const char *why;
    size_t n;
    int r;

    if (!is_file(a) || is_deny(a) || a->include.n || !a->pattern.n)
        return 0;
    r = aaj_glob_compile(a->pattern, AAJ_GLOB_PATH, &own, &why);
    if (r < 0)
        return r;
    r = aaj_glob_intersect(own, own, &l->scratch, &name);
    aaj_glob_free(own);
    if (r != 1)
        return r;
    r = aaj_glob_walk(p->files, AAJ_GLOB_START, name, &state);
    if (r < 0)
        return r;
    n = aaj_glob_tags(p->files, state, tag, CANDIDATES_MAX);
    for (size_t i = 0; r == 0 && i < n && i < CANDIDATES_MAX; i++)
        r = compare_rules(l, a, &l->rules->rule[tag[i]]);
    return r < 0 ? r : 0;
}

/* -- the ceiling ----------------------------------------------------------------------------------------- */

static int lint_ceiling(struct linter *l, const struct aaj_listed_rule *r)
{
    struct aaj_crossing c;
    int found = 0;

    if (!l->ceiling || is_deny(r) || r->include.n)
        return 0;
    if (is_file(r) && r->pattern.n)
        found = aaj_ceiling_crosses_file(l->ceiling, r->pattern, false, r->item->rule.file.perms, NULL, &l->scratch, &c);
    for (uint32_t i = 0; r->item->rule.kind == AAJ_RULE_CAPABILITY && found == 0 && i < r->item->rule.capability.n; i++) {
        struct aaj_str arg[AAJ_ARGS] = { r->item->rule.capability.item[i].value };

        found = aaj_ceiling_crosses_access(l->ceiling, AAJ_CLASS_CAPABILITY, arg, 0, (struct aaj_str){ 0 }, NULL,
                                           &l->scratch, &c);
    }
    if (found == 1 && !(c.item->write_and_exec))
        find(l, r->item, "lint-ceiling", "`%s` opens %s: %s (%s); name what is needed and nothing more", show(l, r->text),
             show(l, c.name), show(l, c.item->reason), show(l, c.item->id));
    return found < 0 ? found : 0;
}

/* -- profiles -------------------------------------------------------------------------------------------- */

/* "**" that something other than the end follows. */
static unsigned interior_globs(struct aaj_str pattern)
{
    unsigned n = 0;

    for (size_t i = 0; i + 2 < pattern.n; i++)
        if (pattern.p[i] == '*' && pattern.p[i + 1] == '*') {
            n += pattern.p[i + 2] != '}';
            i++;
        }
    return n;
}

static void lint_counts(struct linter *l, const struct aaj_listed_profile *p)
{
    struct aaj_str target[TARGETS_MAX + 1];
    unsigned n_targets = 0, interior = 0;

    for (size_t i = 0; i < l->rules->n_rules; i++) {
        const struct aaj_listed_rule *r = &l->rules->rule[i];
        struct aaj_str to = is_file(r) ? r->item->rule.file.target.value : (struct aaj_str){ 0 };
        bool known = !to.p || !(r->item->rule.file.perms & AAJ_MAY_EXEC);

        if (!aaj_str_eq(r->profile, p->name))
            continue;
        interior += r->include.n ? 0 : interior_globs(r->pattern);
        for (unsigned k = 0; k < n_targets && !known; k++)
            known = aaj_str_eq(target[k], to);
        if (!known && n_targets <= TARGETS_MAX)
            target[n_targets++] = to;
    }
    if (n_targets > TARGETS_MAX)
        find(l, p->item, "lint-exec-targets",
             "more than %d named exec targets: older parsers and kernels take no more; let several programs share a child "
             "profile, or name the profile after the program", TARGETS_MAX);
    if (interior > INTERIOR_MAX)
        find(l, p->item, "lint-interior-globs",
             "%u times ** inside a path: compiling such a profile can take minutes and gigabytes; use * where one folder "
             "is meant", interior);
}

static bool is_interpreter(struct aaj_str path)
{
    static const char *const name[] = { "sh",    "bash", "dash", "zsh",  "ksh",     "busybox", "env",  "python",
                                        "perl",  "ruby", "node", "nodejs", "php",   "php-cgi", "lua",  "java",
                                        "tclsh", "mono", "deno", "bun" };
    size_t slash = path.n, n;

    while (slash && path.p[slash - 1] != '/')
        slash--;
    path = aaj_str_skip(path, slash);
    for (n = path.n; n && (strchr("0123456789.[]*?{},-", path.p[n - 1])); n--)
        ; /* a version, or a pattern for one */
    path.n = n;
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
        if (aaj_str_eq(path, aaj_str_c(name[i])))
            return true;
    return false;
}

static void lint_profile(struct linter *l, const struct aaj_listed_profile *p)
{
    if (p->item->parent)
        return;
    if (!p->has_additions)
        find(l, p->item, "lint-no-local",
             "there is no place for the administrator's additions, so an upgrade overwrites them; add "
             "`include if exists <local/%s>`", show(l, p->name));
    if (!p->has_abi && !l->rules->has_abi)
        find(l, p->item, "lint-no-abi",
             "no abi line: what the rules mean then depends on the parser that reads them; add `abi <abi/3.0>,`");
    if (p->attachment.n && p->attachment.p[0] == '/' && is_interpreter(p->attachment))
        find(l, p->item, "lint-interpreter",
             "%s attaches to an interpreter: every script on the machine gets this profile; leave the attachment out and "
             "set AppArmorProfile= in the unit", show(l, p->attachment));
}

int aaj_lint_run(const struct aaj_rules *rules, struct aaj_ceiling *ceiling, struct aaj_diags *diags)
{
    struct linter l = { .rules = rules, .ceiling = ceiling, .diags = diags };
    int r = rules->n_rules > RULES_MAX ? -E2BIG : 0;

    for (size_t i = 0; r == 0 && i < rules->n_profiles; i++) {
        lint_profile(&l, &rules->profile[i]);
        lint_counts(&l, &rules->profile[i]);
        r = lint_write_exec(&l, &rules->profile[i]);
    }
    for (size_t i = 0; r == 0 && i < rules->n_rules; i++) {
        const struct aaj_listed_rule *rule = &rules->rule[i];

        if (rule->include.n)
            continue;
        lint_exec(&l, rule);
        r = lint_ceiling(&l, rule);
        if (r == 0)
            r = lint_covered(&l, aaj_rules_profile(rules, rule->profile), rule);
        if (l.scratch.total > 1 << 22)
            aaj_arena_clear(&l.scratch);
    }
    aaj_arena_clear(&l.scratch);
    return r;
}
