/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream of profiles: `version` [`namespace`] struct `profile` …, in the order that Linux
 * security/apparmor/policy_unpack.c reads it:
 *
 *     name [rename] [attach] [xmatch: perms? aadfa, u32 length] [disconnected] flags{} [path_flags]
 *     u32×4 capabilities, caps64{}, capsx{} [xattrs{}] [rlimits{}] [secmark{}] [net_allowed_af array]
 *     [policydb{perms? aadfa start? xtable?}] [perms? aadfa dfa_start? xtable?: the file rules] [data{}]
 *
 * Named elements that are not known here are passed over, as long as they are well formed.
 */
#include <errno.h>

#include "base/grow.h"
#include "match/internal.h"

enum { PERM_WORDS = 14, PROFILES_MAX = 65536, ABI_MIN = 5, ABI_MAX = 9 };

#define FORCE_COMPLAIN 0x800u

/* Automata belonging to a profile while it is read. */
struct reading {
    struct aaj_match *m;
    struct aaj_stream *s;
    struct aaj_match_profile *p;
    struct aaj_match_db *xmatch, *policy, *file;
    bool flags_seen;
    unsigned caps_seen; /* unnamed numbers after the flags */
    bool complain;      /* the version says so */
    const char *why;
};

static int fail(struct reading *r, const char *why)
{
    r->why = why;
    return -EINVAL;
}

static bool is(const struct aaj_element *e, const char *name, enum aaj_element_type type)
{
    return e->type == type && aaj_str_eq(e->name, aaj_str_c(name));
}

static bool take_u32s(struct aaj_stream *s, uint64_t *u, size_t n)
{
    struct aaj_element e;

    for (size_t i = 0; i < n; i++) {
        if (!aaj_stream_take(s, AAJ_E_U32, &e))
            return false;
        u[i] = e.u;
    }
    return true;
}

static bool take_end(struct aaj_stream *s, enum aaj_element_type end)
{
    struct aaj_element e;

    return aaj_stream_take(s, end, &e);
}

static int db_get(struct reading *r, struct aaj_match_db **db)
{
    if (!*db) {
        *db = aaj_arena_new(&r->m->arena, struct aaj_match_db);
        if (!*db)
            return -ENOMEM;
        (*db)->start = (*db)->file_start = AAJ_DFA_START;
    }
    return 0;
}

static int read_perms(struct reading *r, struct aaj_match_db *db)
{
    struct aaj_element e;
    struct aaj_perms *perm;

    if (db->perm)
        return fail(r, "a permission table occurs twice");
    if (!aaj_stream_take(r->s, AAJ_E_U32, &e) || e.u != 1)
        return fail(r, "a permission table of an unknown version");
    if (!aaj_stream_take(r->s, AAJ_E_ARRAY, &e) || e.u == 0)
        return fail(r, "a permission table without entries");
    perm = aaj_arena_new_array(&r->m->arena, e.u, struct aaj_perms);
    if (!perm)
        return -ENOMEM;
    db->n_perm = (uint32_t)e.u;
    for (uint32_t i = 0; i < db->n_perm; i++) {
        uint64_t w[PERM_WORDS];

        if (!take_u32s(r->s, w, PERM_WORDS))
            return fail(r, "a permission table is cut off");
        perm[i] = (struct aaj_perms){ .allow = (uint32_t)w[1],
                                      .deny = (uint32_t)w[2],
                                      .kill = (uint32_t)w[5],
                                      .prompt = (uint32_t)w[7],
                                      .audit = (uint32_t)w[8],
                                      .quiet = (uint32_t)w[9],
                                      .hide = (uint32_t)w[10],
                                      .xindex = (uint32_t)w[11] };
    }
    if (!take_end(r->s, AAJ_E_ARRAY_END) || !take_end(r->s, AAJ_E_STRUCT_END))
        return fail(r, "a permission table does not end");
    db->perm = perm;
    return 0;
}

static int read_dfa(struct reading *r, struct aaj_match_db *db, struct aaj_str blob)
{
    if (db->dfa)
        return fail(r, "an automaton occurs twice");
    /* It is a multiple of 8 bytes, and padding before it makes it aligned in the stream. */
    db->owned = true;
    return aaj_dfa_open(aaj_str_skip(blob, blob.n & 7), &r->why, &db->dfa);
}

