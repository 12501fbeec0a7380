/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "match/query.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/grow.h"
#include "match/names.h"

/* What a handler works on. */
struct ask {
    const struct aaj_match_world *world;
    const struct aaj_match_profile *p;
    const struct aaj_query *q;
    struct aaj_arena *arena;
    struct aaj_answer *answer;
    const char *why;
};

static int bad(struct ask *a, const char *why)
{
    a->why = why;
    return -EINVAL;
}

/* Argument @i, empty when it is left off or "-". */
static struct aaj_str arg(const struct ask *a, size_t i)
{
    const struct aaj_str none = { "", 0 };

    if (i >= a->q->n_args || aaj_str_eq(a->q->arg[i], AAJ_STR("-")))
        return none;
    return a->q->arg[i];
}

static bool is(struct aaj_str s, const char *word)
{
    return aaj_str_eq(s, aaj_str_c(word));
}

static bool owner(struct ask *a, size_t i, bool *ret_owner)
{
    struct aaj_str word = arg(a, i);

    *ret_owner = is(word, "owner");
    return word.n == 0 || *ret_owner || is(word, "other");
}

static int set_transition(struct ask *a, const struct aaj_transition *t)
{
    static const char *const kind[] = { [AAJ_T_NONE] = "",
                                        [AAJ_T_INHERIT] = "inherit",
                                        [AAJ_T_UNCONFINED] = "unconfined",
                                        [AAJ_T_PROFILE] = "profile",
                                        [AAJ_T_LEARN] = "learning profile" };
    struct aaj_str name = t->profile ? t->profile->name : t->target;

    a->answer->detail =
        aaj_arena_printf(a->arena, "%s%s%s%s%.*s%s%s", t->rule, *t->rule && t->kind ? " " : "", kind[t->kind],
                         name.n ? " " : "", AAJ_STR_ARG(name), t->fallback && t->kind ? " (fallback)" : "",
                         *t->rule && t->scrub && t->kind != AAJ_T_INHERIT ? ", environment scrubbed" : "");
    return a->answer->detail.p ? 0 : -ENOMEM;
}

static int ask_exec_at(struct ask *a, size_t owner_at)
{
    struct aaj_transition t;
    bool own;

    if (!owner(a, owner_at, &own))
        return bad(a, "expected owner or other");
    a->answer->decision = aaj_match_exec(a->p, a->world, arg(a, 0), own, &t);
    if (a->answer->decision.missing)
        a->answer->missing = AAJ_STR("x");
    return set_transition(a, &t);
}

static int ask_exec(struct ask *a)
{
    return ask_exec_at(a, 1);
}

static struct aaj_str letters(struct ask *a, uint32_t perms)
{
    static const char all[] = "rwaxmlkcd";
    char text[sizeof(all)];
    size_t n = 0;

    for (size_t i = 0; all[i]; i++)
        if (perms & aaj_perms_of_letters((struct aaj_str){ &all[i], 1 }))
            text[n++] = all[i];
    return aaj_arena_dup(a->arena, (struct aaj_str){ text, n });
}

static int ask_file(struct ask *a)
{
    uint32_t request = aaj_perms_of_letters(arg(a, 1));
    bool own;

    if (!request)
        return bad(a, "expected a mask of the letters rwaxmlkcd");
    if (request == AAJ_PERM_EXEC)
        return ask_exec_at(a, 2);
    if (!owner(a, 2, &own))
        return bad(a, "expected owner or other");
    a->answer->decision = aaj_match_file(a->p, arg(a, 0), own, request);
    a->answer->missing = letters(a, a->answer->decision.missing);
    return 0;
}

static int ask_link(struct ask *a)
{
    bool own;

    if (!owner(a, 2, &own))
        return bad(a, "expected owner or other");
    a->answer->decision = aaj_match_link(a->p, arg(a, 0), arg(a, 1), own);
    a->answer->missing = letters(a, a->answer->decision.missing);
    return 0;
}

