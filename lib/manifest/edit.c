/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * More entries into a manifest's text, which otherwise stays as its author wrote it, comments and all. YAML has more forms
 * than are worth telling apart: a few ways to put an entry there are tried, and the first after which the text reads as
 * what it was and the entry is taken.
 */
#include <errno.h>
#include <json.h>
#include <stdlib.h>

#include "base/escape.h"
#include "manifest/yaml.h"

/* Where each part stands: a key, and for some a key below it. */
static const struct {
    struct aaj_str key, below;
    bool map; /* its entries have keys */
} place[AAJ_PARTS] = {
    [AAJ_PART_ROOT] = { AAJ_STR_INIT("roots"), { 0 }, false },
    [AAJ_PART_RULE] = { AAJ_STR_INIT("rules"), { 0 }, false },
    [AAJ_PART_LIFT] = { AAJ_STR_INIT("lift"), { 0 }, false },
    [AAJ_PART_NEVER] = { AAJ_STR_INIT("never"), { 0 }, false },
    [AAJ_PART_EXEC] = { AAJ_STR_INIT("exec"), { 0 }, true },
    [AAJ_PART_DEST] = { AAJ_STR_INIT("network"), AAJ_STR_INIT("allow"), false },
    [AAJ_PART_TEST_DENY] = { AAJ_STR_INIT("tests"), AAJ_STR_INIT("deny"), false },
};

/* -- what a manifest holds ------------------------------------------------------------------------------------ */

static bool scalars_have(const struct aaj_scalars *s, struct aaj_str text)
{
    for (size_t i = 0; i < s->n; i++)
        if (aaj_str_eq(s->item[i].text, text))
            return true;
    return false;
}

static const struct aaj_scalars *scalars_of(const struct aaj_manifest *m, enum aaj_manifest_part part)
{
    switch (part) {
    case AAJ_PART_ROOT: return &m->roots;
    case AAJ_PART_RULE: return &m->rules;
    case AAJ_PART_LIFT: return &m->lift;
    case AAJ_PART_TEST_DENY: return &m->test_deny;
    default: return NULL;
    }
}

bool aaj_manifest_has(const struct aaj_manifest *m, const struct aaj_manifest_entry *e)
{
    const struct aaj_scalars *list = scalars_of(m, e->part);
    bool yes = list && scalars_have(list, e->text);

    for (size_t i = 0; e->part == AAJ_PART_NEVER && i < m->n_nevers; i++)
        yes = yes || aaj_str_eq(m->never[i].rule.text, e->text);
    for (size_t i = 0; e->part == AAJ_PART_DEST && i < m->n_dests; i++)
        yes = yes || aaj_str_eq(m->dest[i].source.text, e->text);
    for (size_t i = 0; e->part == AAJ_PART_EXEC && i < m->n_exec; i++)
        yes = yes || (aaj_str_eq(m->exec[i].pattern.text, e->text) && m->exec[i].action == e->action);
    return yes;
}

struct census {
    size_t n[16];
};

static struct census count(const struct aaj_manifest *m)
{
    return (struct census){ { m->roots.n, m->rules.n, m->lift.n, m->n_nevers, m->n_exec, m->n_dests, m->test_deny.n,
                              m->test_allow.n, m->n_variables, m->exec_default, m->replies, m->log, m->jail.text.n,
                              m->slave.text.n, m->user.text.n, m->template.text.n } };
}

/* Reads what was written: it must hold what it held, and the new entry. -EINVAL when not. */
static int prove(struct aaj_str text, const struct aaj_manifest *was, const struct aaj_manifest_entry *e)
{
    struct aaj_diags unheard = AAJ_DIAGS_INIT;
    struct aaj_manifest *m = NULL;
    struct census before = count(was), after;
    int r = aaj_manifest_parse(text, was->file, &unheard, &m);

    aaj_diags_clear(&unheard);
    if (r < 0)
        return r == -ENOMEM ? r : -EINVAL;
    before.n[e->part]++; /* the first are in the order of the parts */
    after = count(m);
    r = memcmp(&before, &after, sizeof(before)) == 0 && aaj_manifest_has(m, e) ? 0 : -EINVAL;
    aaj_manifest_free(m);
    return r;
}

/* -- the text of an entry ------------------------------------------------------------------------------------- */

/* A JSON string is a YAML one, too. */
static struct aaj_str quoted(struct aaj_arena *arena, struct aaj_str s)
{
    json_object *o = json_object_new_string_len(s.p, (int)s.n);
    const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
    struct aaj_str copy = text ? aaj_arena_dup(arena, aaj_str_c(text)) : (struct aaj_str){ 0 };

