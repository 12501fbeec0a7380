/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Canonical JSON Lines into a recording. What this version does not know is kept. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/grow.h"
#include "log/argv.h"
#include "recording/impl.h"

enum { DEPTH = 8, VERSION = 1 };

struct reading {
    struct aaj_recording *rec;
    struct aaj_diags *diags;
    struct aaj_str file, line;
    uint32_t line_no;
    struct aaj_arena arena; /* of one line */
    struct json_tokener *tok;
    bool bad;
};

static int refuse(struct reading *in, const char *why, const char *key)
{
    struct aaj_loc loc = { .file = in->file, .line = in->line_no };

    aaj_diag_add(in->diags, AAJ_ERROR, "recording-syntax", loc, (struct aaj_str){ "", 0 }, "%s%s%s", why,
                 *key ? ": " : "", key);
    in->bad = true;
    return -EINVAL;
}

static struct json_object *get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    json_object_object_get_ex(o, key, &v);
    return v;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int from_hex(struct reading *in, struct json_object *v, const char *key, struct aaj_str *ret)
{
    const char *p = json_object_get_string(v);
    size_t n = (size_t)json_object_get_string_len(v);
    char *out = aaj_arena_alloc(&in->arena, n / 2 + 1);

    if (!out)
        return -ENOMEM;
    if (n % 2)
        return refuse(in, "an odd number of hex digits", key);
    for (size_t i = 0; i < n; i += 2) {
        int hi = hex_digit(p[i]), lo = hex_digit(p[i + 1]);

        if (hi < 0 || lo < 0)
            return refuse(in, "not a hex digit", key);
        out[i / 2] = (char)(hi << 4 | lo);
    }
    *ret = (struct aaj_str){ out, n / 2 };
    return 0;
}

/* A string or {"hex":"…"}; empty when it is not there. The bytes live as long as the line. */
static int name_of(struct reading *in, struct json_object *o, const char *key, struct aaj_str *ret)
{
    struct json_object *v = get(o, key);

    *ret = (struct aaj_str){ "", 0 };
    if (!v)
        return 0;
    if (json_object_is_type(v, json_type_string)) {
        *ret = (struct aaj_str){ json_object_get_string(v), (size_t)json_object_get_string_len(v) };
        return 0;
    }
    v = json_object_is_type(v, json_type_object) ? get(v, "hex") : NULL;
    if (!json_object_is_type(v, json_type_string))
        return refuse(in, "expected a string or {\"hex\":\"…\"}", key);
    return from_hex(in, v, key, ret);
}

static int id_of(struct reading *in, struct json_object *o, const char *key, uint32_t *ret)
{
    struct aaj_str s;
    int r = name_of(in, o, key, &s);

    return r < 0 ? r : aaj_intern_add(&in->rec->strings, s, ret);
}

static int number_of(struct reading *in, struct json_object *o, const char *key, uint64_t *ret)
{
    struct json_object *v = get(o, key);

    *ret = 0;
    if (!v)
        return 0;
    if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0)
        return refuse(in, "expected a number that is not negative", key);
    *ret = json_object_get_uint64(v);
    return 0;
}

static int count_of(struct reading *in, struct json_object *o, const char *key, uint32_t *ret)
{
    uint64_t v = 0;
    int r = number_of(in, o, key, &v);

    *ret = saturate(v);
    return r;
}

static int time_of(struct reading *in, struct json_object *o, const char *key, int64_t *ret)
{
    uint64_t v = 0;
    int r = number_of(in, o, key, &v);

    *ret = v > INT64_MAX / 2 ? 0 : (int64_t)v;
    return r;
}

static int day_of(struct reading *in, struct json_object *o, int32_t *ret)
{
    struct aaj_str s;
    int64_t ms;
    char text[24];
    int r = name_of(in, o, "day", &s);

    *ret = AAJ_DAY_NONE;
    if (r < 0 || s.n == 0)
        return r;
    if (s.n != 10)
        return refuse(in, "expected YYYY-MM-DD", "day");
    memcpy(text, s.p, 10);
    memcpy(text + 10, "T00:00:00Z", 11);
    if (aaj_log_date_parse((struct aaj_str){ text, 20 }, &ms) != 20)
        return refuse(in, "expected YYYY-MM-DD", "day");
    *ret = (int32_t)(ms / 86400000);
    return 0;
}

