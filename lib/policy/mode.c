/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/mode.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/out.h"
#include "policy/parse.h"

/* Flags that are modes (parser_yacc.y, flagval; apparmor.d(5)); "enforce" may stand anywhere. */
static const char *const mode_word[] = { "complain", "unconfined", "prompt", "default_allow", "kill", "enforce" };
enum { REPLACED_BY_ENFORCE = 4 }; /* the first so many */

struct edit {
    struct aaj_arena *arena;
    struct aaj_str text, name;
    bool complain;
    struct aaj_out out;
    size_t pos; /* bytes of the text that are out, or left out */
    size_t found;
};

static void copy_to(struct edit *e, size_t pos)
{
    if (pos > e->pos)
        aaj_out_put(&e->out, (struct aaj_str){ e->text.p + e->pos, pos - e->pos });
    e->pos = pos;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_mode(struct aaj_text flag, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++)
        if (aaj_str_eq(flag.value, aaj_str_c(mode_word[i])))
            return true;
    return false;
}

static bool goes(const struct edit *e, struct aaj_text flag)
{
    return is_mode(flag, e->complain ? sizeof(mode_word) / sizeof(mode_word[0]) : REPLACED_BY_ENFORCE);
}

static size_t place(const struct edit *e, struct aaj_text flag)
{
    return (size_t)(flag.raw.p - e->text.p);
}

/* From "flags" or the parenthesis, with blanks before it on the line, to behind the ')'. */
static void drop_flags(struct edit *e, const struct aaj_profile *p)
{
    struct aaj_text last = p->flags.item[p->flags.n - 1];
    size_t from = place(e, p->flags.item[0]), to = place(e, last) + last.raw.n;

    while (to < e->text.n && e->text.p[to] != ')')
        to++;
    while (from > e->pos && e->text.p[from] != '(')
        from--;
    if (p->flags_keyword) {
        while (from > e->pos && e->text.p[from] != '=')
            from--;
        while (from > e->pos && blank(e->text.p[from - 1]))
            from--;
        from -= from >= e->pos + 5 ? 5 : 0;
    }
    while (from > e->pos && (e->text.p[from - 1] == ' ' || e->text.p[from - 1] == '\t'))
        from--;
    copy_to(e, from);
    e->pos = to + 1;
}

/* Words go with what parts them from the next one, the last ones with what parts them from the one before. */
static void drop_words(struct edit *e, const struct aaj_profile *p, const char *instead)
{
    size_t kept = 0;

    for (uint32_t i = 0; i < p->flags.n; i++) {
        struct aaj_text flag = p->flags.item[i];
        size_t at = place(e, flag), end = at + flag.raw.n;

        if (!goes(e, flag)) {
            kept = end;
            continue;
        }
        if (instead) {
            copy_to(e, at);
            aaj_out_puts(&e->out, instead);
            instead = NULL;
            e->pos = kept = end;
            continue;
        }
        if (i + 1 < p->flags.n) {
            copy_to(e, at);
            end = place(e, p->flags.item[i + 1]);
        } else if (kept) {
            copy_to(e, kept);
        }
        e->pos = end;
    }
}

static void add_complain(struct edit *e, const struct aaj_profile *p)
{
    size_t at = p->body.open;

    if (p->flags.n == 0) {
        copy_to(e, at);
        if (at == 0 || !blank(e->text.p[at - 1]))
            aaj_out_puts(&e->out, " ");
        aaj_out_puts(&e->out, "flags=(complain) ");
        return;
    }
    at = place(e, p->flags.item[0]);
    copy_to(e, at);
    at += p->flags.item[0].raw.n;
    aaj_out_puts(&e->out, p->flags.n == 1 || e->text.p[at] == ',' ? "complain, " : "complain ");
}

static void set_head(struct edit *e, const struct aaj_profile *p)
{
    uint32_t going = 0, right = 0;

    for (uint32_t i = 0; i < p->flags.n; i++) {
        going += goes(e, p->flags.item[i]);
        right += aaj_str_eq(p->flags.item[i].value, AAJ_STR("complain"));
    }
    e->found++;
    if (e->complain && going == 0)
        add_complain(e, p);
    else if (e->complain && going > right)
        drop_words(e, p, "complain");
    else if (!e->complain && going > 0 && going == p->flags.n)
        drop_flags(e, p);
    else if (!e->complain && going > 0)
        drop_words(e, p, NULL);
}

static int set_block(struct edit *e, const struct aaj_block *block, struct aaj_str above, bool inside);

static int set_item(struct edit *e, const struct aaj_item *item, struct aaj_str above, bool inside)
{
    struct aaj_str name = { 0 };
    int r = 0;

    if (item->kind == AAJ_ITEM_IF) {
        r = set_item(e, item->cond.then, above, inside);
        return r < 0 || !item->cond.otherwise ? r : set_item(e, item->cond.otherwise, above, inside);
    }
    if (item->kind == AAJ_ITEM_BLOCK)
        return set_block(e, &item->block.body, above, inside);
    if (item->kind != AAJ_ITEM_PROFILE)
        return 0;
    name = item->profile.name.value;
    if (above.n)
        name = aaj_arena_printf(e->arena, "%.*s//%.*s", AAJ_STR_ARG(above), AAJ_STR_ARG(name));
    if (!name.p)
        return -ENOMEM;
    inside |= e->name.n == 0 || aaj_str_eq(name, e->name);
    if (inside)
        set_head(e, &item->profile);
    return set_block(e, &item->profile.body, name, inside);
}

static int set_block(struct edit *e, const struct aaj_block *block, struct aaj_str above, bool inside)
{
    int r = 0;

    for (const struct aaj_item *item = block->first; item && r == 0; item = item->next)
        r = set_item(e, item, above, inside);
    return r;
}

int aaj_policy_set_mode(struct aaj_str text, struct aaj_str file, struct aaj_str name, bool complain,
                        struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text,
                        size_t *ret_found)
{
    struct edit e = { .arena = arena, .name = name, .complain = complain };
    struct aaj_policy *policy = NULL;
    int r = aaj_policy_parse(text, file, NULL, diags, &policy);

    if (r == 0) {
        e.text = policy->text;
        r = set_block(&e, &policy->top, AAJ_STR(""), false);
    }
    if (r == 0) {
        struct aaj_str out;

        copy_to(&e, e.text.n);
        out = (struct aaj_str){ e.out.p, e.out.n };
        if (!e.out.failed && !aaj_str_eq(out, text))
            text = aaj_arena_dup(arena, out);
        r = e.out.failed || !text.p ? -ENOMEM : 0;
    }
    aaj_out_clear(&e.out);
    aaj_policy_free(policy);
    if (r < 0)
        return r;
    *ret_text = text;
    *ret_found = e.found;
    return 0;
}