    json_object_put(o);
    return copy;
}

static struct aaj_str item_text(struct aaj_arena *arena, const struct aaj_manifest_entry *e)
{
    struct aaj_str text = quoted(arena, e->text);

    if (text.p && place[e->part].map)
        return aaj_arena_printf(arena, "%.*s: %s", AAJ_STR_ARG(text), aaj_exec_action_name(e->action));
    return text;
}

static struct aaj_str collection_text(struct aaj_arena *arena, enum aaj_manifest_part part, struct aaj_str item)
{
    return aaj_arena_printf(arena, place[part].map ? "{ %.*s }" : "[ %.*s ]", AAJ_STR_ARG(item));
}

struct aaj_str aaj_manifest_entry_text(struct aaj_arena *arena, const struct aaj_manifest_entry *entry)
{
    struct aaj_str text = item_text(arena, entry), key = place[entry->part].key, below = place[entry->part].below;

    if (!text.p)
        return text;
    text = collection_text(arena, entry->part, text);
    if (below.n)
        return aaj_arena_printf(arena, "%s: { %s: %.*s }", key.p, below.p, AAJ_STR_ARG(text));
    return aaj_arena_printf(arena, "%s: %.*s", key.p, AAJ_STR_ARG(text));
}

/* -- where it goes -------------------------------------------------------------------------------------------- */

static const struct aaj_yaml *child(const struct aaj_yaml *node, struct aaj_str key)
{
    for (const struct aaj_yaml *c = node && node->kind == AAJ_YAML_MAP ? node->child : NULL; c; c = c->next)
        if (aaj_str_eq(c->key.text, key))
            return c;
    return NULL;
}

static size_t offset(struct aaj_str text, struct aaj_loc loc)
{
    size_t at = 0;

    for (uint32_t line = 1; line < loc.line && at < text.n; line++)
        at += aaj_str_find(aaj_str_skip(text, at), '\n') + 1;
    at += loc.column ? loc.column - 1 : 0;
    return at < text.n ? at : text.n;
}

struct edit {
    struct aaj_str text, entry;
    const struct aaj_manifest *was;
    const struct aaj_manifest_entry *what;
    struct aaj_arena *arena;
    struct aaj_str done;
};

/* Puts @before, @entry, @after in at @at. 0 when the manifest then says what it should. */
static int try_at(struct edit *e, size_t at, const char *before, struct aaj_str entry, const char *after)
{
    struct aaj_str text = aaj_arena_printf(e->arena, "%.*s%s%.*s%s%.*s", (int)at, e->text.p, before, AAJ_STR_ARG(entry), after,
                                           AAJ_STR_ARG(aaj_str_skip(e->text, at)));
    int r = text.p ? prove(text, e->was, e->what) : -ENOMEM;

    if (r == 0)
        e->done = text;
    return r;
}

/* What stands before a child that is on a line of its own: blanks, and "- " in a list. */
static bool is_lead(struct aaj_str s)
{
    size_t i = 0;

    while (i < s.n && s.p[i] == ' ')
        i++;
    if (i < s.n && s.p[i] == '-')
        i++;
    while (i < s.n && s.p[i] == ' ')
        i++;
    return i == s.n;
}

/* On a line of its own, like the child that starts at @from and ends at @to: behind it, or before it. */
static int try_line(struct edit *e, size_t from, size_t to, bool behind, struct aaj_str entry)
{
    size_t start = from;
    struct aaj_str lead;

    while (start && e->text.p[start - 1] != '\n')
        start--;
    lead = (struct aaj_str){ e->text.p + start, from - start };
    if (!is_lead(lead))
        return -EINVAL;
    entry = aaj_arena_printf(e->arena, "%.*s%.*s", AAJ_STR_ARG(lead), AAJ_STR_ARG(entry));
    if (!entry.p)
        return -ENOMEM;
    if (!behind)
        return try_at(e, start, "", entry, "\n");
    return try_at(e, to + aaj_str_find(aaj_str_skip(e->text, to), '\n'), "\n", entry, "");
}

