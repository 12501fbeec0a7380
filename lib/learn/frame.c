/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame that learned rules are put into: the head of the file, the profile's name, children's profiles. */
#include <errno.h>

#include "learn/emit.h"
#include "policy/quote.h"

static int set_variable(struct aaj_learner *l, struct aaj_item *after, const struct aaj_manifest_variable *v)
{
    struct aaj_text *value = aaj_arena_new(l->arena, struct aaj_text);
    struct aaj_item *item;
    int r = value ? aaj_text_from_value(l->arena, aaj_arena_dup(l->arena, v->value.text), AAJ_TEXT_COND, value) : -ENOMEM;

    if (r < 0)
        return r;
    for (item = l->template->top.first; item; item = item->next)
        if (item->kind == AAJ_ITEM_VARIABLE && aaj_str_eq(item->variable.name.value, v->name.text))
            aaj_item_remove(item);
    item = aaj_item_variable(l->arena, aaj_arena_dup(l->arena, v->name.text), AAJ_ASSIGN_SET, value, 1);
    if (!item)
        return -ENOMEM;
    aaj_block_insert(l->template, NULL, after, item);
    return 0;
}

/* The template's own comments are about the template. */
int aaj_frame_head(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    struct aaj_str about = aaj_arena_printf(l->arena, "# %.*s: learned by aajail", AAJ_STR_ARG(l->out->name));
    struct aaj_item *item, *next, *head = aaj_item_comment(l->arena, about);

    for (item = l->template->top.first; item && item->kind == AAJ_ITEM_COMMENT; item = next) {
        next = item->next;
        aaj_item_remove(item);
    }
    if (!about.p || !head)
        return -ENOMEM;
    aaj_block_insert(l->template, NULL, NULL, head);
    if (l->in->target->abi && (l->in->target->parser_features & AAJ_PARSER_ABI)) {
        struct aaj_item *abi = aaj_item_abi(l->arena, aaj_arena_dup(l->arena, aaj_str_c(l->in->target->abi)));

        if (!abi)
            return -ENOMEM;
        aaj_block_insert(l->template, NULL, head, abi);
    }
    /* A pool's stand in its rules, expanded: another pool may call something else so. */
    for (size_t i = 0; i < m->n_variables && !l->hat; i++) {
        int r = set_variable(l, l->outer->prev, &m->variable[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

int aaj_frame_name(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    struct aaj_profile *p = &l->outer->profile;
    int r = aaj_text_literal(l->arena, l->top, AAJ_TEXT_COND, &p->name);

    p->keyword = AAJ_PROFILE_PROFILE;
    p->attachment = (struct aaj_text){ { 0 }, { 0 } };
    if (r == 0 && m->attach == AAJ_ATTACH_PATH && m->slave.text.n)
        r = aaj_text_literal(l->arena, m->slave.text, AAJ_TEXT_PATH, &p->attachment);
    l->outer->state = AAJ_STATE_CHANGED;
    if (r == 0 && l->hat) {
        r = aaj_text_literal(l->arena, m->hat.text, AAJ_TEXT_COND, &l->main->profile.name);
        l->main->state = AAJ_STATE_CHANGED;
    }
    return r;
}

/* ---- a child ---- */

static bool is_of(const struct aaj_learner *l, size_t i, uint32_t dom)
{
    return l->dom[i].same == dom && l->dom[i].exe.n > 0;
}

/* The folder that holds all executables of a child, with its slash: the parser wants an attachment to begin with one. */
static struct aaj_str folder_of(const struct aaj_learner *l, uint32_t dom)
{
    struct aaj_str all = { 0 };

    for (size_t i = 0; i < l->n_doms; i++) {
        if (!is_of(l, i, dom))
            continue;
        if (!all.p)
            all = l->dom[i].exe;
        while (all.n > 1 && (all.p[all.n - 1] != '/' || !aaj_str_starts(l->dom[i].exe, all)))
            all.n--;
    }
    return all;
}

/* A glob for all executables that share a child: "/usr/bin/{a,b}". */
static int attachment_of(struct aaj_learner *l, uint32_t dom, struct aaj_text *ret_text)
{
    struct aaj_str folder = folder_of(l, dom), all = { "", 0 };
    size_t n = 0;

    *ret_text = (struct aaj_text){ { 0 }, { 0 } };
    if (!folder.n || l->hat) /* a pool's children are entered by name */
        return 0;
    for (size_t i = 0; i < l->n_doms; i++) {
        struct aaj_str one;

        if (!is_of(l, i, dom))
            continue;
        one = aaj_glob_escape(l->arena, aaj_str_skip(l->dom[i].exe, folder.n));
        all = aaj_arena_printf(l->arena, "%.*s%s%.*s", AAJ_STR_ARG(all), n ? "," : "", AAJ_STR_ARG(one));
        if (!one.p || !all.p)
            return -ENOMEM;
        n++;
    }
    folder = aaj_glob_escape(l->arena, folder);
    all = aaj_arena_printf(l->arena, n > 1 ? "%.*s{%.*s}" : "%.*s%.*s", AAJ_STR_ARG(folder), AAJ_STR_ARG(all));
    return folder.p && all.p ? aaj_text_from_value(l->arena, all, AAJ_TEXT_PATH, ret_text) : -ENOMEM;
}

struct aaj_item *aaj_frame_child(struct aaj_learner *l, uint32_t dom)
{
    bool hat = l->dom[dom].kind == AAJ_DOM_HAT;
    struct aaj_item *profile, *include;
    struct aaj_text name, attachment;

    if (aaj_text_literal(l->arena, l->dom[dom].name, AAJ_TEXT_COND, &name) < 0 ||
        attachment_of(l, dom, &attachment) < 0)
        return NULL;
    profile = aaj_item_profile(l->arena, hat ? AAJ_PROFILE_CARET : AAJ_PROFILE_PROFILE, name, attachment);
    include = aaj_item_include(l->arena, AAJ_STR("abstractions/base"), true, false);
    if (!profile || !include)
        return NULL;
    profile->blank_before = 1;
    aaj_block_append(l->template, l->outer, profile);
    aaj_block_append(l->template, profile, include);
    return profile;
}
