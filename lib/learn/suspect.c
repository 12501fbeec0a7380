/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/suspect.h"

#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"
#include "learn/other.h"

const struct aaj_suspicion_info aaj_suspicion_info[AAJ_SUSPICIONS] = {
    [AAJ_SUSPECT_NONE] = { "none", "", "" },
    [AAJ_SUSPECT_CEILING] = { "ceiling", "reached for what no learned rule may grant",
                              "if the slave needs it, the manifest grants it: a rule, and the item's name under lift" },
    [AAJ_SUSPECT_DROPPED] = { "dropped", "ran a file from a folder that everybody may write to",
                              "a program belongs where the slave cannot write" },
    [AAJ_SUSPECT_SHELL] = { "shell", "ran a shell",
                            "name it under the manifest's exec: child to keep it, deny to forbid it" },
    [AAJ_SUSPECT_SETUID] = { "setuid", "ran a program that changes its user",
                             "name it under the manifest's exec if it belongs to the slave" },
    [AAJ_SUSPECT_CODE] = { "code", "wrote files that it then loaded as code",
                           "a cache of its own is better filled at installation, and only read; anything else an intruder left" },
    [AAJ_SUSPECT_OUTSIDE] = { "outside", "used data outside the manifest's roots",
                              "if the folder is the slave's own, it belongs into roots; if not, under never" },
    [AAJ_SUSPECT_DESTINATION] = { "destination", "called somebody whom the manifest does not list",
                                  "list it under network.allow, or leave it to be refused" },
    [AAJ_SUSPECT_DENIED] = { "denied", "was denied when it was recorded",
                             "--denied=grant, or a rule in the manifest, accepts it" },
};

/* ---- one access ---- */

static struct aaj_str base_name(struct aaj_str path)
{
    size_t at = path.n;

    while (at && path.p[at - 1] != '/')
        at--;
    return aaj_str_skip(path, at);
}

static bool is_shell(struct aaj_str exe)
{
    static const char *const shell[] = { "sh",   "dash", "bash", "rbash", "ash",  "busybox", "zsh", "ksh", "ksh93",
                                         "mksh", "lksh", "rksh", "posh",  "yash", "fish",    "csh", "tcsh" };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(shell); i++)
        if (aaj_str_eq(base_name(exe), aaj_str_c(shell[i])))
            return true;
    return false;
}

static bool is_below(struct aaj_str path, struct aaj_str top)
{
    return top.n && aaj_str_starts(path, top) && (path.n == top.n || path.p[top.n] == '/' || top.p[top.n - 1] == '/');
}

/* Without a place in the tree it is a memfd, or a file that is gone. */
static bool is_dropped(struct aaj_str exe)
{
    static const struct aaj_str open[] = { AAJ_STR_INIT("/tmp/"), AAJ_STR_INIT("/var/tmp/"), AAJ_STR_INIT("/dev/shm/"),
                                           AAJ_STR_INIT("/run/lock/"), AAJ_STR_INIT("/run/user/") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(open); i++)
        if (aaj_str_starts(exe, open[i]))
            return true;
    return exe.n && exe.p[0] != '/';
}

/* Where services and people keep what is theirs; not where the system shows itself to everybody. */
static bool is_somebodys(const struct aaj_learn_input *in, struct aaj_str path)
{
    static const struct aaj_str others[] = { AAJ_STR_INIT("/home/"), AAJ_STR_INIT("/root/"), AAJ_STR_INIT("/var/backups/"),
                                             AAJ_STR_INIT("/var/mail/") };
    static const struct aaj_str everybodys[] = { AAJ_STR_INIT("/run/"), AAJ_STR_INIT("/var/log/"),
                                                 AAJ_STR_INIT("/var/cache/") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(others); i++)
        if (aaj_str_starts(path, others[i]))
            return true;
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(everybodys); i++)
        if (aaj_str_starts(path, everybodys[i]))
            return false;
    return aaj_area_of(in, path) == AAJ_AREA_OWN;
}

