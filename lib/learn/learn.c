/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/learn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "learn/emit.h"
#include "policy/parse.h"
#include "policy/quote.h"

enum { PATH_BYTES = 4096, COMPONENTS = 256 };

const struct aaj_infer_info aaj_infer_info[AAJ_INFER_COUNT] = {
    [AAJ_INFER_LITERAL] = { "literal", "exactly what was seen" },
    [AAJ_INFER_OWNER] = { "owner", "every access was by the file's owner" },
    [AAJ_INFER_SELF] = { "self", "the program reads, maps and re-executes itself in its own profile" },
    [AAJ_INFER_PID] = { "pid", "process and thread numbers differ each time" },
    [AAJ_INFER_TEMP] = { "temp", "names the slave makes and removes: the made-up part differs each time" },
    [AAJ_INFER_ASSORTED] = { "assorted", "documents of several kinds under names that the slave makes and removes: the next is of another kind" },
    [AAJ_INFER_COUNTER] = { "counter", "numbers in names that the slave makes or that siblings show to differ" },
    [AAJ_INFER_RANDOM] = { "random", "random and hashed parts of names" },
    [AAJ_INFER_SUBJECT] = { "subject", "a word that names what the slave makes in several places: the next has another name" },
    [AAJ_INFER_TREE] = { "tree", "directories named after the hashes of what is in them" },
    [AAJ_INFER_CREATED] = { "created", "new files beside those that the slave made in its own directories" },
    [AAJ_INFER_REREAD] = { "reread", "what the slave made in its own directories it reads after a restart" },
    [AAJ_INFER_SIBLINGS] = { "siblings", "files of a kind beside those that it reads in its own directories" },
    [AAJ_INFER_SERVED] = { "served", "pages, styles and pictures beside those that it reads where nothing else is" },
    [AAJ_INFER_HOME] = { "home", "what several people do in their homes others will do in theirs" },
    [AAJ_INFER_LOCALE] = { "locale", "what it reads for one language it reads for another" },
    [AAJ_INFER_TWINS] = { "twins", "directories that are used like their neighbours" },
    [AAJ_INFER_LIBRARIES] = { "libraries", "files of a kind beside those that it reads below /usr" },
    [AAJ_INFER_VERSION] = { "version", "another release of a package has another number" },
    [AAJ_INFER_VARIABLE] = { "variable", "the target's tunables have a name for the place" },
    [AAJ_INFER_ABSTRACTION] = { "abstraction", "a set of rules that covers several accesses" },
    [AAJ_INFER_CHILD] = { "child", "a profile for an executed program" },
    [AAJ_INFER_INHERIT] = { "inherit", "sockets that stay open in the programs it executes" },
    [AAJ_INFER_MANIFEST] = { "manifest", "the manifest's own rule" },
};

const char *aaj_refusal_reason(enum aaj_refusal why)
{
    static const char *const reason[] = {
        [AAJ_REFUSED_DENIED] = "it was denied when it was recorded",
        [AAJ_REFUSED_SETUID] = "a program with setuid, setgid or file capabilities leaves the uid that the firewall "
                               "chain is for",
        [AAJ_REFUSED_UNKNOWN] =
            "nothing is known of the program: is it setuid? Give --root or --files, or name it under the manifest's "
            "exec",
        [AAJ_REFUSED_MANIFEST] = "the manifest's exec says deny",
        [AAJ_REFUSED_RULE] = "the manifest's rules deny it",
        [AAJ_REFUSED_PROFILE] = "it happened in a profile of its own",
        [AAJ_REFUSED_UNDER] = "it happened below a program that is refused",
        [AAJ_REFUSED_CEILING] = "no learned rule may grant it",
        [AAJ_REFUSED_DISCONNECTED] = "the name has no place in the tree (disconnected path: of another mount "
                                     "namespace, or unmounted). No rule can name it; attach_disconnected, which would take it for "
                                     "a name below /, is a template's to switch on",
        [AAJ_REFUSED_GETATTR] = "stat() needs no rule",
        [AAJ_REFUSED_UNMEDIATED] = "the target does not mediate it",
        [AAJ_REFUSED_NAME] = "no rule can be written for this name",
        [AAJ_REFUSED_SUSPECT] = "it is new to the profile and looks like an attack; the manifest or --denied=grant "
                                "accepts it",
        [AAJ_REFUSED_NEEDLESS] = "not needed: the kernel asks for it before dac_override, which is granted and does. Each time is "
                                 "logged, unless the manifest's rules deny it",
        [AAJ_REFUSED_OTHER] = "no rule is learned from this kind of event",
    };

    return reason[why];
}

