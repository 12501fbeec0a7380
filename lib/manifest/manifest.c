/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of a manifest's YAML into struct aaj_manifest: one row a key. */
#include "manifest/manifest.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "manifest/yaml.h"

enum { NAME_MAX_BYTES = 64, PATH_MAX_BYTES = 4096, KEY_MAX = 16 };

struct reader {
    struct aaj_manifest *m;
    struct aaj_yaml_text text;
    bool attach_said;
    int error; /* -EINVAL once anything was found; reading goes on to find the rest */
};

struct key {
    const char *name;
    void (*read)(struct reader *r, const struct aaj_yaml *node);
};

static const char *const kind_name[] = { "text", "a map", "a list" };

#define FAIL(r, loc, ...) ((void)((r)->error = aaj_yaml_error(&(r)->text, (loc), __VA_ARGS__)))

static const char *show(struct reader *r, struct aaj_str s)
{
    return aaj_escape(&r->m->arena, s);
}

static bool expect(struct reader *r, const struct aaj_yaml *node, enum aaj_yaml_kind kind, const char *example)
{
    bool nothing = node->kind == AAJ_YAML_TEXT && node->plain &&
                   (node->item.text.n == 0 || aaj_str_eq(node->item.text, AAJ_STR("~")) ||
                    aaj_str_eq(node->item.text, AAJ_STR("null")));

    if (node->kind == kind && !nothing)
        return true;
    FAIL(r, node->item.loc, "expected %s, as in '%s', but here is %s", kind_name[kind], example,
         nothing ? "nothing" : kind_name[node->kind]);
    return false;
}

static void *array_for(struct reader *r, const struct aaj_yaml *list, size_t size)
{
    size_t n = 0;
    void *p;

    for (const struct aaj_yaml *c = list->child; c; c = c->next)
        n++;
    p = aaj_arena_array(&r->m->arena, n ? n : 1, size);
    if (!p)
        r->error = -ENOMEM;
    return p;
}

/* ---- text with a form ---- */

static bool is_name(struct aaj_str s)
{
    if (s.n == 0 || s.n > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!alnum && c != '_' && !(i && (c == '.' || c == '-' || c == '@' || c == '+')))
            return false;
    }
    return true;
}

static void read_name(struct reader *r, const struct aaj_yaml *node, struct aaj_scalar *out, const char *example)
{
    if (!expect(r, node, AAJ_YAML_TEXT, example))
        return;
    if (!is_name(node->item.text))
        FAIL(r, node->item.loc, "a name has 1 to %d of the characters A-Z a-z 0-9 _ . - @ + and begins with "
                                "a letter, a digit or _", NAME_MAX_BYTES);
    else
        *out = node->item;
}

/* NULL when @s is a path as the kernel would write it. */
static const char *path_fault(struct aaj_str s)
{
    if (s.n == 0 || s.p[0] != '/')
        return "must be an absolute path";
    if (s.n > PATH_MAX_BYTES || memchr(s.p, '\0', s.n))
        return "is no path";
    if (aaj_str_search(s, AAJ_STR("@{")) < s.n)
        return "is a plain path: variables are for rules";
    if (aaj_str_search(s, AAJ_STR("//")) < s.n || aaj_str_search(s, AAJ_STR("/./")) < s.n ||
        aaj_str_search(s, AAJ_STR("/../")) < s.n || aaj_str_ends(s, AAJ_STR("/.")) ||
        aaj_str_ends(s, AAJ_STR("/..")) || s.p[s.n - 1] == '/')
        return "must be written as the kernel does: no '//', '.', '..' or '/' at the end";
    return NULL;
}

static bool read_path(struct reader *r, const struct aaj_yaml *node, const char *what, struct aaj_scalar *out)
{
    const char *why = path_fault(node->item.text);

    if (why)
        FAIL(r, node->item.loc, "%s %s", what, why);
    else
        *out = node->item;
    return !why;
}

static bool read_bool(struct reader *r, const struct aaj_yaml *node, bool *out)
{
    bool yes = aaj_str_eq(node->item.text, AAJ_STR("true"));

    if (node->kind != AAJ_YAML_TEXT || !node->plain || (!yes && !aaj_str_eq(node->item.text, AAJ_STR("false")))) {
        FAIL(r, node->item.loc, "expected true or false");
        return false;
    }
    *out = yes;
    return true;
}