static bool is_outside(const struct aaj_learn_input *in, struct aaj_str path)
{
    const struct aaj_manifest *m = in->manifest;
    struct aaj_str home = m->slave.text;

    if (m->roots.n == 0 || path.n == 0 || path.p[0] != '/')
        return false;
    for (size_t i = 0; i < m->roots.n; i++)
        if (is_below(path, m->roots.item[i].text))
            return false;
    home.n -= base_name(home).n;
    return !is_below(path, home) && is_somebodys(in, path);
}

static bool is_named(const struct aaj_manifest *m, struct aaj_str exe)
{
    for (size_t i = 0; i < m->n_exec; i++) {
        struct aaj_glob *glob;
        bool yes;

        if (aaj_str_eq(m->exec[i].pattern.text, exe))
            return true;
        if (aaj_glob_compile(m->exec[i].pattern.text, AAJ_GLOB_PATH, &glob, NULL) < 0)
            continue;
        yes = aaj_glob_match(glob, exe) > 0;
        aaj_glob_free(glob);
        if (yes)
            return true;
    }
    return aaj_str_eq(exe, m->slave.text);
}

static int crosses(const struct aaj_learn_input *in, const struct aaj_access *a, struct aaj_arena *arena,
                   struct aaj_crossing *ret)
{
    struct aaj_str arg[AAJ_ARGS];
    uint32_t mask = aaj_other_mask(a);

    for (unsigned i = 0; i < AAJ_ARGS; i++)
        arg[i] = aaj_recording_str(in->recording, a->arg[i]);
    if (a->class != AAJ_CLASS_FILE && a->class != AAJ_CLASS_EXEC)
        return aaj_ceiling_crosses_access(in->ceiling, (enum aaj_class)a->class, arg, mask,
                                          aaj_label_top(aaj_recording_str(in->recording, a->label)), in->files, arena, ret);
    if (!arg[AAJ_FILE_NAME].n || arg[AAJ_FILE_NAME].p[0] != '/' || !mask ||
        aaj_str_eq(aaj_recording_str(in->recording, a->op), AAJ_STR("getattr")))
        return 0;
    return aaj_ceiling_crosses_file(in->ceiling, arg[AAJ_FILE_NAME], true, mask, in->files, arena, ret);
}

enum aaj_suspicion aaj_suspect_access(const struct aaj_learn_input *in, const struct aaj_access *a, bool ceiling,
                                      struct aaj_arena *arena, struct aaj_str *ret_detail)
{
    struct aaj_str name = aaj_recording_str(in->recording, a->arg[0]);
    struct aaj_crossing crossing;

    *ret_detail = AAJ_STR("");
    if (a->class == AAJ_CLASS_EXEC && !is_named(in->manifest, name)) {
        if (is_dropped(name))
            return AAJ_SUSPECT_DROPPED;
        if (is_shell(name))
            return AAJ_SUSPECT_SHELL;
    }
    if (ceiling && in->ceiling && crosses(in, a, arena, &crossing) > 0) {
        *ret_detail = crossing.item->id;
        return a->class == AAJ_CLASS_EXEC && crossing.item->setuid ? AAJ_SUSPECT_SETUID : AAJ_SUSPECT_CEILING;
    }
    if (a->class == AAJ_CLASS_FILE && is_outside(in, name))
        return AAJ_SUSPECT_OUTSIDE;
    return !a->allowed && !a->audited && a->denied ? AAJ_SUSPECT_DENIED : AAJ_SUSPECT_NONE;
}

/* ---- all of them ---- */

struct seen {
    enum aaj_suspicion kind;
    bool granted;
    struct aaj_str detail, what;
    uint32_t access;
};

struct list {
    struct seen *item;
    size_t n, cap;
};

/* "/srv/other/db" of what is below it. */
static struct aaj_str folder(struct aaj_str path)
{
    size_t slashes = 0;

    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '/' && ++slashes == 4)
            return aaj_str_head(path, i);
    return path;
}

/* "network inet raw", "capability bpf", "mount /mnt/" */
static struct aaj_str describe(struct aaj_learner *l, const struct aaj_access *a)
{
    const char *class = aaj_class_info[a->class].name;
    unsigned i = 0;

