/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Permission letters and words. */
#include <errno.h>
#include <string.h>

#include "policy/parser.h"

/* p, c and what may follow, in lower case; @scrub is told by the first letter's case (parser_misc.c). */
static size_t read_exec(struct aaj_str s, enum aaj_exec *ret_exec, bool *ret_scrub)
{
    char c[3] = { 0 };

    for (size_t i = 0; i < 3 && i < s.n; i++)
        c[i] = (char)(s.p[i] | 0x20);
    *ret_scrub = s.p[0] >= 'A' && s.p[0] <= 'Z' && c[0] != 'i';
    if (c[0] == 'i' || c[0] == 'u') {
        *ret_exec = c[0] == 'i' ? AAJ_EXEC_IX : AAJ_EXEC_UX;
        return 2;
    }
    if (c[1] == 'x') {
        *ret_exec = c[0] == 'p' ? AAJ_EXEC_PX : AAJ_EXEC_CX;
        return 2;
    }
    if (c[1] == 'i')
        *ret_exec = c[0] == 'p' ? AAJ_EXEC_PIX : AAJ_EXEC_CIX;
    else
        *ret_exec = c[0] == 'p' ? AAJ_EXEC_PUX : AAJ_EXEC_CUX;
    return 3;
}

static uint32_t letter_bit(char c)
{
    switch (c | 0x20) {
    case 'r':
        return AAJ_MAY_READ;
    case 'w':
        return AAJ_MAY_WRITE;
    case 'a':
        return AAJ_MAY_APPEND;
    case 'l':
        return AAJ_MAY_LINK;
    case 'k':
        return AAJ_MAY_LOCK;
    case 'm':
        return AAJ_MAY_MMAP;
    default:
        return AAJ_MAY_EXEC;
    }
}

static int add_exec(struct aaj_parser *ps, struct aaj_file_rule *rule, struct aaj_str at, size_t *ret_n)
{
    enum aaj_exec exec;
    bool scrub;

    *ret_n = read_exec(at, &exec, &scrub);
    /* The same again is fine; 'ix' may also follow a bare x. */
    if (exec == AAJ_EXEC_IX ? rule->exec != AAJ_EXEC_NONE && rule->exec != AAJ_EXEC_IX
                            : rule->perms & AAJ_MAY_EXEC && (rule->exec != exec || rule->scrub != scrub))
        return aaj_parser_error(ps, ps->tok.start, ps->tok.end,
                                "one rule cannot have two different exec permissions");
    rule->exec = exec;
    rule->scrub = scrub;
    rule->perms |= AAJ_MAY_EXEC;
    return 0;
}

int aaj_parse_file_perms(struct aaj_parser *ps, struct aaj_file_rule *rule)
{
    struct aaj_str s = aaj_token_str(&ps->lx, &ps->tok);
    size_t n;
    int r;

    while (s.n) {
        if (strchr("iupcIUPC", s.p[0])) {
            r = add_exec(ps, rule, s, &n);
            if (r < 0)
                return r;
            s = aaj_str_skip(s, n);
            continue;
        }
        rule->perms |= letter_bit(s.p[0]);
        s = aaj_str_skip(s, 1);
        if (rule->perms & AAJ_MAY_WRITE && rule->perms & AAJ_MAY_APPEND)
            return aaj_parser_error(ps, ps->tok.start, ps->tok.end, "'w' holds 'a' already; a rule has one of them");
    }
    aaj_parser_advance(ps);
    return 0;
}

struct word {
    const char *word, *means; /* means: the canonical word; NULL: itself */
};

static const struct word net_words[] = { { "create" },  { "bind" },    { "connect" }, { "listen" },
                                         { "accept" },  { "send" },    { "receive" }, { "getattr" },
                                         { "setattr" }, { "getopt" },  { "setopt" },  { "shutdown" },
                                         { "read", "receive" }, { "write", "send" }, { 0 } };
static const struct word dbus_words[] = { { "send" },  { "receive" }, { "bind" }, { "eavesdrop" },
                                          { "read", "receive" }, { "write", "send" }, { 0 } };
static const struct word signal_words[] = { { "send" }, { "receive" }, { "read", "receive" }, { "write", "send" }, { 0 } };
static const struct word ptrace_words[] = { { "read" }, { "trace" }, { "readby" }, { "tracedby" },
                                            { "write", "trace" }, { 0 } };
static const struct word mqueue_words[] = { { "create" }, { "open" },    { "delete" },  { "read" },
                                            { "write" },  { "getattr" }, { "setattr" }, { 0 } };
static const struct word io_uring_words[] = { { "sqpoll" }, { "override_creds" }, { 0 } };
static const struct word userns_words[] = { { "create", "userns_create" }, { 0 } };

static const struct word *words_of(enum aaj_rule_kind kind)
{
    switch (kind) {
    case AAJ_RULE_NETWORK:
    case AAJ_RULE_UNIX:
        return net_words;
    case AAJ_RULE_DBUS:
        return dbus_words;
    case AAJ_RULE_SIGNAL:
        return signal_words;
    case AAJ_RULE_PTRACE:
        return ptrace_words;
    case AAJ_RULE_MQUEUE:
        return mqueue_words;
    case AAJ_RULE_IO_URING:
        return io_uring_words;
    default:
        return userns_words;
    }
}

static uint32_t mask_bit(enum aaj_rule_kind kind, const char *word)
{
    const char *const *mask = aaj_class_info[aaj_rule_class(kind)].mask_word;

    for (unsigned i = 0; mask[i]; i++)
        if (strcmp(mask[i], word) == 0)
            return 1u << i;
    return 0;
}

bool aaj_access_word(enum aaj_rule_kind kind, struct aaj_str word, uint32_t *ret_perms)
{
    for (const struct word *w = words_of(kind); w->word; w++)
        if (aaj_str_eq(word, aaj_str_c(w->word))) {
            *ret_perms |= mask_bit(kind, w->means ? w->means : w->word);
            return true;
        }
    return false;
}

/* r, w, rw, wr and their capitals. */
bool aaj_access_letters(enum aaj_rule_kind kind, struct aaj_str word, uint32_t *ret_perms)
{
    uint32_t perms = 0;

    if (kind == AAJ_RULE_USERNS || kind == AAJ_RULE_IO_URING || word.n == 0)
        return false;
    for (size_t i = 0; i < word.n; i++) {
        char c = (char)(word.p[i] | 0x20);

        if (c == 'r')
            aaj_access_word(kind, AAJ_STR("read"), &perms);
        else if (c == 'w')
            aaj_access_word(kind, AAJ_STR("write"), &perms);
        else
            return false;
    }
    *ret_perms |= perms;
    return true;
}
