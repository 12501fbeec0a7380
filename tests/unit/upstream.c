/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "upstream.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 32 };

struct printer {
    FILE *out;
    enum upstream_version version;
    const struct aaj_event *e;
    struct aaj_log_record *record;
    const char *indent;
};

static struct aaj_str arg(const struct printer *p, unsigned i)
{
    return p->e->arg[i].n && !aaj_str_eq(p->e->arg[i], AAJ_STR("none")) ? p->e->arg[i] : AAJ_STR("");
}

/* " key=value", nothing where it is not said. */
static void cond(const struct printer *p, const char *key, struct aaj_str value)
{
    if (value.n)
        fprintf(p->out, " %s=%.*s", key, AAJ_STR_ARG(value));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t mask_words(enum aaj_class class, uint32_t mask, const char **word)
{
    size_t n = 0;

    for (unsigned i = 0; aaj_class_info[class].mask_word[i]; i++)
        if (mask >> i & 1)
            word[n++] = aaj_class_info[class].mask_word[i];
    qsort(word, n, sizeof(*word), by_text);
    return n;
}

/* "(receive, send)" where @list, "send" alone. */
static void access(const struct printer *p, uint32_t mask, bool list)
{
    const char *word[WORDS];
    size_t n = mask_words(p->e->class, mask, word);

    for (size_t i = 0; i < n; i++)
        fprintf(p->out, "%s%s", i ? ", " : list ? " (" : " ", word[i]);
    if (n && list)
        fputc(')', p->out);
}

static void path(const struct printer *p, struct aaj_str name)
{
    bool quotes = memchr(name.p, ' ', name.n) != NULL;

    if (quotes)
        fputc('"', p->out);
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] && strchr("\\?*[]{}\"!", name.p[i]))
            fputc('\\', p->out);
        fputc(name.p[i], p->out);
    }
    if (quotes)
        fputc('"', p->out);
}

/* ---- classes; each prints a rule without its indentation and comma, or returns false ---- */

static bool file(const struct printer *p)
{
    static const struct {
        char letter;
        uint32_t bits;
    } order[] = {
        { 'm', AAJ_MAY_MMAP },
        { 'r', AAJ_MAY_READ },
        { 'w', AAJ_MAY_WRITE | AAJ_MAY_CREATE | AAJ_MAY_DELETE },
        { 'a', AAJ_MAY_APPEND },
        { 'l', AAJ_MAY_LINK },
        { 'k', AAJ_MAY_LOCK },
    };
    const struct aaj_event *e = p->e;
    bool owner = e->owner_half ? e->owner_half > 0 : e->ouid != AAJ_UID_NONE && e->fsuid == e->ouid;

    if (!e->arg[AAJ_FILE_NAME].n)
        return false;
    if (owner)
        fputs("owner ", p->out);
    path(p, e->arg[AAJ_FILE_NAME]);
    fputc(' ', p->out);
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        if (e->denied & order[i].bits)
            fputc(order[i].letter, p->out);
    return true;
}

static bool exec(const struct printer *p)
{
    if (p->version == UPSTREAM_3)
        return false;
    path(p, p->e->arg[AAJ_FILE_NAME]);
    fputs(" mrix", p->out);
    return true;
}

static bool network(const struct printer *p)
{
    static const char *const alone[] = { "create",  "bind",    "listen", "shutdown",
                                         "getattr", "setattr", "getopt", "setopt" };
    struct aaj_str ip = aaj_log_value(p->record, AAJ_KEY_FADDR),
                   port = aaj_log_value(p->record, AAJ_KEY_FPORT);
    const char *word[WORDS];
    size_t n = mask_words(p->e->class, p->e->requested, word);
    bool peer = ip.n || port.n;

    fputs("network", p->out);
    if (p->version == UPSTREAM_5)
        access(p, p->e->requested, true);
    fprintf(p->out, " %.*s %.*s", AAJ_STR_ARG(arg(p, AAJ_NET_FAMILY)), AAJ_STR_ARG(arg(p, AAJ_NET_TYPE)));
    if (p->version == UPSTREAM_3)
        return true;
    cond(p, "ip", aaj_log_value(p->record, AAJ_KEY_LADDR));
    cond(p, "port", aaj_log_value(p->record, AAJ_KEY_LPORT));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof(alone) / sizeof(*alone); k++)
            peer &= strcmp(word[i], alone[k]) != 0;
    if (!peer)
        return true;
    fputs(" peer=(", p->out);
    if (ip.n)
        fprintf(p->out, "ip=%.*s%s", AAJ_STR_ARG(ip), port.n ? " " : "");
    if (port.n)
        fprintf(p->out, "port=%.*s", AAJ_STR_ARG(port));
    fputc(')', p->out);
    return true;
}