    if (a->class == AAJ_CLASS_NET)
        return aaj_arena_printf(l->arena, "network %.*s %.*s", AAJ_STR_ARG(aaj_arg(l, a, AAJ_NET_FAMILY)),
                                AAJ_STR_ARG(aaj_arg(l, a, AAJ_NET_TYPE)));
    while (i + 1 < AAJ_ARGS && aaj_arg(l, a, i).n == 0)
        i++;
    return aaj_arena_printf(l->arena, "%s %.*s", class, AAJ_STR_ARG(aaj_arg(l, a, i)));
}

/* The name, or the pattern that it became one of: a cache of a thousand names is one thing. */
static struct aaj_str as_granted(struct aaj_learner *l, struct aaj_str path)
{
    uint32_t node;

    if (!aaj_path_find(l, path, &node))
        return path;
    return aaj_node_pattern(l, l->arena, aaj_node_final(l, node));
}

static int note(struct aaj_learner *l, struct list *list, uint32_t i, const struct aaj_refused *refused)
{
    const struct aaj_access *a = &l->access[i];
    struct seen s = { .granted = !refused, .access = i, .what = aaj_arg(l, a, 0) };

    if (refused && (refused->why == AAJ_REFUSED_GETATTR || refused->why == AAJ_REFUSED_NEEDLESS))
        return 0;
    s.kind = aaj_suspect_access(l->in, a, refused, l->arena, &s.detail);
    if (refused && refused->why == AAJ_REFUSED_SETUID && a->class == AAJ_CLASS_EXEC && aaj_str_eq(refused->detail, s.what))
        s.kind = AAJ_SUSPECT_SETUID;
    if (s.granted && (s.kind == AAJ_SUSPECT_NONE || s.kind == AAJ_SUSPECT_OUTSIDE) && aaj_written_is_loaded(l, a))
        s.kind = AAJ_SUSPECT_CODE;
    if (s.kind == AAJ_SUSPECT_NONE)
        return 0;
    if (s.kind == AAJ_SUSPECT_CODE)
        s.what = as_granted(l, s.what);
    else if (s.kind == AAJ_SUSPECT_OUTSIDE)
        s.what = folder(s.what);
    else if (a->class != AAJ_CLASS_FILE && a->class != AAJ_CLASS_EXEC)
        s.what = describe(l, a);
    if (!s.what.p || AAJ_GROW(list->item, list->n, list->cap) < 0)
        return -ENOMEM;
    list->item[list->n++] = s;
    return 0;
}

/* A manifest that lists destinations says whom the slave calls; without one there are only proposals. */
static int note_destinations(struct aaj_learner *l, struct list *list)
{
    for (size_t i = 0; i < l->out->n_proposals && l->in->manifest->n_dests; i++) {
        const struct aaj_proposal *p = &l->out->proposal[i];

        for (size_t k = 0; k < p->n_access && p->state == AAJ_PROPOSED; k++) {
            if (AAJ_GROW(list->item, list->n, list->cap) < 0)
                return -ENOMEM;
            list->item[list->n++] = (struct seen){ .kind = AAJ_SUSPECT_DESTINATION, .what = p->dest, .access = p->access[k] };
        }
    }
    return 0;
}

static int by_what(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int r = (x->kind > y->kind) - (x->kind < y->kind);

    if (!r)
        r = aaj_str_cmp(x->detail, y->detail);
    if (!r)
        r = aaj_str_cmp(x->what, y->what);
    if (!r)
        r = x->granted - y->granted;
    return r ? r : (x->access > y->access) - (x->access < y->access);
}

static bool same(const struct seen *x, const struct seen *y)
{
    return x->kind == y->kind && x->granted == y->granted && aaj_str_eq(x->detail, y->detail) && aaj_str_eq(x->what, y->what);
}