static int ask_cap(struct ask *a)
{
    int cap = aaj_name_capability(arg(a, 0));

    if (cap < 0)
        return bad(a, "expected the name of a capability, like net_bind_service");
    a->answer->decision = aaj_match_capability(a->p, (unsigned)cap);
    if (a->answer->decision.missing)
        a->answer->missing = arg(a, 0);
    return 0;
}

/* "10.0.0.1:80", "[2001:db8::1]:80" or nothing */
static bool address(struct ask *a, struct aaj_str text, struct aaj_match_address *ret)
{
    struct aaj_match_address out = { 0 };
    struct aaj_str host = text, port;
    size_t colon = text.n;
    int number;

    if (text.n == 0) {
        *ret = out;
        return true;
    }
    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    host = aaj_str_head(text, colon - 1);
    port = aaj_str_skip(text, colon);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct aaj_str){ host.p + 1, host.n - 2 };
    host = aaj_arena_dup(a->arena, host);
    number = aaj_name_protocol(port); /* decimal */
    if (!host.p || number < 0 || number > 65535 || port.n == 0 || port.p[0] < '0' || port.p[0] > '9')
        return false;
    out.port = (uint16_t)number;
    if (inet_pton(AF_INET, host.p, out.addr) == 1)
        out.bytes = 4;
    else if (inet_pton(AF_INET6, host.p, out.addr) == 1)
        out.bytes = 16;
    *ret = out;
    return out.bytes != 0;
}

static struct aaj_str words_of(struct ask *a, enum aaj_perm_words kind, uint32_t missing,
                               struct aaj_str asked)
{
    struct aaj_str out = { "", 0 };

    while (asked.n) {
        struct aaj_str word = aaj_str_head(asked, aaj_str_find(asked, ','));

        asked = aaj_str_skip(asked, word.n + 1);
        if (aaj_perms_of_words(kind, word) & missing)
            out = aaj_arena_printf(a->arena, "%.*s%s%.*s", AAJ_STR_ARG(out), out.n ? "," : "",
                                   AAJ_STR_ARG(word));
        if (!out.p)
            return (struct aaj_str){ "", 0 };
    }
    return out;
}

/* Each word is asked for itself: what the kernel walks depends on it. */
static int ask_net_one(struct ask *a, uint32_t request, struct aaj_decision *ret)
{
    int family = aaj_name_family(arg(a, 0)), type = aaj_name_socket_type(arg(a, 1)), protocol = 0;
    struct aaj_match_address local, peer;

    if (family < 0)
        return bad(a, "expected the name of an address family, like inet");
    if (type < 0)
        return bad(a, "expected the type of a socket, like stream");
    if (arg(a, 3).n)
        protocol = aaj_name_protocol(arg(a, 3));
    if (protocol < 0)
        return bad(a, "expected the name or number of a protocol");
    if (!address(a, arg(a, 4), &local) || !address(a, arg(a, 5), &peer))
        return bad(a, "expected ADDRESS:PORT, like 10.0.0.1:80 or [2001:db8::1]:80");
    *ret = aaj_match_net(a->p, (unsigned)family, (unsigned)type, (unsigned)protocol, &local, &peer, request);
    return 0;
}

static int ask_unix_one(struct ask *a, uint32_t request, struct aaj_decision *ret)
{
    int type = aaj_name_socket_type(arg(a, 0));

    if (type < 0)
        return bad(a, "expected the type of a socket, like stream");
    *ret = aaj_match_unix(a->p, (unsigned)type, 0, arg(a, 2), arg(a, 3), arg(a, 4), request);
    return 0;
}

/* Two answers about parts of one question. */
static void join(struct aaj_decision *all, const struct aaj_decision *one)
{
    if (all->verdict != AAJ_DENY && one->verdict != AAJ_ALLOW) {
        all->verdict = one->verdict;
        all->why = one->why;
    }
    all->request |= one->request;
    all->missing |= one->missing;
    all->audit |= one->audit;
    all->quiet |= one->quiet;
}