/* ":ns\0name" is written for a name in a namespace; it is kept as ":ns:name". */
static bool table_name(struct aaj_arena *arena, struct aaj_str bytes, struct aaj_str *ret)
{
    struct aaj_str copy = aaj_arena_dup(arena, bytes);
    char *nul;

    if (!copy.p || copy.n == 0)
        return false;
    nul = memchr(copy.p, '\0', copy.n);
    if (nul && (copy.p[0] != ':' || nul == copy.p + 1))
        return false;
    if (nul)
        *nul = ':';
    if (memchr(copy.p, '\0', copy.n))
        return false;
    *ret = copy;
    return true;
}

static int read_xtable(struct reading *r, struct aaj_match_db *db)
{
    struct aaj_element e;
    struct aaj_str *table;
    size_t n;

    if (db->xtable || !aaj_stream_take(r->s, AAJ_E_ARRAY, &e))
        return fail(r, "a transition table is not understood");
    n = e.u;
    table = aaj_arena_new_array(&r->m->arena, n + 1, struct aaj_str);
    if (!table)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!aaj_stream_take(r->s, AAJ_E_STRING, &e) || !table_name(&r->m->arena, e.bytes, &table[i]))
            return fail(r, "a transition table holds what is no name");
    if (!take_end(r->s, AAJ_E_ARRAY_END) || !take_end(r->s, AAJ_E_STRUCT_END))
        return fail(r, "a transition table does not end");
    db->xtable = table;
    db->n_xtable = n;
    return 0;
}

/* The parts of an automaton with its permissions. 1: taken, 0: another element. */
static int read_db_part(struct reading *r, const struct aaj_element *e, struct aaj_match_db **db)
{
    int n = 0;

    if (is(e, "perms", AAJ_E_STRUCT) || is(e, "aadfa", AAJ_E_BLOB) || is(e, "xtable", AAJ_E_STRUCT) ||
        is(e, "permsv", AAJ_E_U32) || is(e, "start", AAJ_E_U32) || is(e, "dfa_start", AAJ_E_U32))
        n = db_get(r, db);
    else
        return 0;
    if (n < 0)
        return n;
    if (is(e, "perms", AAJ_E_STRUCT))
        n = read_perms(r, *db);
    else if (is(e, "aadfa", AAJ_E_BLOB))
        n = e->bytes.n ? read_dfa(r, *db, e->bytes) : 0;
    else if (is(e, "xtable", AAJ_E_STRUCT))
        n = read_xtable(r, *db);
    else if (is(e, "permsv", AAJ_E_U32))
        (*db)->perms_version = (uint32_t)e->u;
    else if (is(e, "start", AAJ_E_U32))
        (*db)->start = (uint32_t)e->u;
    else
        (*db)->file_start = (uint32_t)e->u;
    return n < 0 ? n : 1;
}

static int read_policydb(struct reading *r)
{
    struct aaj_element e;

    if (r->policy)
        return fail(r, "the policy automaton occurs twice");
    while (aaj_stream_next(r->s, &e)) {
        int n;

        if (e.type == AAJ_E_STRUCT_END)
            return r->policy && r->policy->dfa ? 0 : fail(r, "the policy automaton is missing");
        n = read_db_part(r, &e, &r->policy);
        if (n == 0 && (e.name.n == 0 || !aaj_stream_skip(r->s, &e)))
            return fail(r, "the policy automaton is not understood");
        if (n < 0)
            return n;
    }
    return fail(r, "the policy automaton does not end");
}

static int read_flags(struct reading *r)
{
    static const enum aaj_profile_mode mode[] = { AAJ_ENFORCE, AAJ_COMPLAIN, AAJ_KILL, AAJ_UNCONFINED,
                                                  AAJ_PROMPT };
    uint64_t u[3];

    if (r->flags_seen || !take_u32s(r->s, u, 3) || !take_end(r->s, AAJ_E_STRUCT_END))
        return fail(r, "a profile's flags are not understood");
    if (u[1] >= AAJ_ARRAY_SIZE(mode))
        return fail(r, "a profile has an unknown mode");
    r->p->hat = u[0] & 1;
    r->p->mode = r->complain ? AAJ_COMPLAIN : mode[u[1]];
    r->p->audit_all = u[2];
    r->flags_seen = true;
    return 0;
}

static int read_caps64(struct reading *r)
{
    uint64_t u[4];

    if (!take_u32s(r->s, u, 4) || !take_end(r->s, AAJ_E_STRUCT_END))
        return fail(r, "the capabilities are not understood");
    r->p->cap_allow |= u[0] << 32;
    r->p->cap_audit |= u[1] << 32;
    r->p->cap_quiet |= u[2] << 32;
    return 0;
}

