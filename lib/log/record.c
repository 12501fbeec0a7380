/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A payload into its keys, and the values of keys. */
#include "log/record.h"

#include <errno.h>

#include "log/scan.h"

enum { KEY_MAX = 16, SAME_LENGTH = 14 };

struct key_name {
    char name[KEY_MAX];
    uint8_t key;
};

/* By length of the name. Names that mean the same share a key, as in libapparmor's grammar.y. */
static const struct key_name names[KEY_MAX][SAME_LENGTH] = {
    [3] = { { "pid", AAJ_KEY_PID }, { "bus", AAJ_KEY_BUS }, { "src", AAJ_KEY_LPORT },
            { "exe", AAJ_KEY_COMM }, { "uid", AAJ_KEY_IGNORED }, { "ses", AAJ_KEY_IGNORED },
            { "res", AAJ_KEY_IGNORED }, { "UID", AAJ_KEY_IGNORED } },
    [4] = { { "name", AAJ_KEY_NAME }, { "comm", AAJ_KEY_COMM }, { "ouid", AAJ_KEY_OUID },
            { "info", AAJ_KEY_INFO }, { "peer", AAJ_KEY_PEER }, { "mask", AAJ_KEY_DENIED },
            { "addr", AAJ_KEY_ADDR }, { "path", AAJ_KEY_PATH }, { "dest", AAJ_KEY_FPORT },
            { "type", AAJ_KEY_TYPE }, { "task", AAJ_KEY_TASK }, { "OUID", AAJ_KEY_IGNORED },
            { "auid", AAJ_KEY_IGNORED }, { "AUID", AAJ_KEY_IGNORED } },
    [5] = { { "class", AAJ_KEY_CLASS }, { "fsuid", AAJ_KEY_FSUID }, { "error", AAJ_KEY_ERROR },
            { "laddr", AAJ_KEY_LADDR }, { "lport", AAJ_KEY_LPORT }, { "faddr", AAJ_KEY_FADDR },
            { "fport", AAJ_KEY_FPORT }, { "saddr", AAJ_KEY_LADDR }, { "daddr", AAJ_KEY_FADDR },
            { "flags", AAJ_KEY_FLAGS }, { "label", AAJ_KEY_PROFILE }, { "name2", AAJ_KEY_TARGET },
            { "value", AAJ_KEY_VALUE }, { "FSUID", AAJ_KEY_IGNORED } },
    [6] = { { "family", AAJ_KEY_FAMILY }, { "target", AAJ_KEY_TARGET }, { "denied", AAJ_KEY_DENIED },
            { "signal", AAJ_KEY_SIGNAL }, { "parent", AAJ_KEY_PARENT }, { "fstype", AAJ_KEY_FSTYPE },
            { "member", AAJ_KEY_MEMBER }, { "method", AAJ_KEY_MEMBER }, { "rlimit", AAJ_KEY_RLIMIT },
            { "offset", AAJ_KEY_IGNORED }, { "active", AAJ_KEY_IGNORED } },
    [7] = { { "profile", AAJ_KEY_PROFILE }, { "capname", AAJ_KEY_NAME }, { "srcname", AAJ_KEY_SRCNAME } },
    [8] = { { "apparmor", AAJ_KEY_APPARMOR }, { "protocol", AAJ_KEY_PROTOCOL },
            { "peer_pid", AAJ_KEY_PEER_PID }, { "execpath", AAJ_KEY_EXECPATH },
            { "tcontext", AAJ_KEY_PEER_PROFILE }, { "hostname", AAJ_KEY_IGNORED },
            { "terminal", AAJ_KEY_IGNORED } },
    [9] = { { "operation", AAJ_KEY_OPERATION }, { "sock_type", AAJ_KEY_SOCK_TYPE },
            { "requested", AAJ_KEY_REQUESTED }, { "peer_addr", AAJ_KEY_PEER_ADDR },
            { "namespace", AAJ_KEY_NAMESPACE }, { "interface", AAJ_KEY_INTERFACE },
            { "attribute", AAJ_KEY_ATTRIBUTE } },
    [10] = { { "capability", AAJ_KEY_CAPABILITY }, { "peer_label", AAJ_KEY_PEER_PROFILE } },
    [11] = { { "denied_mask", AAJ_KEY_DENIED }, { "magic_token", AAJ_KEY_TOKEN } },
    [12] = { { "peer_profile", AAJ_KEY_PEER_PROFILE } },
    [14] = { { "requested_mask", AAJ_KEY_REQUESTED } },
};

static enum aaj_log_key key_of(const char *p, size_t n)
{
    char name[KEY_MAX] = { 0 };

    if (n >= KEY_MAX)
        return AAJ_KEY_UNKNOWN;
    memcpy(name, p, n);
    for (const struct key_name *k = names[n]; k < names[n] + SAME_LENGTH && k->key; k++)
        if (memcmp(k->name, name, KEY_MAX) == 0)
            return k->key;
    return n == 5 && memcmp(p, "sauid", 5) == 0 ? AAJ_KEY_IGNORED : AAJ_KEY_UNKNOWN;
}

const char aaj_log_why_cut[] = "the closing quote is missing: the record was cut";

static int refuse(struct aaj_log_record *record, const char *at, const char *why)
{
    record->at = at;
    record->why = why;
    return -EINVAL;
}

