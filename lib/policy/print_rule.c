/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One rule as text. */
#include "policy/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/quote.h"

void aaj_out_clear(struct aaj_out *out)
{
    free(out->p);
    *out = (struct aaj_out){ 0 };
}

void aaj_out_put(struct aaj_out *out, struct aaj_str s)
{
    if (out->failed || s.n == 0)
        return;
    if (out->cap - out->n < s.n) {
        size_t cap = out->cap ? out->cap * 2 : 1024;
        char *p;

        while (cap - out->n < s.n)
            cap *= 2;
        p = realloc(out->p, cap);
        if (!p) {
            out->failed = true;
            return;
        }
        out->p = p;
        out->cap = cap;
    }
    memcpy(out->p + out->n, s.p, s.n);
    out->n += s.n;
}

void aaj_out_puts(struct aaj_out *out, const char *s)
{
    aaj_out_put(out, aaj_str_c(s));
}

void aaj_out_repeat(struct aaj_out *out, char c, size_t n)
{
    while (n--)
        aaj_out_put(out, (struct aaj_str){ &c, 1 });
}

void aaj_out_prefix(struct aaj_out *out, const struct aaj_prefix *prefix)
{
    static const char *const mode[] = { "", "allow ", "deny ", "prompt " };
    static const char *const owner[] = { "", "owner ", "other " };
    char number[32];

    if (prefix->has_priority) {
        snprintf(number, sizeof(number), "priority=%d ", prefix->priority);
        aaj_out_puts(out, number);
    }
    if (prefix->audit)
        aaj_out_puts(out, "audit ");
    aaj_out_puts(out, mode[prefix->mode]);
    aaj_out_puts(out, owner[prefix->owner]);
}

static void put_file_perms(struct aaj_out *out, const struct aaj_file_rule *rule)
{
    static const struct {
        uint32_t bit;
        char letter[2];
    } letters[] = { { AAJ_MAY_MMAP, "m" },   { AAJ_MAY_READ, "r" }, { AAJ_MAY_WRITE, "w" },
                    { AAJ_MAY_APPEND, "a" }, { AAJ_MAY_LINK, "l" }, { AAJ_MAY_LOCK, "k" } };

    for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
        if (rule->perms & letters[i].bit && !(letters[i].bit == AAJ_MAY_APPEND && rule->perms & AAJ_MAY_WRITE))
            aaj_out_puts(out, letters[i].letter);
    if (rule->perms & AAJ_MAY_EXEC)
        aaj_out_puts(out, aaj_exec_letters(rule->exec, rule->scrub));
}

static void put_target(struct aaj_out *out, struct aaj_text target)
{
    if (aaj_text_set(target)) {
        aaj_out_puts(out, " -> ");
        aaj_out_put(out, target.raw);
    }
}

static const char *const safe_word[] = { "", "safe ", "unsafe " };

static void put_file(struct aaj_out *out, const struct aaj_file_rule *rule)
{
    if (rule->keyword)
        aaj_out_puts(out, aaj_text_set(rule->path) ? "file " : "file");
    aaj_out_puts(out, safe_word[rule->safe]);
    if (!aaj_text_set(rule->path))
        return;
    if (rule->leading) {
        put_file_perms(out, rule);
        aaj_out_puts(out, rule->subset ? " subset " : " ");
        aaj_out_put(out, rule->path.raw);
    } else {
        aaj_out_put(out, rule->path.raw);
        aaj_out_puts(out, " ");
        put_file_perms(out, rule);
    }
    put_target(out, rule->target);
}

static void put_words(struct aaj_out *out, enum aaj_class class, uint32_t perms)
{
    const char *const *word = aaj_class_info[class].mask_word;
    bool several = perms & (perms - 1), first = true;

    if (!perms)
        return;
    aaj_out_puts(out, several ? " (" : " ");
    for (unsigned i = 0; word[i]; i++) {
        if (!(perms >> i & 1))
            continue;
        if (!first)
            aaj_out_puts(out, ", ");
        first = false;
        aaj_out_puts(out, class == AAJ_CLASS_USERNS ? "create" : word[i]);
    }
    if (several)
        aaj_out_puts(out, ")");
}

static void put_cond(struct aaj_out *out, const struct aaj_cond *cond, const char *list_comma)
{
    static const char *const op[] = { "", "=", " in ", ":=" };

    aaj_out_put(out, cond->key.raw);
    aaj_out_puts(out, op[cond->op]);
    if (cond->list)
        aaj_out_puts(out, "(");
    for (uint32_t i = 0; i < cond->values.n; i++) {
        if (i)
            aaj_out_puts(out, list_comma);
        aaj_out_put(out, cond->values.item[i].raw);
    }
    if (cond->list)
        aaj_out_puts(out, ")");
}