static void read_items(struct reader *r, const struct aaj_yaml *node, const char *example, struct aaj_scalars *out)
{
    struct aaj_scalar *item;

    if (!expect(r, node, AAJ_YAML_LIST, example))
        return;
    item = array_for(r, node, sizeof(*item));
    if (!item)
        return;
    out->item = item;
    out->n = 0;
    for (const struct aaj_yaml *c = node->child; c; c = c->next)
        if (expect(r, c, AAJ_YAML_TEXT, example))
            item[out->n++] = c->item;
}

/* ---- keys ---- */

static size_t distance(struct aaj_str a, struct aaj_str b)
{
    size_t row[KEY_MAX + 1];

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b.n];
}

static void unknown_key(struct reader *r, const struct aaj_yaml *node, const struct key *keys, const char *where)
{
    const char *nearest = NULL;
    size_t best = 3;

    for (const struct key *k = keys; k->name && node->key.text.n <= KEY_MAX; k++) {
        size_t d = distance(node->key.text, aaj_str_c(k->name));

        if (d < best && d < strlen(k->name)) {
            best = d;
            nearest = k->name;
        }
    }
    if (nearest)
        FAIL(r, node->key.loc, "%s has no key '%s'; did you mean '%s'?", where, show(r, node->key.text), nearest);
    else
        FAIL(r, node->key.loc, "%s has no key '%s'; see aajail-manifest(5)", where, show(r, node->key.text));
}

static void read_map(struct reader *r, const struct aaj_yaml *map, const struct key *keys, const char *where)
{
    for (const struct aaj_yaml *node = map->child; node; node = node->next) {
        const struct key *k = keys;

        while (k->name && !aaj_str_eq(aaj_str_c(k->name), node->key.text))
            k++;
        if (k->name)
            k->read(r, node);
        else
            unknown_key(r, node, keys, where);
    }
}

static void read_jail(struct reader *r, const struct aaj_yaml *node)
{
    read_name(r, node, &r->m->jail, "jail: gapapp");
}

static void read_slave(struct reader *r, const struct aaj_yaml *node)
{
    if (!expect(r, node, AAJ_YAML_TEXT, "slave: /var/www/gapapp/gap.wt"))
        return;
    if (aaj_str_eq(node->item.text, AAJ_STR(AAJ_MANIFEST_FILL_IN)))
        FAIL(r, node->item.loc,
             "fill in the slave's executable, as the kernel resolves it: readlink -f PROGRAM shows it");
    else
        read_path(r, node, "the slave", &r->m->slave);
}

static void read_roots(struct reader *r, const struct aaj_yaml *node)
{
    static const char example[] = "roots: [ /var/www/gapapp ]";
    struct aaj_scalar *item;

    if (!expect(r, node, AAJ_YAML_LIST, example))
        return;
    item = array_for(r, node, sizeof(*item));
    if (!item)
        return;
    r->m->roots.item = item;
    for (const struct aaj_yaml *c = node->child; c; c = c->next)
        if (expect(r, c, AAJ_YAML_TEXT, example) && read_path(r, c, "a root", &item[r->m->roots.n]))
            r->m->roots.n++;
}

static void read_attach(struct reader *r, const struct aaj_yaml *node)
{
    if (!expect(r, node, AAJ_YAML_TEXT, "attach: path"))
        return;
    if (aaj_str_eq(node->item.text, AAJ_STR("unit")))
        r->m->attach = AAJ_ATTACH_UNIT;
    else if (!aaj_str_eq(node->item.text, AAJ_STR("path")))
        FAIL(r, node->item.loc, "attach is 'path' or 'unit'");
    r->attach_said = true;
}

static void read_unit(struct reader *r, const struct aaj_yaml *node)
{
    static const char example[] = "unit: gapapp.service";

    if (!expect(r, node, AAJ_YAML_TEXT, example))
        return;
    if (!aaj_str_ends(node->item.text, AAJ_STR(".service")))
        FAIL(r, node->item.loc, "a unit is named in full, as in '%s'", example);
    else
        read_name(r, node, &r->m->unit, example);
}