static int ask_words(struct ask *a, struct aaj_str words,
                     int (*one)(struct ask *, uint32_t, struct aaj_decision *))
{
    uint32_t request = aaj_perms_of_words(AAJ_WORDS_NET, words);
    struct aaj_decision all = { .verdict = AAJ_ALLOW }, d;

    if (!request)
        return bad(a,
                   "expected create, bind, connect, listen, accept, send, receive, getattr, setattr, getopt, "
                   "setopt or shutdown");
    for (uint32_t bit = 1; bit; bit <<= 1) {
        int r;

        if (!(request & bit))
            continue;
        r = one(a, bit, &d);
        if (r < 0)
            return r;
        join(&all, &d);
    }
    a->answer->decision = all;
    a->answer->missing = words_of(a, AAJ_WORDS_NET, all.missing, words);
    return 0;
}

static int ask_net(struct ask *a)
{
    return ask_words(a, arg(a, 2).n ? arg(a, 2) : AAJ_STR("create"), ask_net_one);
}

static int ask_unix(struct ask *a)
{
    return ask_words(a, arg(a, 1), ask_unix_one);
}

static int ask_signal(struct ask *a)
{
    uint32_t request = aaj_perms_of_words(AAJ_WORDS_SIGNAL, arg(a, 0));
    int signal = aaj_name_signal(arg(a, 1));

    if (!request)
        return bad(a, "expected send or receive");
    if (signal < 0)
        return bad(a, "expected the name of a signal, like term");
    a->answer->decision = aaj_match_signal(a->p, (unsigned)signal, arg(a, 2), request);
    a->answer->missing = words_of(a, AAJ_WORDS_SIGNAL, a->answer->decision.missing, arg(a, 0));
    return 0;
}

static int ask_ptrace(struct ask *a)
{
    uint32_t request = aaj_perms_of_words(AAJ_WORDS_PTRACE, arg(a, 0));

    if (!request)
        return bad(a, "expected read, trace, readby or tracedby");
    a->answer->decision = aaj_match_ptrace(a->p, arg(a, 1), request);
    a->answer->missing = words_of(a, AAJ_WORDS_PTRACE, a->answer->decision.missing, arg(a, 0));
    return 0;
}

static int ask_change_profile(struct ask *a)
{
    a->answer->decision = aaj_match_change_profile(a->p, arg(a, 0), arg(a, 1));
    return 0;
}

static int ask_change_hat(struct ask *a)
{
    const struct aaj_match_profile *hat = NULL;

    a->answer->decision = aaj_match_change_hat(a->p, arg(a, 0), &hat);
    if (hat)
        a->answer->detail = hat->name;
    return 0;
}

static int ask_dbus(struct ask *a)
{
    uint32_t request = aaj_perms_of_words(AAJ_WORDS_DBUS, arg(a, 0));
    struct aaj_match_dbus m = { .bus = arg(a, 1),
                                .path = arg(a, 2),
                                .interface = arg(a, 3),
                                .member = arg(a, 4),
                                .name = arg(a, 5),
                                .peer = arg(a, 6) };

    if (!request || (request & (request - 1)))
        return bad(a, "expected send, receive, bind or eavesdrop");
    if (request == AAJ_PERM_DBUS_BIND)
        m.name = arg(a, 2);
    a->answer->decision = aaj_match_dbus(a->p, &m, request);
    a->answer->missing = words_of(a, AAJ_WORDS_DBUS, a->answer->decision.missing, arg(a, 0));
    return 0;
}

static int ask_mount(struct ask *a)
{
    struct aaj_match_mount m = {
        .point = arg(a, 0), .source = arg(a, 1), .fstype = arg(a, 2), .data = arg(a, 4)
    };

    if (!aaj_mount_flags(arg(a, 3), &m.flags))
        return bad(a, "expected flags of a mount, like ro,nosuid");
    a->answer->decision = aaj_match_mount(a->p, &m);
    return 0;
}

static int ask_umount(struct ask *a)
{
    a->answer->decision = aaj_match_umount(a->p, arg(a, 0));
    return 0;
}