uint32_t aaj_ev_new(struct aaj_learner *l, uint32_t access)
{
    if (l->n_evs == 0 || l->n_evs >= l->cap_evs) {
        size_t cap = l->cap_evs ? l->cap_evs * 2 : 1024;
        struct aaj_ev *bigger = reallocarray(l->ev, cap, sizeof(*bigger));

        if (!bigger)
            return 0;
        l->ev = bigger;
        l->cap_evs = cap;
        if (l->n_evs == 0)
            l->n_evs = 1;
    }
    l->ev[l->n_evs] = (struct aaj_ev){ access, 0 };
    return (uint32_t)l->n_evs++;
}

static uint64_t events_of(const struct aaj_access *a)
{
    return a->allowed + a->denied + a->audited;
}

int aaj_refuse(struct aaj_learner *l, uint32_t access, enum aaj_refusal why, struct aaj_str detail)
{
    struct aaj_learned *out = l->out;

    if (AAJ_GROW(out->refused, out->n_refused, l->cap_refused) < 0)
        return -ENOMEM;
    out->refused[out->n_refused++] = (struct aaj_refused){ access, why, aaj_arena_dup(l->arena, detail) };
    out->stats.refused_events += events_of(&l->access[access]);
    return 0;
}

int aaj_grant_access(struct aaj_learner *l, uint32_t access, uint32_t dom, uint32_t into)
{
    struct aaj_learned *out = l->out;

    if (AAJ_GROW(out->granted, out->n_granted, l->cap_granted) < 0)
        return -ENOMEM;
    out->granted[out->n_granted++] = (struct aaj_learned_access){
        .access = access, .dom = dom, .into_dom = into, .exec = l->access[access].class == AAJ_CLASS_EXEC
    };
    out->stats.granted_events += events_of(&l->access[access]);
    return 0;
}

/* ---- files ---- */

uint32_t aaj_rule_perms(uint32_t mask)
{
    uint32_t perms = mask & (AAJ_MAY_READ | AAJ_MAY_APPEND | AAJ_MAY_LOCK | AAJ_MAY_LINK | AAJ_MAY_MMAP);

    if (mask & (AAJ_MAY_WRITE | AAJ_MAY_CREATE | AAJ_MAY_DELETE))
        perms |= AAJ_MAY_WRITE;
    return perms;
}

bool aaj_is_nameable(struct aaj_str path)
{
    size_t slashes = 0;

    for (size_t i = 0; i < path.n; i++)
        slashes += path.p[i] == '/';
    return path.n && path.n <= PATH_BYTES && slashes <= COMPONENTS && aaj_str_find(path, '\0') == path.n &&
           aaj_str_search(path, AAJ_STR("//")) == path.n;
}

static int add_file(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str path = aaj_arg(l, a, AAJ_FILE_NAME), op = aaj_recording_str(l->in->recording, a->op);
    uint32_t perms = aaj_rule_perms(a->denied_mask ? a->denied_mask : a->requested);
    struct aaj_crossing crossing;
    struct aaj_str rule;
    int r;

    if (aaj_str_eq(op, AAJ_STR("getattr")))
        return aaj_refuse(l, i, AAJ_REFUSED_GETATTR, AAJ_STR(""));
    if (path.n == 0 || path.p[0] != '/' ||
        aaj_str_search(aaj_recording_str(l->in->recording, a->info), AAJ_STR("disconnected")) <
            aaj_recording_str(l->in->recording, a->info).n)
        return aaj_refuse(l, i, AAJ_REFUSED_DISCONNECTED, AAJ_STR(""));
    if (!aaj_is_nameable(path))
        return aaj_refuse(l, i, AAJ_REFUSED_NAME, AAJ_STR(""));
    if (!perms)
        return aaj_refuse(l, i, AAJ_REFUSED_OTHER, AAJ_STR("file"));
    if (dom == 0 && aaj_denies_file(l, path, perms, a->owner_yes && !a->owner_no, &rule))
        return aaj_refuse(l, i, AAJ_REFUSED_RULE, rule);
    if (l->in->ceiling) {
        uint32_t all = perms & AAJ_MAY_WRITE && aaj_mapped_runs(l, dom, path) ? perms | AAJ_MAY_EXEC : perms;

        r = aaj_ceiling_crosses_file(l->in->ceiling, path, true, all, l->in->files, &l->scratch, &crossing);
        if (r > 0)
            return aaj_refuse(l, i, AAJ_REFUSED_CEILING, crossing.item->id);
        if (r < 0)
            return r;
    }
    if (aaj_suspect_is_new(l, a, perms))
        return aaj_refuse(l, i, AAJ_REFUSED_SUSPECT, AAJ_STR(""));
    if (l->in->ceiling && perms & AAJ_MAY_MMAP)
        return aaj_mapped_defer(l, i, dom);
    r = aaj_paths_add(l, i, dom, perms);
    return r < 0 ? r : aaj_grant_access(l, i, dom, AAJ_NO);
}

