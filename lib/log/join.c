/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/join.h"

#include <errno.h>
#include <stdlib.h>

#include "log/call.h"
#include "log/field.h"
#include "log/path.h"
#include "log/sockaddr.h"

void aaj_join_clear(struct aaj_join *join)
{
    for (size_t i = 0; i < AAJ_JOIN_WINDOW; i++) {
        free(join->syscall[i].own);
        free(join->avc[i].own);
        free(join->waiting[i].own);
    }
    for (size_t i = 0; i < AAJ_JOIN_EXECS; i++)
        free(join->exec[i].own);
    for (size_t i = 0; i < AAJ_JOIN_CWDS; i++)
        free(join->cwd[i].own);
    free(join->scratch);
    *join = (struct aaj_join){ 0 };
}

void aaj_join_forget(struct aaj_join *join)
{
    join->n_syscall = join->n_avc = join->n_waiting = join->waiting_now = join->n_exec = join->n_cwd = 0;
    join->argv.argc = 0;
    for (size_t i = 0; i < AAJ_JOIN_WINDOW; i++)
        join->syscall[i].payload.p = join->avc[i].payload.p = join->waiting[i].payload.p = NULL;
    for (size_t i = 0; i < AAJ_JOIN_EXECS; i++)
        join->exec[i].payload.p = NULL;
    for (size_t i = 0; i < AAJ_JOIN_CWDS; i++)
        join->cwd[i].payload.p = NULL;
}

static void set(struct aaj_join_line *line, const struct aaj_log_head *head)
{
    line->time_ms = head->time_ms;
    line->serial = head->serial;
    line->payload = head->payload;
    line->host = head->host;
    line->boot = head->boot;
    line->channel = head->channel;
    line->unread = false;
}

static struct aaj_join_line *put_in(struct aaj_join_line *ring, uint32_t window, uint32_t *n, const struct aaj_log_head *head)
{
    struct aaj_join_line *line = &ring[(*n)++ % window];

    set(line, head);
    line->pinned = false;
    return line;
}

static struct aaj_join_line *put(struct aaj_join_line *ring, uint32_t *n, const struct aaj_log_head *head)
{
    return put_in(ring, AAJ_JOIN_WINDOW, n, head);
}

bool aaj_join_later(struct aaj_join *join, struct aaj_str line)
{
    struct aaj_join_line *to = &join->syscall[join->n_syscall % AAJ_JOIN_WINDOW];

    if (join->waiting_now)
        return false;
    to->payload = line;
    to->pinned = false;
    to->unread = true;
    join->n_syscall++;
    return true;
}

/* False where an unread line surely has another id than @id, which is as a kernel writes it: so is the line's, and the
 * bytes differ. */
static bool may_have_id(struct aaj_str line, struct aaj_str id)
{
    enum { ID = 23 /* behind type=SYSCALL msg=audit( */, SERIAL = ID + 15 };

    if (!id.n || line.n <= SERIAL || line.n <= ID + id.n || line.p[ID] == '0' || line.p[SERIAL - 1] != ':' || line.p[SERIAL] == '0')
        return true;
    return memcmp(line.p + ID, id.p, id.n) == 0 && line.p[ID + id.n] == ')';
}

static void look_into(struct aaj_join_line *line)
{
    struct aaj_log_head head;

    aaj_log_head_parse(line->payload, &head);
    set(line, &head);
    if (head.kind != AAJ_LINE_SYSCALL || !head.serial)
        line->payload.p = NULL; /* it is nothing, and keeps its place in the window, which does not depend on who asks */
}

static struct aaj_join_line *find(struct aaj_join_line *ring, uint32_t n, int64_t time_ms, uint64_t serial)
{
    for (uint32_t i = 0; i < n && i < AAJ_JOIN_WINDOW; i++) {
        struct aaj_join_line *line = &ring[(n - 1 - i) % AAJ_JOIN_WINDOW];

        if (line->serial == serial && line->time_ms == time_ms && line->payload.p)
            return line;
    }
    return NULL;
}

static struct aaj_join_line *find_syscall(struct aaj_join *join, const struct aaj_log_head *head)
{
    for (uint32_t i = 0; i < join->n_syscall && i < AAJ_JOIN_WINDOW; i++) {
        struct aaj_join_line *line = &join->syscall[(join->n_syscall - 1 - i) % AAJ_JOIN_WINDOW];

        if (line->unread && may_have_id(line->payload, head->id))
            look_into(line);
        if (!line->unread && line->serial == head->serial && line->time_ms == head->time_ms && line->payload.p)
            return line;
    }
    return NULL;
}

static char *move(char *to, struct aaj_str *s)
{
    if (s->n)
        memcpy(to, s->p, s->n);
    s->p = to;
    return to + s->n;
}