static int source_key_of(struct reading *in, struct json_object *o, struct source_key *key)
{
    struct aaj_str channel;
    int r = id_of(in, o, "host", &key->host);

    if (r == 0)
        r = id_of(in, o, "boot", &key->boot);
    if (r == 0)
        r = day_of(in, o, &key->day);
    if (r == 0)
        r = name_of(in, o, "channel", &channel);
    if (r < 0)
        return r;
    for (key->channel = 0; key->channel < AAJ_CHANNEL_COUNT; key->channel++)
        if (aaj_str_eq(channel, aaj_str_c(aaj_channel_name[key->channel])))
            return 0;
    return refuse(in, "there are the channels audit, kernel, user and syscalls", "channel");
}

static int mask_of(struct reading *in, struct json_object *o, const char *key, uint32_t class, uint32_t *ret)
{
    struct aaj_str s;
    int half, r = name_of(in, o, key, &s);

    *ret = 0;
    if (r < 0)
        return r;
    aaj_log_mask(class, s, ret, &half); /* "?" gives AAJ_MASK_UNKNOWN back */
    return 0;
}

static int evidence_of(struct reading *in, struct json_object *o, struct evidence *ev, struct source_key *key)
{
    struct json_object *uids = get(o, "fsuid");
    int r = source_key_of(in, o, key);

    *ev = (struct evidence){ .fsuid_min = AAJ_UID_NONE, .fsuid_max = AAJ_UID_NONE };
    for (unsigned k = 0; k < KINDS && r == 0; k++)
        r = count_of(in, o, recording_kind_name[k], &ev->count[k]);
    if (r == 0)
        r = time_of(in, o, "first", &ev->first_ms);
    if (r == 0)
        r = time_of(in, o, "last", &ev->last_ms);
    if (r == 0 && uids) {
        if (!json_object_is_type(uids, json_type_array) || json_object_array_length(uids) != 2)
            return refuse(in, "expected [smallest, greatest]", "fsuid");
        ev->fsuid_min = saturate(json_object_get_uint64(json_object_array_get_idx(uids, 0)));
        ev->fsuid_max = saturate(json_object_get_uint64(json_object_array_get_idx(uids, 1)));
    }
    return r;
}

static int access_seen(struct reading *in, struct json_object *o, uint32_t entry)
{
    struct json_object *seen = get(o, "seen");
    struct evidence_list *list = &in->rec->from;
    struct source_key key;
    int r = 0;

    list->n = 0;
    if (!json_object_is_type(seen, json_type_array))
        return refuse(in, "an access needs the array", "seen");
    for (size_t i = 0; r == 0 && i < json_object_array_length(seen); i++) {
        struct json_object *one = json_object_array_get_idx(seen, i);

        if (!json_object_is_type(one, json_type_object))
            return refuse(in, "expected objects", "seen");
        if (AAJ_GROW(list->item, list->n, list->cap) < 0)
            return -ENOMEM;
        r = evidence_of(in, one, &list->item[list->n], &key);
        if (r == 0)
            r = recording_source(in->rec, &key, &list->item[list->n++].source);
    }
    if (list->n > 1)
        recording_make_distinct(list);
    return r < 0 ? r : recording_join(in->rec, entry, list, false);
}

static int access_sample(struct reading *in, struct json_object *o, uint32_t entry)
{
    struct json_object *at = get(o, "at");
    struct aaj_str line;
    int64_t ms = 0;
    uint64_t serial = 0;
    int r = name_of(in, o, "sample", &line);

    if (r < 0 || line.n == 0)
        return r;
    if (json_object_is_type(at, json_type_array) && json_object_array_length(at) == 2) {
        ms = json_object_get_int64(json_object_array_get_idx(at, 0));
        serial = json_object_get_uint64(json_object_array_get_idx(at, 1));
    }
    return recording_sample(in->rec, entry, &(struct sample){ ms < 0 ? 0 : ms, serial, line }, NULL);
}

static bool is_known_member(const struct aaj_class_info *info, const char *key)
{
    static const char *const known[] = { "kind", "class", "label", "op", "requested", "denied",
                                         "info", "seen",  "at",    "sample" };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i], key) == 0)
            return true;
    for (unsigned a = 0; a < AAJ_ARGS && info->arg[a]; a++)
        if (strcmp(info->arg[a], key) == 0)
            return true;
    return false;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of @o that are not known, sorted, as one object in text. */
