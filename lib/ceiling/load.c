/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ceiling/default.yaml into items and rules. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "ceiling/ceiling_private.h"
#include "manifest/yaml.h"

struct loader {
    struct aaj_ceiling *ceiling;
    struct aaj_yaml_text text;
    int error;
};

static void fail(struct loader *l, struct aaj_loc loc, const char *message)
{
    int r = aaj_yaml_error(&l->text, loc, "%s", message);

    l->error = l->error ? l->error : r;
}

static bool want(struct loader *l, const struct aaj_yaml *node, enum aaj_yaml_kind kind, const char *message)
{
    if (node->kind == kind)
        return true;
    fail(l, node->item.loc, message);
    return false;
}

static void add_rules(struct loader *l, const struct aaj_yaml *list, uint32_t item, bool except)
{
    const char *why = NULL;

    if (!want(l, list, AAJ_YAML_LIST, "expected a list of rules, like [ \"/etc/shadow r,\" ]"))
        return;
    for (const struct aaj_yaml *node = list->child; node; node = node->next) {
        struct aaj_ceiling_rule rule;
        int r;

        if (!want(l, node, AAJ_YAML_TEXT, "expected a rule"))
            continue;
        r = aaj_ceiling_read_rule(node->item.text, &rule, &why);
        if (r == 0) {
            rule.item = item;
            rule.except = except;
            r = aaj_ceiling_add_rule(l->ceiling, &rule, false, &why);
        }
        if (r == -ENOMEM)
            l->error = r;
        else if (r < 0)
            fail(l, node->item.loc, why ? why : "this rule cannot be used");
    }
}

static void set_flag(struct loader *l, const struct aaj_yaml *node, bool *flag)
{
    *flag = node->kind == AAJ_YAML_TEXT && node->plain && aaj_str_eq(node->item.text, AAJ_STR("true"));
    if (!*flag)
        fail(l, node->item.loc, "expected true");
}

static void read_item(struct loader *l, const struct aaj_yaml *map)
{
    struct aaj_ceiling_item item = { .id = map->key.text, .loc = map->key.loc };
    const struct aaj_yaml *rules = NULL, *except = NULL;
    uint32_t index;

    if (!want(l, map, AAJ_YAML_MAP, "expected a map with reason and rules"))
        return;
    for (const struct aaj_yaml *c = map->child; c; c = c->next) {
        struct aaj_str key = c->key.text;

        if (aaj_str_eq(key, AAJ_STR("reason")) && want(l, c, AAJ_YAML_TEXT, "expected a sentence"))
            item.reason = c->item.text;
        else if (aaj_str_eq(key, AAJ_STR("rules")))
            rules = c;
        else if (aaj_str_eq(key, AAJ_STR("except")))
            except = c;
        else if (aaj_str_eq(key, AAJ_STR("setuid")))
            set_flag(l, c, &item.setuid);
        else if (aaj_str_eq(key, AAJ_STR("write-and-exec")))
            set_flag(l, c, &item.write_and_exec);
        else if (aaj_str_eq(key, AAJ_STR("unconfined-exec")))
            set_flag(l, c, &item.unconfined_exec);
        else if (aaj_str_eq(key, AAJ_STR("own-roots")))
            set_flag(l, c, &item.own_roots);
        else
            fail(l, c->key.loc, "unknown key; there are reason, rules, except, setuid, write-and-exec, "
                                "unconfined-exec and own-roots");
    }
    if (!item.reason.n)
        fail(l, map->key.loc, "a ceiling item needs a reason");
    if (!rules && !item.setuid && !item.write_and_exec && !item.unconfined_exec)
        fail(l, map->key.loc, "a ceiling item needs rules");
    if (aaj_ceiling_add_item(l->ceiling, &item, &index) < 0) {
        l->error = -ENOMEM;
        return;
    }
    if (rules)
        add_rules(l, rules, index, false);
    if (except)
        add_rules(l, except, index, true);
}

static void add_tolerated(struct loader *l, const struct aaj_yaml *list, struct aaj_str name, uint32_t item)
{
    struct aaj_ceiling *c = l->ceiling;
    const char *why;

    if (!want(l, list, AAJ_YAML_LIST, "expected a list of rules"))
        return;
    for (const struct aaj_yaml *node = list->child; node; node = node->next) {
        struct aaj_ceiling_tolerated t = { .name = name };

        if (!want(l, node, AAJ_YAML_TEXT, "expected a rule"))
            continue;
        if (aaj_ceiling_read_rule(node->item.text, &t.rule, &why) < 0) {
            fail(l, node->item.loc, why);
            continue;
        }
        t.rule.item = item;
        t.rule.except = true;
        if (AAJ_GROW(c->tolerated, c->n_tolerated, c->cap_tolerated) < 0)
            l->error = -ENOMEM;
        else
            c->tolerated[c->n_tolerated++] = t;
    }
}