static int read_xattrs(struct reading *r, const struct aaj_element *opened)
{
    struct aaj_stream ahead = *r->s;
    struct aaj_element e;

    if (!aaj_stream_take(&ahead, AAJ_E_ARRAY, &e))
        return fail(r, "the extended attributes are not understood");
    r->p->n_xattrs = (uint32_t)e.u;
    return aaj_stream_skip(r->s, opened) ? 0 : fail(r, "the extended attributes do not end");
}

static int read_rlimits(struct reading *r, const struct aaj_element *opened)
{
    struct aaj_stream ahead = *r->s;
    struct aaj_element e;
    uint64_t n;

    if (!take_u32s(&ahead, &r->p->rlimits_set, 1) || !aaj_stream_take(&ahead, AAJ_E_ARRAY, &e) || e.u > AAJ_RLIMITS)
        return fail(r, "the limits are not understood");
    n = e.u;
    for (uint64_t i = 0; i < n; i++) {
        if (!aaj_stream_take(&ahead, AAJ_E_U64, &e))
            return fail(r, "the limits are cut off");
        r->p->rlimit[i] = e.u;
    }
    return aaj_stream_skip(r->s, opened) ? 0 : fail(r, "the limits do not end");
}

/* Numbers without a name: the attachment's length, then the lower words of the capabilities. */
static int read_number(struct reading *r, uint64_t u)
{
    uint64_t *const caps[] = { &r->p->cap_allow, &r->p->cap_audit, &r->p->cap_quiet };

    if (!r->flags_seen) {
        if (!r->xmatch)
            return fail(r, "a number where none belongs");
        r->p->xmatch_len = (uint32_t)u;
        return 0;
    }
    if (r->caps_seen < 3)
        *caps[r->caps_seen] |= u;
    else if (r->caps_seen > 3)
        return fail(r, "a number where none belongs");
    r->caps_seen++;
    return 0;
}

static int keep(struct reading *r, struct aaj_str bytes, struct aaj_str *ret)
{
    *ret = aaj_arena_dup(&r->m->arena, bytes);
    return ret->p ? 0 : -ENOMEM;
}

static int read_element(struct reading *r, const struct aaj_element *e)
{
    int n = read_db_part(r, e, r->flags_seen ? &r->file : &r->xmatch);

    if (n != 0)
        return n < 0 ? n : 0;
    if (is(e, "attach", AAJ_E_STRING))
        return keep(r, e->bytes, &r->p->attachment);
    if (is(e, "disconnected", AAJ_E_STRING))
        return keep(r, e->bytes, &r->p->disconnected);
    if (is(e, "flags", AAJ_E_STRUCT))
        return read_flags(r);
    if (is(e, "caps64", AAJ_E_STRUCT))
        return read_caps64(r);
    if (is(e, "policydb", AAJ_E_STRUCT))
        return read_policydb(r);
    if (is(e, "xattrs", AAJ_E_STRUCT))
        return read_xattrs(r, e);
    if (is(e, "rlimits", AAJ_E_STRUCT))
        return read_rlimits(r, e);
    if (e->name.n == 0 && e->type == AAJ_E_U32)
        return read_number(r, e->u);
    if (is(e, "path_flags", AAJ_E_U32))
        r->p->path_flags = (uint32_t)e->u;
    if (is(e, "secmark", AAJ_E_STRUCT))
        r->p->secmark = true;
    if (e->name.n == 0 || !aaj_stream_skip(r->s, e))
        return fail(r, "a profile holds what is not understood");
    return 0;
}

/* ":ns:name" or ":ns://name" */
static int set_name(struct reading *r, struct aaj_str name, struct aaj_str ns)
{
    if (name.n && name.p[0] == ':') {
        struct aaj_str rest = aaj_str_skip(name, 1);

        ns = aaj_str_head(rest, aaj_str_find(rest, ':'));
        name = aaj_str_skip(rest, ns.n + 1);
        if (aaj_str_starts(name, AAJ_STR("//")))
            name = aaj_str_skip(name, 2);
    }
    if (name.n == 0 || memchr(name.p, '\0', name.n))
        return fail(r, "a profile without a name");
    if (keep(r, name, &r->p->name) < 0 || keep(r, ns, &r->p->ns) < 0)
        return -ENOMEM;
    return 0;
}

static int check_db(struct reading *r, const struct aaj_match_db *db, bool file)
{
    int n = 1;

    if (db && db->dfa)
        n = db->start < aaj_dfa_states(db->dfa) && db->file_start < aaj_dfa_states(db->dfa)
                ? aaj_match_db_sound(db, file)
                : 0;
    return n == 0 ? fail(r, "a state refers to what is not there") : n < 0 ? n : 0;
}