static bool unix_socket(const struct printer *p)
{
    struct aaj_str peer = arg(p, AAJ_UNIX_PEER_ADDR);

    if (!p->e->denied)
        return false;
    fputs("unix", p->out);
    access(p, p->e->denied, true);
    cond(p, "type", arg(p, AAJ_UNIX_TYPE));
    cond(p, "addr", arg(p, AAJ_UNIX_ADDR));
    if (peer.n)
        fprintf(p->out, " peer=(addr=%.*s)", AAJ_STR_ARG(peer));
    return true;
}

static bool peers(const struct printer *p)
{
    struct aaj_str peer = arg(p, AAJ_PEER_LABEL);

    if (aaj_str_search(peer, AAJ_STR("//null-")) < peer.n || !p->e->denied || !peer.n)
        return false;
    fputs(aaj_class_info[p->e->class].name, p->out);
    access(p, p->e->denied, false);
    if (p->e->class == AAJ_CLASS_SIGNAL)
        cond(p, "set", arg(p, AAJ_PEER_SIGNAL));
    cond(p, "peer", peer);
    return true;
}

static bool dbus(const struct printer *p)
{
    enum { TALK = 3, BIND = 4 };
    struct aaj_str label = arg(p, AAJ_DBUS_PEER_LABEL);

    fputs("dbus", p->out);
    access(p, p->e->denied, false);
    cond(p, "bus", arg(p, AAJ_DBUS_BUS));
    if (p->e->denied & BIND)
        cond(p, "name", arg(p, AAJ_DBUS_NAME));
    if (!(p->e->denied & TALK))
        return true;
    cond(p, "path", arg(p, AAJ_DBUS_PATH));
    cond(p, "interface", arg(p, AAJ_DBUS_INTERFACE));
    cond(p, "member", arg(p, AAJ_DBUS_MEMBER));
    if (label.n)
        fprintf(p->out, " peer=(label=%.*s)", AAJ_STR_ARG(label));
    return true;
}

static void options(const struct printer *p, struct aaj_str flags)
{
    const char *word[WORDS];
    char copy[1024], *save;
    size_t n = 0;

    if (p->version == UPSTREAM_3) {
        fprintf(p->out, " options=\"%.*s\"", AAJ_STR_ARG(flags));
        return;
    }
    snprintf(copy, sizeof(copy), "%.*s", AAJ_STR_ARG(flags));
    for (char *w = strtok_r(copy, ", ", &save); w && n < WORDS; w = strtok_r(NULL, ", ", &save))
        word[n++] = w;
    qsort(word, n, sizeof(*word), by_text);
    for (size_t i = 0; i < n; i++)
        fprintf(p->out, "%s%s", i ? ", " : " options=(", word[i]);
    fputc(')', p->out);
}

static bool mount(const struct printer *p)
{
    struct aaj_str point = arg(p, AAJ_MOUNT_NAME), source = arg(p, AAJ_MOUNT_SOURCE);

    if (aaj_str_eq(p->e->op, AAJ_STR("umount"))) {
        fprintf(p->out, "umount %.*s", AAJ_STR_ARG(point));
    } else if (aaj_str_eq(p->e->op, AAJ_STR("pivotroot"))) {
        fprintf(p->out, "pivot_root oldroot=%.*s %.*s", AAJ_STR_ARG(source), AAJ_STR_ARG(point));
    } else {
        fputs("mount", p->out);
        cond(p, "fstype", arg(p, AAJ_MOUNT_FSTYPE));
        if (arg(p, AAJ_MOUNT_FLAGS).n)
            options(p, arg(p, AAJ_MOUNT_FLAGS));
        fprintf(p->out, "%s%.*s -> %.*s", source.n ? " " : "", AAJ_STR_ARG(source), AAJ_STR_ARG(point));
    }
    return true;
}