/* How the programs were started, a few of it. */
static int note_commands(struct aaj_learner *l, struct aaj_suspect *to)
{
    enum { KEPT = 4 };
    struct aaj_str argv[AAJ_COMMANDS_KEPT];

    to->command = aaj_arena_new_array(l->arena, KEPT, struct aaj_str);
    for (size_t i = 0; to->command && i < to->n_access; i++) {
        size_t n = aaj_recording_commands(l->in->recording, &l->access[to->access[i]], argv);

        for (size_t k = 0; k < n && to->n_commands < KEPT; k++) {
            struct aaj_str text = aaj_command_text(l->arena, argv[k]);
            bool new = text.n != 0;

            for (size_t j = 0; j < to->n_commands; j++)
                new = new && !aaj_str_eq(to->command[j], text);
            if (new)
                to->command[to->n_commands++] = text;
        }
    }
    return to->command ? 0 : -ENOMEM;
}

static int publish(struct aaj_learner *l, const struct seen *s, size_t n)
{
    struct aaj_learned *out = l->out;
    struct aaj_suspect *to;
    uint32_t *access = aaj_arena_new_array(l->arena, n, uint32_t);

    if (!access || AAJ_GROW(out->suspect, out->n_suspects, l->cap_suspects) < 0)
        return -ENOMEM;
    to = &out->suspect[out->n_suspects++];
    *to = (struct aaj_suspect){ .kind = s->kind, .granted = s->granted, .access = access, .n_access = n };
    to->what = aaj_arena_dup(l->arena, s->what);
    to->detail = aaj_arena_dup(l->arena, s->detail);
    for (size_t i = 0; i < n; i++) {
        const struct aaj_access *a = &l->access[s[i].access];

        access[i] = s[i].access;
        if (a->class == AAJ_CLASS_FILE)
            to->perms |= aaj_rule_perms(aaj_other_mask(a));
        to->events += a->allowed + a->denied + a->audited;
    }
    return to->what.p && to->detail.p ? note_commands(l, to) : -ENOMEM;
}

int aaj_suspects(struct aaj_learner *l)
{
    struct list list = { 0 };
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->out->n_refused; i++)
        r = note(l, &list, l->out->refused[i].access, &l->out->refused[i]);
    for (size_t i = 0; r == 0 && i < l->out->n_granted; i++) {
        aaj_fetch_ahead(l, l->out->granted[i].access); /* they are in the order of accesses, with few gaps */
        r = note(l, &list, l->out->granted[i].access, NULL);
    }
    if (r == 0)
        r = note_destinations(l, &list);
    if (r == 0 && list.n)
        qsort(list.item, list.n, sizeof(*list.item), by_what);
    for (size_t i = 0, j; r == 0 && i < list.n; i = j) {
        for (j = i + 1; j < list.n && same(&list.item[i], &list.item[j]); j++)
            ;
        r = publish(l, &list.item[i], j - i);
    }
    free(list.item);
    return r;
}

/* ---- against a profile that is there already ---- */

static bool grants(const struct aaj_cover *cover, struct aaj_str name, uint32_t perms)
{
    uint32_t state, tags[64];
    size_t n;

    if (aaj_glob_walk(cover->glob, AAJ_GLOB_START, name, &state) < 0)
        return false;
    n = aaj_glob_tags(cover->glob, state, tags, AAJ_ARRAY_SIZE(tags));
    for (size_t i = 0; i < n && i < AAJ_ARRAY_SIZE(tags); i++)
        perms &= ~cover->rule[tags[i]].item->rule.file.perms;
    return perms == 0;
}

bool aaj_suspect_exe_is_new(const struct aaj_learner *l, struct aaj_str exe)
{
    return l->known_cover && !l->in->grant_denied && (is_shell(exe) || is_dropped(exe)) &&
           !grants(l->known_cover, exe, AAJ_MAY_EXEC);
}

bool aaj_suspect_is_new(struct aaj_learner *l, const struct aaj_access *a, uint32_t perms)
{
    struct aaj_str name = aaj_arg(l, a, AAJ_FILE_NAME);

    return l->known_cover && !l->in->grant_denied && is_outside(l->in, name) && !grants(l->known_cover, name, perms);
}