static void read_user(struct reader *r, const struct aaj_yaml *node)
{
    read_name(r, node, &r->m->user, "user: gapapp");
}

static void read_template(struct reader *r, const struct aaj_yaml *node)
{
    read_name(r, node, &r->m->template, "template: http-slave");
}

static void read_hat(struct reader *r, const struct aaj_yaml *node)
{
    read_name(r, node, &r->m->hat, "hat: blog");
}

static void read_master(struct reader *r, const struct aaj_yaml *node)
{
    read_name(r, node, &r->m->master, "master: php-fpm");
}

static bool is_variable_name(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!alpha && !(i && ((c >= '0' && c <= '9') || c == '_')))
            return false;
    }
    return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

static void read_variables(struct reader *r, const struct aaj_yaml *node)
{
    static const char example[] = "variables: { ROOT: /var/www/gapapp }";
    struct aaj_manifest_variable *v;

    if (!expect(r, node, AAJ_YAML_MAP, example))
        return;
    v = array_for(r, node, sizeof(*v));
    if (!v)
        return;
    r->m->variable = v;
    for (const struct aaj_yaml *c = node->child; c; c = c->next) {
        if (!is_variable_name(c->key.text))
            FAIL(r, c->key.loc, "a variable's name has letters, digits and _ and begins with a letter");
        else if (expect(r, c, AAJ_YAML_TEXT, example))
            v[r->m->n_variables++] = (struct aaj_manifest_variable){ c->key, c->item };
    }
}

static void read_rules(struct reader *r, const struct aaj_yaml *node)
{
    read_items(r, node, "rules: [ \"/var/www/gapapp/config r,\" ]", &r->m->rules);
}

static void read_lift(struct reader *r, const struct aaj_yaml *node)
{
    read_items(r, node, "lift: [ ID ]", &r->m->lift);
}

const char *aaj_exec_action_name(enum aaj_exec_action action)
{
    static const char *const word[] = { "", "inherit", "child", "profile", "deny" };

    return word[action];
}

static enum aaj_exec_action exec_action(struct aaj_str s)
{
    for (int i = AAJ_EXEC_INHERIT; i <= AAJ_EXEC_DENY; i++)
        if (aaj_str_eq(s, aaj_str_c(aaj_exec_action_name((enum aaj_exec_action)i))))
            return (enum aaj_exec_action)i;
    return AAJ_EXEC_UNSET;
}

static void read_exec(struct reader *r, const struct aaj_yaml *node)
{
    static const char example[] = "exec: { /usr/bin/convert: child }";
    struct aaj_exec_rule *rule;

    if (!expect(r, node, AAJ_YAML_MAP, example))
        return;
    rule = array_for(r, node, sizeof(*rule));
    if (!rule)
        return;
    r->m->exec = rule;
    for (const struct aaj_yaml *c = node->child; c; c = c->next) {
        enum aaj_exec_action action;

        if (!expect(r, c, AAJ_YAML_TEXT, example))
            continue;
        action = exec_action(c->item.text);
        if (action == AAJ_EXEC_UNSET)
            FAIL(r, c->item.loc, "what happens at exec is 'inherit', 'child', 'profile' or 'deny'");
        else if (aaj_str_eq(c->key.text, AAJ_STR("default")))
            r->m->exec_default = action;
        else if (c->key.text.n == 0 || (c->key.text.p[0] != '/' && !aaj_str_starts(c->key.text, AAJ_STR("@{"))))
            FAIL(r, c->key.loc, "expected a path, a glob or 'default'");
        else
            rule[r->m->n_exec++] = (struct aaj_exec_rule){ c->key, action };
    }
}

static void read_replies(struct reader *r, const struct aaj_yaml *node)
{
    read_bool(r, node, &r->m->replies);
}

static int32_t log_group(struct aaj_str text)
{
    int32_t group = 0;

    if (text.n == 0 || text.n > 5)
        return -1;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        group = group * 10 + (text.p[i] - '0');
    }
    return group <= UINT16_MAX ? group : -1;
}