static bool mqueue(const struct printer *p)
{
    struct aaj_str type = arg(p, AAJ_MQUEUE_TYPE), name = arg(p, AAJ_MQUEUE_NAME);

    fputs("mqueue", p->out);
    access(p, p->e->denied, false);
    cond(p, "type", aaj_str_head(type, aaj_str_find(type, '_')));
    if (name.n)
        fprintf(p->out, " %.*s", AAJ_STR_ARG(name));
    return true;
}

static bool rule(const struct printer *p)
{
    struct aaj_str target = arg(p, AAJ_CHANGE_TARGET);

    switch (p->e->class) {
    case AAJ_CLASS_FILE:
        return file(p);
    case AAJ_CLASS_EXEC:
        return exec(p);
    case AAJ_CLASS_NET:
        return network(p);
    case AAJ_CLASS_UNIX:
        return unix_socket(p);
    case AAJ_CLASS_SIGNAL:
    case AAJ_CLASS_PTRACE:
        return peers(p);
    case AAJ_CLASS_DBUS:
        return dbus(p);
    case AAJ_CLASS_MOUNT:
        return mount(p);
    case AAJ_CLASS_MQUEUE:
        return mqueue(p);
    case AAJ_CLASS_CAPABILITY:
        fprintf(p->out, "capability %.*s", AAJ_STR_ARG(arg(p, AAJ_CAP_NAME)));
        return true;
    case AAJ_CLASS_CHANGE_PROFILE:
        if (!target.n || (p->version == UPSTREAM_3 && aaj_str_eq(p->e->op, AAJ_STR("change_onexec"))))
            return false;
        fprintf(p->out, "change_profile -> %.*s", AAJ_STR_ARG(target));
        return true;
    case AAJ_CLASS_IO_URING:
        fputs("io_uring", p->out);
        access(p, p->e->denied, false);
        cond(p, "label", arg(p, AAJ_LABEL_TARGET));
        return true;
    case AAJ_CLASS_USERNS:
        fputs("userns create", p->out);
        return true;
    default:
        return false;
    }
}

/* ---- the profile around it ---- */

static void head(const struct printer *p, struct aaj_str name, const char *keyword)
{
    bool quotes = memchr(name.p, ' ', name.n) != NULL;

    fprintf(p->out, "%s%s%.*s%s {\n", keyword, quotes ? "\"" : "", AAJ_STR_ARG(name), quotes ? "\"" : "");
}

static void body(const struct printer *p)
{
    char *text = NULL;
    size_t n = 0;
    struct printer q = *p;

    q.out = open_memstream(&text, &n);
    if (q.out && rule(&q)) {
        fclose(q.out);
        fprintf(p->out, "%s%s,\n\n", p->indent, text);
    } else if (q.out) {
        fclose(q.out);
    }
    free(text);
}

/* Two levels, and each child is a hat. */
void upstream_profile(FILE *out, enum upstream_version version, const struct aaj_event *event,
                      struct aaj_log_record *record)
{
    size_t end = aaj_str_search(event->label, AAJ_STR("//"));
    struct aaj_str top = aaj_str_head(event->label, end), hat = aaj_str_skip(event->label, end + 2);
    struct printer p = { out, version, event, record, "  " };

    head(&p, top, top.n && top.p[0] == '/' ? "" : "profile ");
    if (hat.n) {
        fputs("\n  ", out);
        head(&p, hat, "^");
        p.indent = "    ";
        body(&p);
        fputs("  }\n", out);
    } else {
        body(&p);
    }
    fputs("}\n", out);
}