/* Which uids it acts as, root apart. */
static void count_uid(struct aaj_learner *l, const struct aaj_access *a, bool itself)
{
    size_t i;

    l->as_root |= a->fsuid_min == 0 || a->fsuid_max == AAJ_UID_NONE;
    if (a->fsuid_max == AAJ_UID_NONE || a->fsuid_max == 0 || a->fsuid_min != a->fsuid_max)
        return;
    for (i = 0; i < l->n_uids && l->uids[i].uid != a->fsuid_max; i++)
        ;
    if (i == AAJ_ARRAY_SIZE(l->uids))
        return;
    if (i == l->n_uids)
        l->uids[l->n_uids++].uid = a->fsuid_max;
    l->uids[i].itself += itself;
    l->uids[i].accesses++;
}

/* The slave's own uid is the one it does most as: a mail server is many for a moment. Where the slave itself is root
 * always, as a master is, its children's counts. */
static void settle_uid(struct aaj_learner *l)
{
    bool itself = false;
    size_t most = 0;

    for (size_t i = 0; i < l->n_uids; i++)
        itself |= l->uids[i].itself > 0;
    for (size_t i = 0; i < l->n_uids; i++) {
        size_t n = itself ? l->uids[i].itself : l->uids[i].accesses;

        if (n > most || (n && n == most && l->uids[i].uid < l->uid)) {
            most = n;
            l->uid = l->uids[i].uid;
        }
    }
}

static int add_access(struct aaj_learner *l, uint32_t i)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_place at;

    if (!aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top))
        return 0;
    at = aaj_tree_place(l, a->label);
    if (at.dom == AAJ_NO && at.why == AAJ_REFUSED_OTHER && aaj_str_eq(at.detail, AAJ_STR("not this jail")))
        return 0;
    if (a->class == AAJ_CLASS_CHANGE_PROFILE && aaj_pool_is_entered(l, aaj_arg(l, a, AAJ_CHANGE_TARGET)))
        return 0;
    l->out->stats.accesses++;
    l->out->stats.events += events_of(a);
    if (at.dom == AAJ_NO)
        return aaj_refuse(l, i, at.why, at.detail);
    if (!a->allowed && !a->audited && !l->in->grant_denied)
        return aaj_refuse(l, i, AAJ_REFUSED_DENIED, AAJ_STR(""));
    count_uid(l, a, l->dom[at.dom].kind == AAJ_DOM_MAIN);
    at.dom = l->dom[at.dom].same;
    if (a->class == AAJ_CLASS_FILE)
        return add_file(l, i, at.dom);
    return a->class == AAJ_CLASS_EXEC ? 0 : aaj_other_add(l, i, at.dom);
}

/* ---- the whole ---- */

/* A pool's template is its place in a master's. */
static struct aaj_item *first_inner(struct aaj_item *profile)
{
    for (struct aaj_item *i = profile->profile.body.first; i; i = i->next)
        if (i->kind == AAJ_ITEM_PROFILE)
            return i;
    return NULL;
}