/* true: the kernel's log; a number: that group of NFLOG. */
static void read_log(struct reader *r, const struct aaj_yaml *node)
{
    struct aaj_str text = node->item.text;
    bool yes = aaj_str_eq(text, AAJ_STR("true")), plain = node->kind == AAJ_YAML_TEXT && node->plain;
    int32_t group = plain ? log_group(text) : -1;

    if (!plain || (!yes && group < 0 && !aaj_str_eq(text, AAJ_STR("false")))) {
        FAIL(r, node->item.loc, "expected true, false or the number of an NFLOG group, 0 to 65535");
        return;
    }
    r->m->log = yes || group >= 0;
    r->m->log_group = group;
}

static void read_allow(struct reader *r, const struct aaj_yaml *node)
{
    static const char example[] = "allow: [ \"tcp 127.0.0.1:5432\", \"resolver\" ]";
    struct aaj_dest *dest;
    const char *why;

    if (!expect(r, node, AAJ_YAML_LIST, example))
        return;
    dest = array_for(r, node, sizeof(*dest));
    if (!dest)
        return;
    r->m->dest = dest;
    for (const struct aaj_yaml *c = node->child; c; c = c->next) {
        if (!expect(r, c, AAJ_YAML_TEXT, example))
            continue;
        if (aaj_dest_parse(c->item.text, &dest[r->m->n_dests], &why) < 0)
            FAIL(r, c->item.loc, "%s", why);
        else
            dest[r->m->n_dests++].source = c->item;
    }
}

static void read_network(struct reader *r, const struct aaj_yaml *node)
{
    static const struct key keys[] = {
        { "replies", read_replies }, { "allow", read_allow }, { "log", read_log }, { 0 }
    };

    if (!expect(r, node, AAJ_YAML_MAP, "network: { replies: true }"))
        return;
    r->m->network = true;
    read_map(r, node, keys, "'network'");
}

static void read_never_others(struct reader *r, const struct aaj_yaml *node)
{
    bool yes;

    if (!read_bool(r, node, &yes))
        return;
    if (!yes)
        FAIL(r, node->item.loc, "leave it out instead");
    else
        r->m->never[r->m->n_nevers].others = true;
}

static void read_never(struct reader *r, const struct aaj_yaml *node)
{
    static const char example[] = "never: [ \"/etc/letsencrypt/** r,\" ]";
    static const struct key keys[] = { { "others", read_never_others }, { 0 } };

    if (!expect(r, node, AAJ_YAML_LIST, example))
        return;
    r->m->never = array_for(r, node, sizeof(*r->m->never));
    if (!r->m->never)
        return;
    for (const struct aaj_yaml *c = node->child; c; c = c->next) {
        struct aaj_never *never = &r->m->never[r->m->n_nevers];

        never->rule.loc = c->item.loc;
        if (c->kind == AAJ_YAML_MAP) {
            read_map(r, c, keys, "an entry of 'never'");
            r->m->n_nevers += never->others;
        } else if (expect(r, c, AAJ_YAML_TEXT, example)) {
            never->rule = c->item;
            r->m->n_nevers++;
        }
    }
}

static void read_test_allow(struct reader *r, const struct aaj_yaml *node)
{
    read_items(r, node, "allow: [ \"/var/www/gapapp/config r\" ]", &r->m->test_allow);
}

static void read_test_deny(struct reader *r, const struct aaj_yaml *node)
{
    read_items(r, node, "deny: [ \"/etc/passwd w\" ]", &r->m->test_deny);
}

static void read_tests(struct reader *r, const struct aaj_yaml *node)
{
    static const struct key keys[] = { { "allow", read_test_allow }, { "deny", read_test_deny }, { 0 } };

    if (expect(r, node, AAJ_YAML_MAP, "tests: { deny: [ \"/etc/passwd w\" ] }"))
        read_map(r, node, keys, "'tests'");
}

static const struct key manifest_keys[] = {
    { "jail", read_jail },       { "slave", read_slave },   { "roots", read_roots },
    { "attach", read_attach },   { "unit", read_unit },     { "user", read_user },
    { "template", read_template }, { "hat", read_hat },     { "master", read_master },
    { "variables", read_variables }, { "rules", read_rules }, { "lift", read_lift },
    { "exec", read_exec },       { "network", read_network }, { "never", read_never },
    { "tests", read_tests },     { 0 },
};