static void read_tolerated(struct loader *l, const struct aaj_yaml *list)
{
    if (!want(l, list, AAJ_YAML_LIST, "expected a list of { abstraction, item, reason, rules }"))
        return;
    for (const struct aaj_yaml *map = list->child; map; map = map->next) {
        struct aaj_str name = { 0 }, id = { 0 }, reason = { 0 };
        const struct aaj_ceiling_item *item;
        const struct aaj_yaml *rules = NULL;

        if (!want(l, map, AAJ_YAML_MAP, "expected { abstraction, item, reason, rules }"))
            continue;
        for (const struct aaj_yaml *c = map->child; c; c = c->next) {
            if (aaj_str_eq(c->key.text, AAJ_STR("abstraction")))
                name = c->item.text;
            else if (aaj_str_eq(c->key.text, AAJ_STR("item")))
                id = c->item.text;
            else if (aaj_str_eq(c->key.text, AAJ_STR("reason")))
                reason = c->item.text;
            else if (aaj_str_eq(c->key.text, AAJ_STR("rules")))
                rules = c;
            else
                fail(l, c->key.loc, "unknown key; there are abstraction, item, reason and rules");
        }
        item = aaj_ceiling_find(l->ceiling, id);
        if (!item)
            fail(l, map->item.loc, "'item' names no ceiling item above");
        else if (!name.n || !rules || !reason.n)
            fail(l, map->item.loc, "expected abstraction, item, reason and rules");
        else
            add_tolerated(l, rules, name, (uint32_t)(item - l->ceiling->item));
    }
}

static void read_all(struct loader *l, const struct aaj_yaml *root)
{
    if (!want(l, root, AAJ_YAML_MAP, "expected a map of ceiling items"))
        return;
    for (const struct aaj_yaml *c = root->child; c; c = c->next)
        if (aaj_str_eq(c->key.text, AAJ_STR("tolerated")))
            read_tolerated(l, c);
        else
            read_item(l, c);
}

int aaj_ceiling_parse(struct aaj_str text, struct aaj_str file, struct aaj_diags *diags,
                      struct aaj_ceiling **ret_ceiling)
{
    struct aaj_ceiling *ceiling = calloc(1, sizeof(*ceiling));
    struct loader l = { .ceiling = ceiling };
    struct aaj_yaml *root;
    int r;

    if (!ceiling)
        return -ENOMEM;
    r = aaj_glob_new(&ceiling->files);
    if (r == 0) {
        l.text.diags = diags;
        l.text.text = aaj_arena_dup(&ceiling->arena, text);
        l.text.file = aaj_arena_dup(&ceiling->arena, file);
        r = l.text.text.p && l.text.file.p ? aaj_yaml_read(&l.text, &ceiling->arena, &root) : -ENOMEM;
    }
    if (r == 0) {
        read_all(&l, root);
        r = l.error;
    }
    if (r < 0) {
        aaj_ceiling_free(ceiling);
        return r;
    }
    *ret_ceiling = ceiling;
    return 0;
}

int aaj_ceiling_open(const char *datadir, struct aaj_diags *diags, struct aaj_ceiling **ret_ceiling)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str path = aaj_arena_printf(&arena, "%s/ceiling/default.yaml", datadir), text;
    int r = path.p ? aaj_file_read(path.p, AAJ_FILE_MAX, &arena, &text) : -ENOMEM;

    if (r == 0)
        r = aaj_ceiling_parse(text, path, diags, ret_ceiling);
    else if (r != -ENOMEM)
        aaj_error(diags, (struct aaj_loc){ .file = path }, "the ceiling cannot be read: %s", strerror(-r));
    aaj_arena_clear(&arena);
    return r;
}

struct aaj_ceiling *aaj_ceiling_free(struct aaj_ceiling *ceiling)
{
    if (!ceiling)
        return NULL;
    aaj_glob_free(ceiling->files);
    free(ceiling->item);
    free(ceiling->rule);
    free(ceiling->tolerated);
    aaj_arena_clear(&ceiling->arena);
    free(ceiling);
    return NULL;
}