static int access_extra(struct reading *in, struct json_object *o, const struct aaj_class_info *info, uint32_t entry)
{
    const char *keys[64];
    struct json_object *extra;
    const char *text;
    size_t n = 0;
    int r;

    json_object_object_foreach(o, key, value) {
        (void)value;
        if (!is_known_member(info, key) && n < 64)
            keys[n++] = key;
    }
    if (n == 0)
        return 0;
    qsort(keys, n, sizeof(keys[0]), by_key);
    extra = json_object_new_object();
    if (!extra)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        json_object_object_add(extra, keys[i], json_object_get(get(o, keys[i])));
    text = json_object_to_json_string_ext(extra, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    r = text ? recording_extra(in->rec, entry, aaj_str_c(text)) : -ENOMEM;
    json_object_put(extra);
    return r;
}

static int read_access(struct reading *in, struct json_object *o)
{
    struct access_key key = { 0 };
    const struct aaj_class_info *info;
    struct aaj_str name;
    uint32_t entry, class = 0;
    int r = name_of(in, o, "class", &name);

    if (r < 0)
        return r;
    while (class < AAJ_CLASS_COUNT && !aaj_str_eq(name, aaj_str_c(aaj_class_info[class].name)))
        class++;
    if (class == AAJ_CLASS_COUNT) /* of a later version */
        return recording_extra_line(in->rec, in->line);
    info = &aaj_class_info[class];
    key.word[WORD_CLASS] = class;
    r = id_of(in, o, "label", &key.word[WORD_LABEL]);
    if (r == 0)
        r = id_of(in, o, "op", &key.word[WORD_OP]);
    if (r == 0)
        r = id_of(in, o, "info", &key.word[WORD_INFO]);
    for (unsigned a = 0; r == 0 && a < AAJ_ARGS && info->arg[a]; a++)
        r = id_of(in, o, info->arg[a], &key.word[WORD_ARG + a]);
    if (r == 0)
        r = mask_of(in, o, "requested", class, &key.word[WORD_REQUESTED]);
    if (r == 0)
        r = mask_of(in, o, "denied", class, &key.word[WORD_DENIED]);
    if (r == 0)
        r = recording_entry_of(in->rec, &key, &entry);
    if (r == 0)
        r = access_seen(in, o, entry);
    if (r == 0)
        r = access_sample(in, o, entry);
    return r < 0 ? r : access_extra(in, o, info, entry);
}

static int read_input(struct reading *in, struct json_object *o)
{
    struct input i = { 0 };
    int r = number_of(in, o, "lines", &i.lines);

    if (r == 0)
        r = number_of(in, o, "used", &i.used);
    if (r == 0)
        r = number_of(in, o, "irrelevant", &i.irrelevant);
    if (r == 0)
        r = number_of(in, o, "reported", &i.reported);
    if (r == 0)
        r = number_of(in, o, "bytes", &i.bytes);
    if (r == 0)
        r = time_of(in, o, "first", &i.first_ms);
    if (r == 0)
        r = time_of(in, o, "last", &i.last_ms);
    return r < 0 ? r : recording_input(in->rec, &i);
}

static int read_source(struct reading *in, struct json_object *o)
{
    struct source s = { 0 };
    int r = source_key_of(in, o, &s.key);

    if (r == 0)
        r = number_of(in, o, "events", &s.events);
    if (r == 0)
        r = time_of(in, o, "first", &s.first_ms);
    if (r == 0)
        r = time_of(in, o, "last", &s.last_ms);
    return r < 0 ? r : recording_join_source(in->rec, &s, false);
}

static int read_loss(struct reading *in, struct json_object *o)
{
    struct loss l = { 0 };
    int r = source_key_of(in, o, &l.key);

    if (r == 0)
        r = id_of(in, o, "what", &l.what);
    if (r == 0)
        r = number_of(in, o, "count", &l.count);
    if (r == 0)
        r = time_of(in, o, "first", &l.first_ms);
    if (r == 0)
        r = time_of(in, o, "last", &l.last_ms);
    l.covered = json_object_get_boolean(get(o, "covered"));
    return r < 0 ? r : recording_loss(in->rec, &l, false);
}

static int read_key(struct reading *in, struct json_object *o)
{
    struct aaj_str key, value;
    int r = name_of(in, o, "key", &key);

    if (r == 0)
        r = name_of(in, o, "value", &value);
    return r < 0 ? r : recording_unknown(in->rec, key, value);
}

static int read_file(struct reading *in, struct json_object *o)
{
    struct aaj_fact fact = { 0 };
    struct aaj_str type, mode;
    struct json_object *caps = get(o, "caps");
    int r = name_of(in, o, "path", &fact.path);

    if (r == 0)
        r = name_of(in, o, "type", &type);
    if (r == 0)
        r = name_of(in, o, "mode", &mode);
    if (r == 0)
        r = count_of(in, o, "uid", &fact.uid);
    if (r == 0)
        r = count_of(in, o, "gid", &fact.gid);
    if (r == 0)
        r = name_of(in, o, "target", &fact.target);
    if (r == 0)
        r = name_of(in, o, "interp", &fact.interp);
    if (r < 0)
        return r;
    if (fact.path.n == 0 || fact.path.p[0] != '/' || type.n > 1)
        return refuse(in, "a file needs an absolute path and a type of one letter", "path");
    fact.type = type.n ? type.p[0] : 0;
    for (size_t i = 0; i < mode.n && i < 4 && mode.p[i] >= '0' && mode.p[i] <= '7'; i++)
        fact.mode = (uint16_t)((fact.mode << 3) | (mode.p[i] - '0'));
    fact.bits = (fact.mode & 04000 ? AAJ_FACT_SETUID : 0) | (fact.mode & 02000 ? AAJ_FACT_SETGID : 0) |
                (fact.mode & 0111 ? AAJ_FACT_EXEC : 0) | (fact.mode & 04 ? AAJ_FACT_WORLD_READ : 0);
    if (caps)
        fact.bits |= AAJ_FACT_CAPS_KNOWN | (json_object_get_boolean(caps) ? AAJ_FACT_CAPS : 0u);
    r = recording_fact(in->rec, &fact);
    return r == -EINVAL ? refuse(in, "not a path that can be kept", "path") : r;
}

/* A word of @words at @n of @argv, which has room for it and a NUL. */
static int read_word(struct reading *in, struct json_object *word, char *argv, size_t *n)
{
    struct json_object *o = json_object_new_object();
    struct aaj_str text;
    int r;

    if (!o)
        return -ENOMEM;
    json_object_object_add(o, "argv", json_object_get(word));
    r = name_of(in, o, "argv", &text);
    if (r == 0 && (aaj_str_find(text, '\0') < text.n || *n + text.n + 1 > AAJ_ARGV_MAX))
        r = refuse(in, "a word holds NUL, or there are more and longer words than are kept", "argv");
    if (r == 0) {
        memcpy(argv + *n, text.p, text.n);
        *n += text.n;
        argv[(*n)++] = '\0';
    }
    json_object_put(o);
    return r;
}

static int read_command(struct reading *in, struct json_object *o)
{
    struct json_object *words = get(o, "argv");
    struct aaj_str label, name;
    char argv[AAJ_ARGV_MAX];
    size_t n = 0;
    int r = name_of(in, o, "label", &label);

    if (r == 0)
        r = name_of(in, o, "name", &name);
    if (r == 0 && (!json_object_is_type(words, json_type_array) || json_object_array_length(words) == 0))
        return refuse(in, "a command needs an array of words", "argv");
    for (size_t i = 0; r == 0 && i < json_object_array_length(words); i++)
        r = read_word(in, json_object_array_get_idx(words, i), argv, &n);
    return r < 0 ? r : recording_command(in->rec, label, name, (struct aaj_str){ argv, n - 1 });
}

/* Derived; kept for who reads a head alone, made anew by every write. */
static int read_label(struct reading *in, struct json_object *o)
{
    struct aaj_recording *rec = in->rec;
    struct head_label label = { 0 };
    int r = id_of(in, o, "label", &label.label);

    if (r == 0)
        r = number_of(in, o, "accesses", &label.accesses);
    if (r < 0)
        return r;
    if (AAJ_GROW(rec->head_label, rec->n_head_labels, rec->cap_head_labels) < 0)
        return -ENOMEM;
    rec->head_label[rec->n_head_labels++] = label;
    return 0;
}

int aaj_recording_head_labels(const struct aaj_recording *rec, struct aaj_head_label **ret_label, size_t *ret_n)
{
    struct aaj_head_label *label = calloc(rec->n_head_labels + 1, sizeof(*label));

    if (!label)
        return -ENOMEM;
    for (size_t i = 0; i < rec->n_head_labels; i++)
        label[i] = (struct aaj_head_label){ aaj_recording_str(rec, rec->head_label[i].label),
                                            rec->head_label[i].accesses };
    *ret_label = label;
    *ret_n = rec->n_head_labels;
    return 0;
}

static int read_header(struct reading *in, struct json_object *o)
{
    uint64_t version = 0;
    int r = number_of(in, o, "version", &version);

    if (r < 0)
        return r;
    if (version != VERSION)
        return refuse(in, version > VERSION ? "made by a newer aajail: its version is not 1" : "no version", "version");
    return 0;
}

static int read_object(struct reading *in, struct json_object *o)
{
    static const struct {
        struct aaj_str kind;
        int (*read)(struct reading *in, struct json_object *o);
    } kinds[] = {
        { AAJ_STR_INIT("access"), read_access }, { AAJ_STR_INIT("source"), read_source },
        { AAJ_STR_INIT("input"), read_input },   { AAJ_STR_INIT("loss"), read_loss },
        { AAJ_STR_INIT("key"), read_key },       { AAJ_STR_INIT("file"), read_file },
        { AAJ_STR_INIT("recording"), read_header }, { AAJ_STR_INIT("label"), read_label },
        { AAJ_STR_INIT("command"), read_command },
    };
    struct aaj_str kind;
    int r = name_of(in, o, "kind", &kind);

    if (r < 0)
        return r;
    if (in->line_no == 1 && !aaj_str_eq(kind, AAJ_STR("recording")))
        return refuse(in, "this is not a recording: the first line is not {\"kind\":\"recording\",…}", "");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (aaj_str_eq(kind, kinds[i].kind))
            return kinds[i].read(in, o);
    if (kind.n == 0)
        return refuse(in, "a line needs a", "kind");
    return recording_extra_line(in->rec, in->line);
}

static int read_line(struct reading *in)
{
    struct json_object *o;
    int r;

    if (in->line.n == 0 || in->line.n > 8 * (size_t)AAJ_LOG_LINE_MAX)
        return refuse(in, in->line.n ? "the line is longer than 8 MiB" : "the line is empty", "");
    json_tokener_reset(in->tok);
    o = json_tokener_parse_ex(in->tok, in->line.p, (int)in->line.n);
    if (json_tokener_get_error(in->tok) != json_tokener_success || !json_object_is_type(o, json_type_object) ||
        json_tokener_get_parse_end(in->tok) < in->line.n) {
        json_object_put(o);
        return refuse(in, in->line_no == 1 ? "this is not a recording: expected JSON Lines" : "not a JSON object", "");
    }
    r = read_object(in, o);
    json_object_put(o);
    aaj_arena_clear(&in->arena);
    return r;
}

struct aaj_str aaj_recording_head(struct aaj_str text)
{
    static const struct aaj_str mark = AAJ_STR_INIT("\n{\"kind\":\"access\"");
    size_t at = aaj_str_search(text, mark);

    return at < text.n ? aaj_str_head(text, at + 1) : text;
}

int aaj_recording_read(struct aaj_recording *rec, struct aaj_str text, struct aaj_str file, struct aaj_diags *diags)
{
    struct reading in = { .rec = rec, .diags = diags, .file = file };
    int r = 0;

    recording_forget_view(rec);
    in.tok = json_tokener_new_ex(DEPTH);
    if (!in.tok)
        return -ENOMEM;
    if (text.n == 0) {
        in.line_no = 1;
        r = refuse(&in, "the recording is empty", "");
    }
    while (text.n && (r == 0 || r == -EINVAL)) {
        size_t n = aaj_str_find(text, '\n');

        in.line = aaj_str_head(text, n);
        text = aaj_str_skip(text, n + 1);
        in.line_no++;
        r = read_line(&in);
        if (r == -EINVAL && in.line_no == 1)
            break;
    }
    json_tokener_free(in.tok);
    aaj_arena_clear(&in.arena);
    return r < 0 ? r : in.bad ? -EINVAL : 0;
}