static int pin(struct aaj_join_line *line)
{
    char *at;
    size_t n = line->payload.n + (line->unread ? 0 : line->host.n + line->boot.n);

    if (line->pinned || !line->payload.p)
        return 0;
    if (n >= line->own_cap) { /* of nothing, too: a payload without bytes has to be somewhere */
        char *own = realloc(line->own, n + 1);

        if (!own)
            return -ENOMEM;
        line->own = own;
        line->own_cap = n + 1;
    }
    at = line->own;
    at = move(at, &line->payload);
    if (!line->unread) {
        at = move(at, &line->host);
        move(at, &line->boot);
    }
    line->pinned = true;
    return 0;
}

int aaj_join_pin(struct aaj_join *join)
{
    for (size_t i = 0; i < AAJ_JOIN_WINDOW; i++)
        if (pin(&join->syscall[i]) < 0 || pin(&join->avc[i]) < 0 || pin(&join->waiting[i]) < 0)
            return -ENOMEM;
    for (size_t i = 0; i < AAJ_JOIN_EXECS; i++)
        if (pin(&join->exec[i]) < 0)
            return -ENOMEM;
    for (size_t i = 0; i < AAJ_JOIN_CWDS; i++)
        if (pin(&join->cwd[i]) < 0)
            return -ENOMEM;
    return 0;
}

/* Remembers what another record of the serial may say more about: a call with an address (connect, bind, sendmsg and
 * what is later called like them), an exec, and what is written in another order of keys. Most records are about
 * files and need not be remembered. */
void aaj_join_avc(struct aaj_join *join, const struct aaj_log_head *head)
{
    const char *op = aaj_log_operation(head->payload);
    char first = op ? *op : '\0';

    if (!head->serial)
        return;
    if (first == 'e' || !first)
        put_in(join->exec, AAJ_JOIN_EXECS, &join->n_exec, head);
    if (!first || first == 'c' || first == 'b' || first == 's' || first == 'p')
        put(join->avc, &join->n_avc, head);
}

static struct aaj_str value(struct aaj_str payload, struct aaj_str key)
{
    return aaj_log_field(payload, key).value;
}

/* A label of another security module ("user:role:type:level") or none at all. */
static bool no_label(struct aaj_str label)
{
    size_t colons = 0;

    for (size_t i = 0; i < label.n; i++)
        colons += label.p[i] == ':';
    return label.n == 0 || label.p[0] == '?' || aaj_str_eq(label, AAJ_STR("unconfined")) ||
           (colons >= 3 && label.p[0] != '/' && label.p[0] != ':');
}

static int need_scratch(struct aaj_join *join, size_t n)
{
    char *p;

    if (n <= join->scratch_cap)
        return 0;
    p = realloc(join->scratch, n * 2);
    if (!p)
        return -ENOMEM;
    join->scratch = p;
    join->scratch_cap = n * 2;
    return 0;
}

/* Who did it, and with which kind of socket: the AVC of the same serial; else subj= of the SYSCALL. */
static bool who(struct aaj_join *join, const struct aaj_join_line *avc, struct aaj_str subj, struct aaj_event *e)
{
    struct aaj_log_head head = { .type = AAJ_AUDIT_AVC };
    struct aaj_log_record record = { .scratch = join->scratch + sizeof(struct aaj_sockaddr) };
    struct aaj_event said;

    if (avc) {
        head.payload = avc->payload;
        if (aaj_log_record_parse(&head, &record) == 0 && aaj_log_event(&head, &record, &said) == 0) {
            e->label = said.label;
            e->ns = said.ns;
            e->comm = said.comm;
            e->mode = said.mode;
            if (said.class == AAJ_CLASS_NET) {
                e->arg[AAJ_NET_TYPE] = said.arg[AAJ_NET_TYPE];
                e->arg[AAJ_NET_PROTOCOL] = said.arg[AAJ_NET_PROTOCOL];
            }
        }
    }
    if (!e->label.n)
        e->label = subj;
    return !no_label(e->label);
}

static int make(struct aaj_join *join, const struct aaj_join_line *from, const struct aaj_join_line *syscall,
                struct aaj_event *ret_event)
{
    const struct aaj_join_line *avc = find(join->avc, join->n_avc, from->time_ms, from->serial);
    struct aaj_event e = { .mode = AAJ_MODE_ALLOWED, .class = AAJ_CLASS_SOCKADDR, .time_ms = from->time_ms,
                           .serial = from->serial, .host = from->host, .boot = from->boot,
                           .channel = from->channel, .fsuid = AAJ_UID_NONE, .ouid = AAJ_UID_NONE };
    struct aaj_sockaddr *sa;
    bool local;

    if (need_scratch(join, sizeof(*sa) + (avc ? avc->payload.n : 0)) < 0)
        return -ENOMEM;
    sa = (struct aaj_sockaddr *)(void *)join->scratch;
    e.op = aaj_call_name(syscall->payload);
    if (!aaj_sockaddr_meaning(e.op, &local, &e.requested) || !aaj_sockaddr_parse(value(from->payload, AAJ_STR("saddr=")), sa) ||
        !who(join, avc, value(syscall->payload, AAJ_STR(" subj=")), &e))
        return 0;
    if (!local && aaj_str_eq((struct aaj_str){ sa->port, sa->port_len }, AAJ_STR("0")))
        return 0; /* getaddrinfo() asks which of its own addresses would be used, to sort; nothing is sent */
    if (e.mode != AAJ_MODE_ALLOWED)
        e.denied = e.requested;
    e.arg[AAJ_NET_FAMILY] = sa->name;
    e.arg[local ? AAJ_NET_LADDR : AAJ_NET_FADDR] = (struct aaj_str){ sa->addr, sa->addr_len };
    e.arg[local ? AAJ_NET_LPORT : AAJ_NET_FPORT] = (struct aaj_str){ sa->port, sa->port_len };
    *ret_event = e;
    return 1;
}

