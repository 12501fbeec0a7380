/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/path.h"

#include "log/field.h"
#include "log/scan.h"

static struct aaj_str field(struct aaj_str text, struct aaj_str key)
{
    return aaj_log_field(text, key).value;
}

/* "0104755": type and mode in octal. */
static bool octal(struct aaj_str s, uint32_t *ret)
{
    uint32_t v = 0;

    if (s.n < 5 || s.n > 8)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7')
            return false;
        v = v << 3 | (uint32_t)(s.p[i] - '0');
    }
    *ret = v;
    return true;
}

bool aaj_path_has_caps(struct aaj_str path)
{
    struct aaj_str caps = field(path, AAJ_STR(" cap_fp="));

    for (size_t i = 0; i < caps.n; i++)
        if (caps.p[i] != '0')
            return true;
    return false;
}

enum { TYPE_MASK = 0170000, TYPE_REGULAR = 0100000, SETUID_OR_SETGID = 06000 };

static bool is_privileged(struct aaj_str path, uint32_t *ret_mode)
{
    return octal(field(path, AAJ_STR(" mode=")), ret_mode) && (*ret_mode & TYPE_MASK) == TYPE_REGULAR &&
           (*ret_mode & SETUID_OR_SETGID || aaj_path_has_caps(path));
}

bool aaj_path_is_privileged(struct aaj_str line)
{
    enum { ITEM_WITHIN = 72 }; /* behind the longest id */
    static const struct aaj_str start = AAJ_STR_INIT("type=PATH msg=audit("), item = AAJ_STR_INIT(": item=0 ");
    const char *p = line.p + start.n, *end = line.p + ITEM_WITHIN;
    uint32_t mode;

    if (line.n <= ITEM_WITHIN || !aaj_str_starts(line, start))
        return false;
    p = aaj_scan_byte(p, end, ')') + 1;
    return end - p >= (ptrdiff_t)item.n && memcmp(p, item.p, item.n) == 0 && is_privileged(line, &mode);
}

/* name= of a payload, decoded; empty where there is none. */
static struct aaj_str name_of(struct aaj_str payload, char *scratch, bool exec)
{
    struct aaj_log_head head = { .line = payload, .payload = payload, .type = AAJ_AUDIT_AVC };
    struct aaj_log_record record = { .scratch = scratch };

    if (aaj_log_record_parse(&head, &record) < 0 ||
        (exec && !aaj_str_eq(aaj_log_value(&record, AAJ_KEY_OPERATION), AAJ_STR("exec"))))
        return (struct aaj_str){ "", 0 };
    return aaj_log_value(&record, AAJ_KEY_NAME);
}

/* Each part of @path to what is in @buf; ".." takes the last one away. */
static size_t add_parts(char *buf, size_t n, struct aaj_str path)
{
    while (path.n) {
        struct aaj_str part = aaj_str_head(path, aaj_str_find(path, '/'));

        path = aaj_str_skip(path, part.n + 1);
        if (!part.n || aaj_str_eq(part, AAJ_STR(".")))
            continue;
        if (aaj_str_eq(part, AAJ_STR(".."))) {
            while (n && buf[--n] != '/')
                ;
            continue;
        }
        buf[n++] = '/';
        memmove(buf + n, part.p, part.n);
        n += part.n;
    }
    return n;
}

struct aaj_str aaj_path_absolute(struct aaj_str cwd, struct aaj_str name, char *buf)
{
    bool absolute = name.n && name.p[0] == '/', directory = name.n && name.p[name.n - 1] == '/';
    size_t n = 0;

    if (!name.n || (!absolute && (!cwd.n || cwd.p[0] != '/')))
        return (struct aaj_str){ "", 0 };
    if (!absolute)
        n = add_parts(buf, n, cwd);
    n = add_parts(buf, n, name);
    if (!n || directory)
        buf[n++] = '/';
    return (struct aaj_str){ buf, n };
}

int aaj_path_fact(struct aaj_str path, struct aaj_str exec, struct aaj_str cwd, char *scratch, struct aaj_fact *ret)
{
    struct aaj_str said = name_of(path, scratch, false), run = name_of(exec, scratch + path.n, true), from;
    uint64_t uid, gid;
    uint32_t mode;

    if (cwd.n && said.n && said.p[0] != '/') {
        from = aaj_log_text(aaj_log_field(cwd, AAJ_STR("cwd=")), scratch + path.n + exec.n);
        said = aaj_path_absolute(from, said, scratch + path.n + exec.n + cwd.n);
    }
    if (!run.n || run.p[0] != '/' || !aaj_str_eq(said, run) || !is_privileged(path, &mode) ||
        !aaj_log_number(field(path, AAJ_STR(" ouid=")), &uid) || !aaj_log_number(field(path, AAJ_STR(" ogid=")), &gid) ||
        uid >= AAJ_UID_NONE || gid >= AAJ_UID_NONE)
        return 0;
    *ret = (struct aaj_fact){ .path = run, .type = 'f', .mode = (uint16_t)(mode & 07777), .uid = (uint32_t)uid,
                              .gid = (uint32_t)gid, .bits = aaj_fact_mode_bits((uint16_t)(mode & 07777), 'f') };
    if (aaj_path_has_caps(path))
        ret->bits |= AAJ_FACT_CAPS | AAJ_FACT_CAPS_KNOWN;
    return 1;
}