static int ask_pivot_root(struct ask *a)
{
    a->answer->decision = aaj_match_pivot_root(a->p, arg(a, 0), arg(a, 1), NULL);
    return 0;
}

static int ask_mqueue(struct ask *a)
{
    uint32_t request = aaj_perms_of_words(AAJ_WORDS_MQUEUE, arg(a, 0));
    bool posix = is(arg(a, 1), "posix");

    if (!request)
        return bad(a, "expected create, open, delete, read, write, getattr or setattr");
    if (!posix && !is(arg(a, 1), "sysv"))
        return bad(a, "expected posix or sysv");
    a->answer->decision = aaj_match_mqueue(a->p, posix, arg(a, 2), arg(a, 3), request);
    a->answer->missing = words_of(a, AAJ_WORDS_MQUEUE, a->answer->decision.missing, arg(a, 0));
    return 0;
}

static int ask_userns(struct ask *a)
{
    a->answer->decision = aaj_match_userns(a->p);
    return 0;
}

static int ask_io_uring(struct ask *a)
{
    uint32_t request = aaj_perms_of_words(AAJ_WORDS_IO_URING, arg(a, 0));

    if (!request)
        return bad(a, "expected sqpoll or override_creds");
    a->answer->decision = aaj_match_io_uring(a->p, arg(a, 1), request);
    a->answer->missing = words_of(a, AAJ_WORDS_IO_URING, a->answer->decision.missing, arg(a, 0));
    return 0;
}

static int ask_attach(struct ask *a)
{
    const struct aaj_match_profile *p, *other;

    aaj_match_attach(a->world, arg(a, 0), &p, &other);
    a->answer->decision.verdict = p ? AAJ_ALLOW : AAJ_DENY;
    a->answer->decision.why = other ? AAJ_WHY_CONFLICT : AAJ_WHY_RULE;
    a->answer->detail = p ? p->name : other ? other->name : (struct aaj_str){ "", 0 };
    return 0;
}

static const struct class
{
    const char *name;
    size_t min, max;
    int (*ask)(struct ask *a);
    const char *args;
} classes[] = {
    { "file", 2, 3, ask_file, "file needs PATH MASK [owner|other]" },
    { "exec", 1, 2, ask_exec, "exec needs PATH [owner|other]" },
    { "link", 2, 3, ask_link, "link needs NEW-NAME TARGET [owner|other]" },
    { "cap", 1, 1, ask_cap, "cap needs NAME" },
    { "net", 2, 6, ask_net, "net needs FAMILY TYPE [PERMS [PROTOCOL [LOCAL [PEER]]]]" },
    { "unix", 2, 5, ask_unix, "unix needs TYPE PERMS [ADDR [PEER-ADDR [PEER-LABEL]]]" },
    { "signal", 3, 3, ask_signal, "signal needs send|receive SIGNAL PEER" },
    { "ptrace", 2, 2, ask_ptrace, "ptrace needs read|trace|readby|tracedby PEER" },
    { "change_profile", 1, 2, ask_change_profile, "change_profile needs TARGET [EXECUTABLE]" },
    { "change_hat", 1, 1, ask_change_hat, "change_hat needs HAT" },
    { "dbus", 2, 7, ask_dbus, "dbus needs send|receive|bind|eavesdrop BUS …" },
    { "mount", 3, 5, ask_mount, "mount needs POINT SOURCE FSTYPE [FLAGS [DATA]]" },
    { "umount", 1, 1, ask_umount, "umount needs POINT" },
    { "pivot_root", 2, 2, ask_pivot_root, "pivot_root needs NEW OLD" },
    { "mqueue", 3, 4, ask_mqueue, "mqueue needs PERMS posix|sysv NAME [LABEL]" },
    { "userns", 0, 0, ask_userns, "userns needs nothing more" },
    { "io_uring", 1, 2, ask_io_uring, "io_uring needs sqpoll|override_creds [LABEL]" },
    { "attach", 1, 1, ask_attach, "attach needs PATH" },
};

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Bytes that an escape stands for at text[*at]; false for an unknown one. */
static bool unescape_one(struct aaj_str text, size_t *at, char *ret)
{
    char c = *at + 1 < text.n ? text.p[*at + 1] : '\0';

    if (c == 'x' && *at + 3 < text.n && hex(text.p[*at + 2]) >= 0 && hex(text.p[*at + 3]) >= 0) {
        *ret = (char)(hex(text.p[*at + 2]) * 16 + hex(text.p[*at + 3]));
        *at += 4;
        return true;
    }
    *ret = c == 't' ? '\t' : c == 'n' ? '\n' : c;
    *at += 2;
    return c == 't' || c == 'n' || c == '\\';
}