static int read_template(struct aaj_learner *l)
{
    static const struct aaj_str child = AAJ_STR_INIT("include <tunables/global>\n"
                                                     "profile child {\n  include <abstractions/base>\n}\n");
    struct aaj_loc loc = { .file = l->in->template_name };
    int r = aaj_cover_read(l->in->target, l->in->template_text, l->in->template_name, l->diags, &l->template);

    if (r < 0)
        return r;
    l->main = aaj_first_profile(l->template);
    l->outer = l->main;
    if (!l->main)
        return aaj_error(l->diags, loc, "the template holds no profile");
    if (l->hat) {
        l->main = first_inner(l->outer);
        if (!l->main)
            return aaj_error(l->diags, loc, "the template holds no place for a pool; for a pool there is php-fpm-pool");
    }
    r = aaj_cover_make(l->template, l->main, &l->main_cover);
    if (r == 0)
        r = aaj_cover_read(l->in->target, child, AAJ_STR("child"), l->diags, &l->child);
    if (r == 0)
        r = aaj_cover_make(l->child, aaj_first_profile(l->child), &l->child_cover);
    return r == 0 && l->in->known ? aaj_cover_make(l->in->known_policy, l->in->known, &l->known_cover) : r;
}

static void learner_free(struct aaj_learner *l)
{
    aaj_tree_free(l);
    aaj_denies_free(l);
    aaj_cover_free(l->main_cover);
    aaj_cover_free(l->child_cover);
    aaj_cover_free(l->known_cover);
    aaj_policy_free(l->child);
    aaj_policy_free(l->template);
    aaj_glob_free(l->code_glob);
    aaj_paths_free(l);
    free(l->code);
    free(l->subject);
    free(l->runs);
    free(l->compiled);
    free(l->written);
    free(l->draft);
    free(l->mapped);
    free(l->wrote);
    aaj_arena_clear(&l->scratch);
}

struct aaj_learned *aaj_learned_free(struct aaj_learned *learned)
{
    if (learned) {
        aaj_policy_free(learned->policy);
        free(learned->rule);
        free(learned->refused);
        free(learned->granted);
        free(learned->peer);
        free(learned->proposal);
        free(learned->suspect);
        aaj_arena_clear(&learned->arena);
        free(learned);
    }
    return NULL;
}

static int phases(struct aaj_learner *l)
{
    int r = read_template(l);

    if (r == 0)
        r = aaj_denies_read(l);
    if (r == 0)
        r = aaj_mapped_find_written(l);
    if (r == 0)
        r = aaj_tree_build(l);
    if (r == 0)
        r = aaj_mapped_prepare(l);
    for (uint32_t i = 0; r == 0 && i < l->n_access; i++) {
        aaj_fetch_ahead(l, i);
        r = add_access(l, i);
    }
    if (r == 0)
        r = aaj_mapped_settle(l);
    settle_uid(l);
    aaj_pool_share(l);
    if (r == 0)
        r = aaj_denies_others(l);
    if (r == 0)
        r = aaj_other_inherit(l);
    if (r == 0)
        r = aaj_abstractions(l);
    if (r == 0)
        r = aaj_guard_prepare(l);
    if (r == 0)
        r = aaj_written_prepare(l);
    if (r == 0)
        r = aaj_generalise(l);
    if (r == 0)
        r = aaj_emit(l);
    if (r == 0)
        r = aaj_network_propose(l);
    if (r == 0)
        r = aaj_find_unheard(l);
    if (r == 0)
        r = aaj_find_unfenced(l);
    if (r == 0)
        aaj_find_needless(l);
    return r == 0 ? aaj_suspects(l) : r;
}

int aaj_learn_run(const struct aaj_learn_input *input, struct aaj_diags *diags, struct aaj_learned **ret_learned)
{
    struct aaj_learned *out = calloc(1, sizeof(*out));
    struct aaj_learner l = { .in = input, .out = out, .diags = diags };
    int r;

    if (!out)
        return -ENOMEM;
    l.arena = &out->arena;
    l.hat = input->manifest->hat.text.n > 0;
    out->name = aaj_arena_dup(l.arena, input->name.n ? input->name : input->manifest->jail.text);
    l.top = l.hat ? aaj_arena_dup(l.arena, input->manifest->master.text) : out->name;
    r = out->name.p ? aaj_learn_label(input->recording, input->manifest, input->label, diags, &l.log_top) : -ENOMEM;
    if (r == 0)
        r = aaj_recording_accesses(input->recording, &l.access, &l.n_access);
    if (r == 0 && l.hat)
        r = aaj_pool_find(&l);
    out->label = aaj_arena_dup(l.arena, l.log_top);
    if (r == 0)
        r = phases(&l);
    learner_free(&l);
    if (r < 0) {
        aaj_learned_free(out);
        return r;
    }
    *ret_learned = out;
    return 0;
}