static void keep(struct aaj_log_record *record, struct aaj_str name, struct aaj_str value, bool quoted)
{
    enum aaj_log_key key = key_of(name.p, name.n);

    if (key == AAJ_KEY_IGNORED)
        return;
    if (key == AAJ_KEY_UNKNOWN) {
        if (record->n_unknown < AAJ_LOG_UNKNOWN_KEYS) {
            record->unknown[record->n_unknown].key = name;
            record->unknown[record->n_unknown].value = value;
            record->n_unknown++;
        }
        return;
    }
    record->val[key] = value;
    record->seen |= 1ull << key;
    record->quoted = (record->quoted & ~(1ull << key)) | (uint64_t)quoted << key;
}

int aaj_log_record_parse(const struct aaj_log_head *head, struct aaj_log_record *record)
{
    const char *p = head->payload.p, *end = p + head->payload.n, *stop;
    bool wrapped = head->type == AAJ_AUDIT_USER_AVC;

    record->seen = record->quoted = 0;
    record->n_unknown = 0;
    record->scratch_used = 0;
    for (;;) {
        struct aaj_str name, value;

        while (p < end && aaj_is_blank(*p))
            p++;
        if (p >= end)
            return 0;
        name.p = p;
        while (p < end && *p != '=' && !aaj_is_blank(*p))
            p++;
        name.n = (size_t)(p - name.p);
        if (p >= end || *p != '=') {
            if (wrapped && name.n == 1 && name.p[0] == '\'')
                return 0; /* the end of msg='…' */
            return refuse(record, name.p, "a word without a value");
        }
        p++;
        if (p < end && *p == '"') {
            stop = aaj_scan_byte(p + 1, end, '"');
            if (stop >= end)
                return refuse(record, p, aaj_log_why_cut);
            value = (struct aaj_str){ p + 1, (size_t)(stop - p - 1) };
            p = stop + 1;
            keep(record, name, value, true);
        } else {
            stop = aaj_scan_blank(p, end);
            value = (struct aaj_str){ p, (size_t)(stop - p) };
            p = stop;
            if (wrapped && value.n && value.p[value.n - 1] == '\'') {
                value.n--;
                keep(record, name, value, false);
                return 0;
            }
            keep(record, name, value, false);
        }
        if (wrapped && p < end && *p == '\'')
            return 0;
    }
}

const char *aaj_log_operation(struct aaj_str payload)
{
    static const char mark[] = "operation=\"";
    enum { MARK = sizeof(mark) - 1, MODE = 10 /* behind apparmor=" */ };
    const char *p = payload.p, *end = p + payload.n;

    if (payload.n > MODE + MARK && *p == 'a') {
        p = aaj_scan_byte(p + MODE, end, '"');
        p += end - p < 2 ? 0 : 2;
    }
    return end - p > MARK && memcmp(p, mark, MARK) == 0 ? p + MARK : NULL;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Values that the kernel writes through audit_log_untrustedstring(): quoted, or upper-case hex. */
#define BIT(key) (1ull << (key))
static const uint64_t untrusted = BIT(AAJ_KEY_PROFILE) | BIT(AAJ_KEY_NAME) | BIT(AAJ_KEY_TARGET) |
                                  BIT(AAJ_KEY_NAMESPACE) | BIT(AAJ_KEY_PEER) | BIT(AAJ_KEY_PEER_PROFILE) |
                                  BIT(AAJ_KEY_SRCNAME) | BIT(AAJ_KEY_COMM) | BIT(AAJ_KEY_EXECPATH) |
                                  BIT(AAJ_KEY_ADDR) | BIT(AAJ_KEY_PEER_ADDR) | BIT(AAJ_KEY_INFO) |
                                  BIT(AAJ_KEY_FSTYPE);
#undef BIT

static bool decode_hex(struct aaj_log_record *record, struct aaj_str *v)
{
    char *out = record->scratch + record->scratch_used;

    if (v->n < 2 || v->n % 2)
        return false;
    for (size_t i = 0; i < v->n; i += 2) {
        int hi = hex_digit(v->p[i]), lo = hex_digit(v->p[i + 1]);

        if (hi < 0 || lo < 0)
            return false;
        out[i / 2] = (char)(hi << 4 | lo);
    }
    *v = (struct aaj_str){ out, v->n / 2 };
    record->scratch_used += v->n;
    return true;
}

struct aaj_str aaj_log_value(struct aaj_log_record *record, enum aaj_log_key key)
{
    static const struct aaj_str unset[] = { AAJ_STR_INIT("?"), AAJ_STR_INIT("none"), AAJ_STR_INIT("(null)") };
    struct aaj_str v;

    if (!aaj_log_has(record, key))
        return (struct aaj_str){ "", 0 };
    v = record->val[key];
    if (record->quoted >> key & 1)
        return v;
    for (size_t i = 0; i < 3; i++)
        if (aaj_str_eq(v, unset[i]))
            return (struct aaj_str){ "", 0 };
    if (untrusted >> key & 1)
        decode_hex(record, &v);
    return v;
}

bool aaj_log_number(struct aaj_str text, uint64_t *ret_value)
{
    uint64_t v = 0;

    if (text.n == 0 || text.n > 18)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    }
    *ret_value = v;
    return true;
}