void aaj_out_conds(struct aaj_out *out, const struct aaj_conds *conds, const char *between)
{
    for (uint32_t i = 0; i < conds->n; i++) {
        if (i)
            aaj_out_puts(out, between);
        put_cond(out, &conds->item[i], " "); /* in key=(key=(a b)) commas are not allowed */
    }
}

static void put_arg(struct aaj_out *out, struct aaj_text arg)
{
    if (aaj_text_set(arg)) {
        aaj_out_puts(out, " ");
        aaj_out_put(out, arg.raw);
    }
}

static void put_own_conds(struct aaj_out *out, const struct aaj_conds *conds, const char *before)
{
    for (uint32_t i = 0; i < conds->n; i++) {
        aaj_out_puts(out, before);
        put_cond(out, &conds->item[i], ", ");
    }
}

/* @before: a blank, or a newline and indentation. */
static void put_access(struct aaj_out *out, enum aaj_rule_kind kind, const struct aaj_access_rule *rule,
                       const char *before)
{
    bool mount = kind >= AAJ_RULE_MOUNT && kind <= AAJ_RULE_PIVOT_ROOT;

    aaj_out_puts(out, aaj_rule_keyword(kind));
    put_words(out, aaj_rule_class(kind), rule->perms);
    if (kind == AAJ_RULE_NETWORK) {
        put_arg(out, rule->arg[0]);
        put_arg(out, rule->arg[1]);
    }
    put_own_conds(out, &rule->conds, before);
    if (mount || kind == AAJ_RULE_MQUEUE)
        put_arg(out, rule->arg[0]);
    if (mount && aaj_text_set(rule->arg[1])) {
        aaj_out_puts(out, " ->");
        put_own_conds(out, &rule->target_conds, " ");
        put_arg(out, rule->arg[1]);
    }
    if (rule->peer.said) {
        aaj_out_puts(out, before);
        aaj_out_puts(out, "peer=(");
        aaj_out_conds(out, &rule->peer, ", ");
        aaj_out_puts(out, ")");
    }
}

static void put_body(struct aaj_out *out, const struct aaj_rule *rule, const char *before)
{
    aaj_out_prefix(out, &rule->prefix);
    switch (rule->kind) {
    case AAJ_RULE_FILE:
        put_file(out, &rule->file);
        break;
    case AAJ_RULE_LINK:
        aaj_out_puts(out, rule->file.subset ? "link subset " : "link ");
        aaj_out_put(out, rule->file.path.raw);
        put_target(out, rule->file.target);
        break;
    case AAJ_RULE_CAPABILITY:
        aaj_out_puts(out, "capability");
        for (uint32_t i = 0; i < rule->capability.n; i++)
            put_arg(out, rule->capability.item[i]);
        break;
    case AAJ_RULE_CHANGE_PROFILE:
        aaj_out_puts(out, "change_profile");
        put_arg(out, aaj_text_word(rule->change_profile.safe == AAJ_SAFE_SAFE     ? "safe"
                                   : rule->change_profile.safe == AAJ_SAFE_UNSAFE ? "unsafe"
                                                                                  : NULL));
        put_arg(out, rule->change_profile.exec);
        put_target(out, rule->change_profile.target);
        break;
    case AAJ_RULE_RLIMIT:
        aaj_out_puts(out, "set rlimit");
        put_arg(out, rule->rlimit.name);
        aaj_out_puts(out, " <=");
        put_arg(out, rule->rlimit.value);
        put_arg(out, rule->rlimit.unit);
        break;
    case AAJ_RULE_ALL:
        aaj_out_puts(out, "all");
        break;
    default:
        put_access(out, rule->kind, &rule->access, before);
    }
    aaj_out_puts(out, ",");
}

static bool has_access(enum aaj_rule_kind kind)
{
    return (kind >= AAJ_RULE_NETWORK && kind <= AAJ_RULE_PIVOT_ROOT) ||
           (kind >= AAJ_RULE_USERNS && kind <= AAJ_RULE_IO_URING);
}

void aaj_out_rule(struct aaj_out *out, const struct aaj_rule *rule, size_t indent, size_t width)
{
    size_t start = out->n;
    char before[64];

    put_body(out, rule, " ");
    if (width == 0 || !has_access(rule->kind) || indent + out->n - start <= width)
        return;
    /* As the shipped profiles break dbus rules: a condition a line. */
    indent += 5;
    if (indent > sizeof(before) - 2)
        indent = sizeof(before) - 2;
    before[0] = '\n';
    memset(before + 1, ' ', indent);
    before[indent + 1] = '\0';
    out->n = start;
    put_body(out, rule, before);
}