static int unescape(struct aaj_str text, struct aaj_arena *arena, struct aaj_str *ret, const char **ret_why)
{
    char *out;
    size_t n = 0;

    if (aaj_str_find(text, '\\') == text.n) {
        *ret = text;
        return 0;
    }
    out = aaj_arena_alloc(arena, text.n);
    if (!out)
        return -ENOMEM;
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] != '\\') {
            out[n++] = text.p[i++];
        } else if (!unescape_one(text, &i, &out[n++])) {
            *ret_why = "a backslash is written \\\\; \\t, \\n and \\xNN are the other escapes";
            return -EINVAL;
        }
    }
    *ret = (struct aaj_str){ out, n };
    return 0;
}

int aaj_query_parse(struct aaj_str row, struct aaj_arena *arena, struct aaj_query *ret_query,
                    const char **ret_why)
{
    struct aaj_str field[AAJ_QUERY_ARGS + 2];
    struct aaj_query q = { 0 };
    size_t n = 0;

    for (;;) {
        struct aaj_str one = aaj_str_head(row, aaj_str_find(row, '\t'));
        int r;

        if (n == AAJ_ARRAY_SIZE(field)) {
            *ret_why = "more fields than any class has";
            return -EINVAL;
        }
        r = unescape(one, arena, &field[n++], ret_why);
        if (r < 0)
            return r;
        if (one.n == row.n)
            break;
        row = aaj_str_skip(row, one.n + 1);
    }
    if (n < 2 || field[0].n == 0) {
        *ret_why = "expected LABEL, a tab, CLASS, a tab, and arguments";
        return -EINVAL;
    }
    q.label = field[0];
    q.class = field[1];
    q.n_args = n - 2;
    for (size_t i = 2; i < n; i++)
        q.arg[i - 2] = field[i];
    *ret_query = q;
    return 0;
}

static const struct aaj_match_profile *find_label(const struct aaj_match_world *world, struct aaj_str label)
{
    const struct aaj_match_profile *p = NULL;

    for (size_t i = 0; i < world->n && !p; i++)
        p = aaj_match_find(world->match[i], label);
    return p;
}

int aaj_query_ask(const struct aaj_match_world *world, const struct aaj_query *query, struct aaj_arena *arena,
                  struct aaj_answer *ret_answer, const char **ret_why)
{
    struct aaj_answer answer = { .missing = { "", 0 }, .detail = { "", 0 } };
    struct ask a = { .world = world, .q = query, .arena = arena, .answer = &answer };
    const struct class *c = NULL;
    int r;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(classes); i++)
        if (is(query->class, classes[i].name))
            c = &classes[i];
    if (!c) {
        *ret_why = "there is no such class; see aajail-query(1)";
        return -EINVAL;
    }
    if (query->n_args < c->min || query->n_args > c->max) {
        *ret_why = c->args;
        return -EINVAL;
    }
    if (c->ask != ask_attach) {
        a.p = answer.profile = find_label(world, query->label);
        if (!a.p) {
            *ret_why = "there is no such profile in the policy";
            return -ENOENT;
        }
    }
    r = c->ask(&a);
    if (r < 0) {
        *ret_why = a.why;
        return r;
    }
    *ret_answer = answer;
    return 0;
}

const char *aaj_verdict_name(enum aaj_verdict verdict)
{
    return verdict == AAJ_ALLOW ? "allow" : verdict == AAJ_DENY ? "deny" : "not-mediated";
}