/* What one key alone cannot tell. */
static void check_whole(struct reader *r)
{
    struct aaj_loc whole = { .file = r->text.file };
    struct aaj_manifest *m = r->m;

    if (r->error)
        return; /* a key that was wrong is not missing */
    if (!m->jail.text.n)
        FAIL(r, whole, "'jail' is missing: the jail's and the profile's name");
    if (m->hat.text.n && !m->master.text.n)
        FAIL(r, m->hat.loc, "a hat needs 'master: NAME', the jail of the process that holds it");
    else if (m->master.text.n && !m->hat.text.n)
        FAIL(r, m->master.loc, "'master' is for a hat: 'hat: POOL' is missing");
    else if (!m->slave.text.n && !m->hat.text.n)
        FAIL(r, whole, "'slave' is missing: the executable, as the kernel resolves it");
    if (m->unit.text.n && !r->attach_said)
        m->attach = AAJ_ATTACH_UNIT;
    if (m->attach == AAJ_ATTACH_UNIT && !m->unit.text.n)
        FAIL(r, whole, "'attach: unit' needs the unit, as in 'unit: gapapp.service'");
}

static struct aaj_manifest *manifest_new(void)
{
    struct aaj_manifest *m = calloc(1, sizeof(*m));

    if (m) {
        m->exec_default = AAJ_EXEC_CHILD;
        m->replies = true;
    }
    return m;
}

struct aaj_manifest *aaj_manifest_free(struct aaj_manifest *manifest)
{
    if (manifest) {
        aaj_arena_clear(&manifest->arena);
        free(manifest);
    }
    return NULL;
}

int aaj_manifest_parse(struct aaj_str text, struct aaj_str file, struct aaj_diags *diags,
                       struct aaj_manifest **ret_manifest)
{
    struct reader r = { .m = manifest_new(), .text = { .text = text, .diags = diags } };
    struct aaj_yaml *root;
    int err;

    if (!r.m)
        return -ENOMEM;
    r.text.file = r.m->file = aaj_arena_dup(&r.m->arena, file);
    err = r.m->file.p ? aaj_yaml_read(&r.text, &r.m->arena, &root) : -ENOMEM;
    if (err == 0) {
        if (expect(&r, root, AAJ_YAML_MAP, "jail: gapapp"))
            read_map(&r, root, manifest_keys, "a manifest");
        check_whole(&r);
        err = r.error;
    }
    if (err < 0) {
        aaj_manifest_free(r.m);
        return err;
    }
    *ret_manifest = r.m;
    return 0;
}

/* A jail's name from a file's: what may not stand in a name becomes '_'. */
static struct aaj_str name_from(struct aaj_arena *arena, struct aaj_str file)
{
    char buf[NAME_MAX_BYTES];
    size_t n = file.n < sizeof(buf) ? file.n : sizeof(buf);

    for (size_t i = 0; i < n; i++) {
        char tried[] = { '_', file.p[i] };

        buf[i] = is_name((struct aaj_str){ tried + !i, 1 + !!i }) ? file.p[i] : '_';
    }
    return aaj_arena_dup(arena, (struct aaj_str){ buf, n });
}

int aaj_manifest_default(struct aaj_str executable, struct aaj_str user, struct aaj_manifest **ret_manifest)
{
    struct aaj_manifest *m;
    size_t base = executable.n;

    if (path_fault(executable))
        return -EINVAL;
    m = manifest_new();
    if (!m)
        return -ENOMEM;
    while (executable.p[base - 1] != '/')
        base--;
    m->slave.text = aaj_arena_dup(&m->arena, executable);
    m->user.text = aaj_arena_dup(&m->arena, user);
    m->jail.text = name_from(&m->arena, aaj_str_skip(executable, base));
    if (!m->slave.text.p || !m->user.text.p || !m->jail.text.p) {
        aaj_manifest_free(m);
        return -ENOMEM;
    }
    *ret_manifest = m;
    return 0;
}