/* Without file rules of their own they are class 2 of the policy automaton. */
static int finish_profile(struct reading *r)
{
    struct aaj_match_profile *p = r->p;
    int n;

    if (!r->flags_seen || r->caps_seen < 3)
        return fail(r, "a profile lacks its flags or capabilities");
    if (r->file && !r->file->dfa)
        r->file = NULL;
    if (!r->file && r->policy) {
        uint32_t start = aaj_dfa_step(
            r->policy->dfa,
            r->policy->start < aaj_dfa_states(r->policy->dfa) ? r->policy->start : AAJ_DFA_TRAP, AAJ_MATCH_FILE);

        if (start != AAJ_DFA_TRAP) {
            struct aaj_match_db *db = aaj_arena_new(&r->m->arena, struct aaj_match_db);

            if (!db)
                return -ENOMEM;
            *db = *r->policy;
            db->owned = false;
            db->file_start = start;
            r->file = db;
        }
    }
    n = check_db(r, r->xmatch, false);
    if (n == 0)
        n = check_db(r, r->policy, false);
    if (n == 0)
        n = check_db(r, r->file, true);
    if (n < 0)
        return n;
    p->xmatch = r->xmatch && r->xmatch->dfa ? r->xmatch : NULL;
    p->policy = r->policy;
    p->file = r->file;
    return 0;
}

static void free_db(const struct aaj_match_db *db)
{
    if (db && db->owned)
        aaj_dfa_free(db->dfa);
}

static int read_profile(struct reading *r, struct aaj_str ns)
{
    struct aaj_element e;
    int n;

    if (!aaj_stream_take(r->s, AAJ_E_STRING, &e))
        return fail(r, "a profile without a name");
    n = set_name(r, e.bytes, ns);
    while (n == 0) {
        if (!aaj_stream_next(r->s, &e))
            return fail(r, "a profile is cut off");
        if (e.type == AAJ_E_STRUCT_END)
            return finish_profile(r);
        n = read_element(r, &e);
    }
    return n;
}

static int add_profile(struct aaj_match *m, struct aaj_match_profile *p, const char **ret_why)
{
    if (m->n == PROFILES_MAX) {
        *ret_why = "more profiles than anybody has";
        return -EINVAL;
    }
    if (AAJ_GROW(m->profile, m->n, m->cap) < 0)
        return -ENOMEM;
    m->profile[m->n++] = p;
    return 0;
}

static int read_one(struct aaj_match *m, struct aaj_stream *s, uint64_t version, struct aaj_str ns,
                    const char **ret_why)
{
    struct reading r = { .m = m, .s = s, .complain = version & FORCE_COMPLAIN };
    int n;

    r.p = aaj_arena_new(&m->arena, struct aaj_match_profile);
    if (!r.p)
        return -ENOMEM;
    r.p->match = m;
    r.p->path_flags = 0x10000; /* the kernel's default: mediate deleted files */
    r.p->abi = version & 0x3ff;
    r.p->parser_abi = r.p->abi > 5 ? (version >> 12) & 0xff : 0;
    n = read_profile(&r, ns);
    if (n == 0)
        n = add_profile(m, r.p, &r.why);
    if (n < 0) {
        free_db(r.xmatch);
        free_db(r.policy);
        free_db(r.file);
        *ret_why = r.why;
    }
    return n;
}

int aaj_match_read_stream(struct aaj_match *m, struct aaj_str bytes, const char **ret_why)
{
    struct aaj_stream s = { .all = bytes };
    struct aaj_str ns = { "", 0 };
    struct aaj_element e;
    uint64_t version = 0;

    while (s.at < bytes.n) {
        int r;

        if (!aaj_stream_next(&s, &e)) {
            *ret_why = "the policy is cut off or damaged";
            return -EINVAL;
        }
        if (is(&e, "version", AAJ_E_U32)) {
            version = e.u;
            if ((version & 0x3ff) < ABI_MIN || (version & 0x3ff) > ABI_MAX) {
                *ret_why = "this interface version is not known";
                return -ENOTSUP;
            }
            ns = (struct aaj_str){ "", 0 };
        } else if (is(&e, "namespace", AAJ_E_STRING)) {
            ns = e.bytes;
        } else if (is(&e, "profile", AAJ_E_STRUCT) && version) {
            r = read_one(m, &s, version, ns, ret_why);
            if (r < 0)
                return r;
        } else {
            *ret_why = "what is no profile";
            return -EINVAL;
        }
    }
    return 0;
}