int aaj_join_sockaddr(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_event *ret_event)
{
    struct aaj_join_line *syscall, *from;
    int r;

    if (!head->serial)
        return 0;
    from = put(join->waiting, &join->n_waiting, head);
    syscall = find_syscall(join, head);
    if (!syscall) {
        join->waiting_now = AAJ_JOIN_WINDOW;
        return 0;
    }
    r = make(join, from, syscall, ret_event);
    from->payload = (struct aaj_str){ NULL, 0 };
    return r;
}

int aaj_join_syscall(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_event *ret_event)
{
    struct aaj_join_line *line, *waiting;
    int r;

    if (!head->serial)
        return 0;
    line = put(join->syscall, &join->n_syscall, head);
    if (!join->waiting_now)
        return 0;
    join->waiting_now--;
    waiting = find(join->waiting, join->n_waiting, head->time_ms, head->serial);
    if (!waiting)
        return 0;
    r = make(join, waiting, line, ret_event);
    waiting->payload = (struct aaj_str){ NULL, 0 };
    return r;
}

/* The newest exec at or before number @i from the end that is of the record's serial; NULL: none. */
static const struct aaj_join_line *find_exec(const struct aaj_join *join, const struct aaj_log_head *head, uint32_t *i)
{
    for (; head->serial && *i < join->n_exec && *i < AAJ_JOIN_EXECS; ++*i) {
        const struct aaj_join_line *avc = &join->exec[(join->n_exec - 1 - *i) % AAJ_JOIN_EXECS];

        if (avc->payload.p && avc->serial == head->serial && avc->time_ms == head->time_ms)
            return avc;
    }
    return NULL;
}

/* Whose exec it was. */
static struct aaj_str label_of(struct aaj_str payload, char *scratch)
{
    struct aaj_log_head head = { .line = payload, .payload = payload, .type = AAJ_AUDIT_AVC };
    struct aaj_log_record record = { .scratch = scratch };

    return aaj_log_record_parse(&head, &record) < 0 ? (struct aaj_str){ "", 0 } : aaj_log_value(&record, AAJ_KEY_PROFILE);
}

/* The payload of the serial's CWD record; empty: it is not there. */
static struct aaj_str cwd_of(const struct aaj_join *join, const struct aaj_log_head *head)
{
    struct aaj_log_head cwd;

    for (size_t i = 0; i < AAJ_JOIN_CWDS; i++) {
        if (!join->cwd[i].payload.p)
            continue;
        aaj_log_head_parse(join->cwd[i].payload, &cwd);
        if (cwd.type == AAJ_AUDIT_CWD && cwd.serial == head->serial && cwd.time_ms == head->time_ms)
            return cwd.payload;
    }
    return (struct aaj_str){ "", 0 };
}

int aaj_join_path(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_fact *ret_fact,
                  struct aaj_str *ret_label)
{
    const struct aaj_join_line *avc;

    for (uint32_t i = 0; (avc = find_exec(join, head, &i)); i++) {
        struct aaj_str cwd = cwd_of(join, head);
        size_t all = 2 * (head->payload.n + avc->payload.n + cwd.n) + 2;

        if (need_scratch(join, all + avc->payload.n) < 0)
            return -ENOMEM;
        if (aaj_path_fact(head->payload, avc->payload, cwd, join->scratch, ret_fact)) {
            *ret_label = label_of(avc->payload, join->scratch + all);
            return 1;
        }
    }
    return 0;
}

int aaj_join_execve(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_event *ret_exec,
                    struct aaj_str *ret_argv)
{
    const struct aaj_join_line *avc;

    if (!head->serial || !aaj_argv_take(&join->argv, head))
        return 0;
    for (uint32_t i = 0; (avc = find_exec(join, head, &i)); i++) {
        struct aaj_log_head said = { .type = AAJ_AUDIT_AVC, .payload = avc->payload, .time_ms = avc->time_ms,
                                     .serial = avc->serial, .host = avc->host, .boot = avc->boot,
                                     .channel = avc->channel };
        struct aaj_log_record record;

        if (need_scratch(join, avc->payload.n) < 0)
            return -ENOMEM;
        record.scratch = join->scratch;
        if (aaj_log_record_parse(&said, &record) < 0 || aaj_log_event(&said, &record, ret_exec) < 0 ||
            ret_exec->class != AAJ_CLASS_EXEC)
            continue;
        *ret_argv = aaj_argv_text(&join->argv, join->argv_text);
        return 1;
    }
    return 0;
}