/* Beside the children that a list or a map has. */
static int try_beside(struct edit *e, const struct aaj_yaml *node, struct aaj_str entry)
{
    const struct aaj_yaml *first = node->child, *last = first;
    bool map = node->kind == AAJ_YAML_MAP;
    size_t from, to, top;
    int r;

    if (!first)
        return -EINVAL;
    while (last->next)
        last = last->next;
    top = offset(e->text, map ? first->key.loc : first->item.loc);
    from = offset(e->text, map ? last->key.loc : last->item.loc);
    to = offset(e->text, last->item.loc) + last->item.loc.length;
    if (to > e->text.n)
        to = e->text.n;
    r = try_line(e, from, to, true, entry);
    if (r == -EINVAL)
        r = try_at(e, to, ", ", entry, "");
    if (r == -EINVAL)
        r = try_line(e, top, top, false, entry);
    if (r == -EINVAL)
        r = try_at(e, top, "", entry, ", ");
    return r;
}

/* A section at the end; of a text that is one map in braces, inside them. */
static int try_section(struct edit *e, const struct aaj_yaml *root, struct aaj_str item, struct aaj_str flow)
{
    struct aaj_str key = place[e->what->part].key, below = place[e->what->part].below;
    const char *newline = e->text.n && e->text.p[e->text.n - 1] != '\n' ? "\n" : "", *dash = place[e->what->part].map ? "" : "- ";
    struct aaj_str block;
    int r;

    if (below.n)
        block = aaj_arena_printf(e->arena, "%s:\n  %s:\n    %s%.*s", key.p, below.p, dash, AAJ_STR_ARG(item));
    else
        block = aaj_arena_printf(e->arena, "%s:\n  %s%.*s", key.p, dash, AAJ_STR_ARG(item));
    r = block.p ? try_at(e, e->text.n, newline, block, "\n") : -ENOMEM;
    return r == -EINVAL ? try_beside(e, root, flow) : r;
}

static int insert(struct edit *e, const struct aaj_yaml *root)
{
    struct aaj_str below = place[e->what->part].below, item = item_text(e->arena, e->what);
    const struct aaj_yaml *section = child(root, place[e->what->part].key), *part = below.n ? child(section, below) : section;
    struct aaj_str flow;

    if (!item.p)
        return -ENOMEM;
    if (part)
        return try_beside(e, part, item);
    if (!section)
        return try_section(e, root, item, aaj_manifest_entry_text(e->arena, e->what));
    flow = collection_text(e->arena, e->what->part, item);
    flow = flow.p ? aaj_arena_printf(e->arena, "%s: %.*s", below.p, AAJ_STR_ARG(flow)) : flow;
    return flow.p ? try_beside(e, section, flow) : -ENOMEM;
}

/* *text with @entry; as it is when it has it. */
static int add_one(struct aaj_str *text, struct aaj_str file, const struct aaj_manifest_entry *entry,
                   struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct edit e = { .text = *text, .what = entry, .arena = arena };
    struct aaj_yaml_text yaml = { .text = *text, .file = file };
    struct aaj_diags unheard = AAJ_DIAGS_INIT;
    struct aaj_arena tree = AAJ_ARENA_INIT;
    struct aaj_manifest *m = NULL;
    struct aaj_yaml *root;
    int r = aaj_manifest_parse(*text, file, diags, &m);

    if (r < 0)
        return r;
    yaml.diags = &unheard;
    e.was = m;
    e.done = *text;
    if (!aaj_manifest_has(m, entry)) {
        r = aaj_utf8_valid(entry->text) ? aaj_yaml_read(&yaml, &tree, &root) : -EINVAL;
        if (r == 0)
            r = insert(&e, root);
    }
    if (r == -EINVAL)
        aaj_error(diags, (struct aaj_loc){ .file = file }, "no place is found for it in this manifest; add by hand: %s",
                  aaj_escape(arena, aaj_manifest_entry_text(arena, entry)));
    *text = e.done;
    aaj_manifest_free(m);
    aaj_arena_clear(&tree);
    aaj_diags_clear(&unheard);
    return r;
}

int aaj_manifest_add(struct aaj_str text, struct aaj_str file, const struct aaj_manifest_entry *entry, size_t n,
                     struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = add_one(&text, file, &entry[i], arena, diags);
    if (r == 0)
        *ret_text = text;
    return r;
}

int aaj_manifest_add_dests(const struct aaj_manifest *m, struct aaj_str text, const struct aaj_str *dest, size_t n,
                           struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = add_one(&text, m->file, &(struct aaj_manifest_entry){ .part = AAJ_PART_DEST, .text = dest[i] }, arena, diags);
    if (r == 0)
        *ret_text = text;
    return r;
}
