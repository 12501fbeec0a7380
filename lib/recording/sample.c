/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
    TEMPLATES_MAX = 4096,
    NUMBER_MAX = 10, /* bytes of a packed number */
    ID_MAX = 48,
};

struct template
{
    struct digest digest;
    struct gaps gaps;
    uint32_t n, payload_at, id_at, id_n;
    char line[];
};

int samples_init(struct samples *s)
{
    for (size_t at = 0; at < sizeof(s->secret); at += SHAPE_SECRET) /* up to 256 bytes are never cut */
        if (getrandom(s->secret + at, SHAPE_SECRET, 0) != SHAPE_SECRET)
            return -EIO;
    s->template = calloc(TEMPLATES_MAX, sizeof(*s->template));
    return s->template ? aaj_slots_init(&s->slots) : -ENOMEM;
}

void samples_clear(struct samples *s)
{
    aaj_arena_clear(&s->arena);
    aaj_slots_clear(&s->slots);
    free(s->template);
    free(s->pack.p);
    *s = (struct samples){ 0 };
}

/* ---- numbers ---- */

static char *put_number(char *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)(v | 0x80);
    *p++ = (char)v;
    return p;
}

static const char *get_number(const char *p, uint64_t *ret)
{
    unsigned shift = 0;
    uint64_t v = 0;

    for (; *p & 0x80; p++, shift += 7)
        v |= (uint64_t)(*p & 0x7f) << shift;
    *ret = v | (uint64_t)*p << shift;
    return p + 1;
}

static char *put_digits(char *p, uint64_t v, unsigned width)
{
    char digits[20];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v || n < width);
    while (n)
        *p++ = digits[--n];
    return p;
}

/* "1795295827.095:1000" */
static struct aaj_str id_text(int64_t ms, uint64_t serial, char *buf)
{
    char *p = put_digits(buf, (uint64_t)ms / 1000, 1);

    *p++ = '.';
    p = put_digits(p, (uint64_t)ms % 1000, 3);
    *p++ = ':';
    p = put_digits(p, serial, 1);
    return (struct aaj_str){ buf, (size_t)(p - buf) };
}

/* ---- templates ---- */

/* A line is header, id, the rest of the header, payload. */
static bool is_plain(struct aaj_str line, const struct sample_shape *shape)
{
    return shape->id_n && shape->id + shape->id_n <= shape->payload && shape->payload < line.n &&
           line.n <= SHAPE_PAYLOAD_MAX;
}

static uint32_t hash_of(const struct digest *digest)
{
    return (uint32_t)(digest->head ^ digest->tail);
}

static uint32_t find_template(const struct samples *s, const struct digest *digest)
{
    const struct aaj_slot *slot = s->slots.slot;
    uint32_t hash = hash_of(digest);

    for (uint32_t i = aaj_slots_first(&s->slots, hash); slot[i].row1; i = aaj_slots_next(&s->slots, i)) {
        const struct template *t = s->template[slot[i].row1 - 1];

        if (digest_eq(&t->digest, digest))
            return slot[i].row1;
    }
    return 0;
}

int samples_template(struct samples *s, struct aaj_str line, const struct sample_shape *shape,
                     const struct digest *digest, uint32_t *ret)
{
    struct template *t;

    *ret = find_template(s, digest);
    if (*ret || s->n_templates == TEMPLATES_MAX || !is_plain(line, shape))
        return 0;
    t = aaj_arena_alloc(&s->arena, sizeof(*t) + line.n);
    if (!t || aaj_slots_add(&s->slots, hash_of(digest), s->n_templates) < 0)
        return -ENOMEM;
    *t = (struct template){ .digest = *digest,
                            .gaps = shape->gaps,
                            .n = (uint32_t)line.n,
                            .payload_at = shape->payload,
                            .id_at = shape->id,
                            .id_n = shape->id_n };
    memcpy(t->line, line.p, line.n);
    s->template[s->n_templates++] = t;
    *ret = s->n_templates;
    return 0;
}

/* ---- packing ---- */

static bool same(const char *a, uint32_t a_from, uint32_t a_to, const char *b, uint32_t b_from, uint32_t b_to)
{
    return a_to - a_from == b_to - b_from && memcmp(a + a_from, b + b_from, a_to - a_from) == 0;
}

/* The line is the template but for its gaps and the start of its header. Their digests are the same. */
static bool fits(const struct template *t, const struct sample *s, const struct sample_shape *shape,
                 struct aaj_str name)
{
    const struct gaps *g = &shape->gaps, *h = &t->gaps;

    return (g->name.from == g->name.to || aaj_str_eq(shape_name(sample_payload(s->line, shape), g), name)) &&
           (g->name.from == g->name.to) == (h->name.from == h->name.to) &&
           (g->port.from == g->port.to) == (h->port.from == h->port.to) &&
           same(s->line.p, shape->id + shape->id_n, shape->payload, t->line, t->id_at + t->id_n, t->payload_at);
}

static char *pack_header(char *p, struct aaj_str header, struct aaj_str templates)
{
    size_t least = header.n < templates.n ? header.n : templates.n, start = 0, end = 0;

    if (aaj_str_eq(header, templates)) {
        *p++ = 0;
        return p;
    }
    while (start < least && header.p[start] == templates.p[start])
        start++;
    while (end < least - start && header.p[header.n - 1 - end] == templates.p[templates.n - 1 - end])
        end++;
    *p++ = 1;
    p = put_number(p, start);
    p = put_number(p, end);
    p = put_number(p, header.n - start - end);
    memcpy(p, header.p + start, header.n - start - end);
    return p + (header.n - start - end);
}

static char *pack_line(char *p, const struct template *t, struct aaj_str line,
                       const struct sample_shape *shape)
{
    p = put_number(p, shape->gaps.pid_is);
    if (t->gaps.port.from < t->gaps.port.to)
        p = put_number(p, shape->gaps.port_is);
    return pack_header(p, aaj_str_head(line, shape->id), (struct aaj_str){ t->line, t->id_at });
}

int sample_buffer_reserve(struct sample_buffer *b, size_t want)
{
    char *p = want > b->cap ? realloc(b->p, want * 2) : b->p;

    if (!p)
        return -ENOMEM;
    b->cap = want > b->cap ? want * 2 : b->cap;
    b->p = p;
    return 0;
}

/* What replaces another has room to be replaced: a log from its end to its start does so all the time. */
static int store(struct samples *s, struct aaj_str pack, char **sample)
{
    char number[NUMBER_MAX], *to = *sample;
    uint64_t capacity = 0;

    if (to)
        to = (char *)(uintptr_t)get_number(to, &capacity); /* the arena's own, written here only */
    if (capacity < pack.n) {
        size_t room = to ? pack.n * 2 : pack.n, k = (size_t)(put_number(number, room) - number);

        to = aaj_arena_pack(&s->arena, k + room);
        if (!to)
            return -ENOMEM;
        *sample = to;
        memcpy(to, number, k);
        to += k;
    }
    memcpy(to, pack.p, pack.n);
    return 0;
}

/* What a line's shape is, where nobody looked it up. */
static int shape_of(struct samples *s, const struct sample *from, struct sample_shape *ret)
{
    struct aaj_log_head head;
    struct digest digest;

    *ret = (struct sample_shape){ 0 };
    aaj_log_head_parse(from->line, &head);
    if (head.kind != AAJ_LINE_APPARMOR || head.time_ms != from->ms || head.serial != from->serial ||
        !shape_gaps(head.payload, &ret->gaps))
        return 0;
    sample_places(&head, ret);
    digest = shape_digest(s->secret, head.payload, &ret->gaps);
    return samples_template(s, from->line, ret, &digest, &ret->template1);
}

/* Packs into s->pack: *ret_pack. */
static int pack(struct samples *s, struct aaj_str name, const struct sample *from,
                const struct sample_shape *shape, struct aaj_str *ret_pack)
{
    struct sample_shape found;
    char *p;

    if (!shape) {
        if (shape_of(s, from, &found) < 0)
            return -ENOMEM;
        shape = &found;
    }
    if (sample_buffer_reserve(&s->pack, from->line.n + 8 * NUMBER_MAX) < 0)
        return -ENOMEM;
    p = put_number(s->pack.p, (uint64_t)from->ms);
    p = put_number(p, from->serial);
    if (shape->template1 && is_plain(from->line, shape) &&
        fits(s->template[shape->template1 - 1], from, shape, name)) {
        p = put_number(p, shape->template1);
        p = pack_line(p, s->template[shape->template1 - 1], from -> line, shape);
    } else {
        p = put_number(p, 0);
        p = put_number(p, from->line.n);
        memcpy(p, from->line.p, from->line.n);
        p += from->line.n;
    }
    *ret_pack = (struct aaj_str){ s->pack.p, (size_t)(p - s->pack.p) };
    return 0;
}

int samples_pack(struct samples *s, struct aaj_str name, const struct sample *from,
                 const struct sample_shape *shape, char **sample)
{
    struct aaj_str bytes;
    int r = pack(s, name, from, shape, &bytes);

    return r < 0 ? r : store(s, bytes, sample);
}

bool samples_is(struct samples *s, struct aaj_str name, const struct sample *line,
                const struct sample_shape *shape, const char *sample)
{
    uint64_t capacity;
    const char *p = get_number(sample, &capacity);
    struct aaj_str bytes;

    return pack(s, name, line, shape, &bytes) == 0 && bytes.n <= capacity && memcmp(p, bytes.p, bytes.n) == 0;
}

/* ---- unpacking ---- */

static const char *get_when(const char *p, int64_t *ret_ms, uint64_t *ret_serial)
{
    uint64_t ms, n;

    p = get_number(p, &n);
    p = get_number(p, &ms);
    *ret_ms = (int64_t)ms;
    return get_number(p, ret_serial);
}

void samples_when(const char *sample, int64_t *ret_ms, uint64_t *ret_serial)
{
    get_when(sample, ret_ms, ret_serial);
}

static char *put(char *to, const char *p, size_t n)
{
    memcpy(to, p, n);
    return to + n;
}

static char *unpack_header(char *to, const struct template *t, const char *p)
{
    uint64_t start, end, n;

    if (*p++ == 0)
        return put(to, t->line, t->id_at);
    p = get_number(p, &start);
    p = get_number(p, &end);
    p = get_number(p, &n);
    to = put(to, t->line, start);
    to = put(to, p, n);
    return put(to, t->line + t->id_at - end, end);
}

/* As many bytes as a line of this template may have. */
static size_t room_of(const struct template *t, struct aaj_str name)
{
    return t->n + name.n + SHAPE_PAYLOAD_MAX + ID_MAX + 2 * NUMBER_MAX;
}

static char *unpack_line(char *to, const struct template *t, struct aaj_str name, const char *p,
                         struct aaj_str id)
{
    const char *payload = t->line + t->payload_at;
    bool has_port = t->gaps.port.from < t->gaps.port.to;
    const struct gaps *g = &t->gaps;
    uint64_t pid, port = 0;

    p = get_number(p, &pid);
    if (has_port)
        p = get_number(p, &port);
    to = unpack_header(to, t, p);
    to = put(to, id.p, id.n);
    to = put(to, t->line + t->id_at + t->id_n, t->payload_at - t->id_at - t->id_n);
    to = put(to, payload, g->name.from);
    if (g->name.from < g->name.to)
        to = put(to, name.p, name.n);
    to = put(to, payload + g->name.to, g->pid.from - g->name.to);
    to = put_digits(to, pid, 1);
    to = put(to, payload + g->pid.to, g->port.from - g->pid.to);
    if (has_port)
        to = put_digits(to, port, 1);
    return put(to, payload + g->port.to, t->n - t->payload_at - g->port.to);
}

int samples_unpack(const struct samples *s, struct aaj_str name, const char *sample,
                   struct sample_buffer *buffer, struct sample *ret)
{
    const char *p = get_when(sample, &ret->ms, &ret->serial);
    uint64_t template1, n;
    char id[ID_MAX];

    p = get_number(p, &template1);
    if (template1) {
        const struct template *t = s->template[template1 - 1];

        if (sample_buffer_reserve(buffer, room_of(t, name)) < 0)
            return -ENOMEM;
        n = (size_t)(unpack_line(buffer->p, t, name, p, id_text(ret->ms, ret->serial, id)) - buffer->p);
    } else {
        p = get_number(p, &n);
        if (sample_buffer_reserve(buffer, n) < 0)
            return -ENOMEM;
        memcpy(buffer->p, p, n);
    }
    ret->line = (struct aaj_str){ buffer->p, n };
    return 0;
}

/* ---- copying ---- */

static int copy_template(struct samples *s, const struct template *t, uint32_t *ret)
{
    struct aaj_str line = { t->line, t->n };
    struct sample_shape shape = { .payload = t->payload_at, .id = t->id_at, .id_n = (uint16_t)t->id_n, .gaps = t->gaps };
    struct digest digest = shape_digest(s->secret, sample_payload(line, &shape), &shape.gaps);

    return samples_template(s, line, &shape, &digest, ret);
}

/* Whether what was packed for @a means the same for @b. */
static bool are_alike(const struct template *a, const struct template *b)
{
    return same(a->line, 0, a->id_at, b->line, 0, b->id_at) &&
           same(a->line, a->id_at + a->id_n, a->payload_at, b->line, b->id_at + b->id_n, b->payload_at) &&
           (a->gaps.port.from < a->gaps.port.to) == (b->gaps.port.from < b->gaps.port.to) &&
           (a->gaps.name.from < a->gaps.name.to) == (b->gaps.name.from < b->gaps.name.to);
}

int samples_copy(struct samples *s, const struct samples *other, struct aaj_str name, const char *from,
                 uint32_t *template1, struct sample_buffer *buffer, char **sample)
{
    struct sample when, whole;
    const char *start, *p;
    uint64_t capacity, old, n;
    char *to;
    int r;

    start = get_number(from, &capacity);
    p = get_number(get_when(from, &when.ms, &when.serial), &old);
    if (old && !template1[old - 1]) {
        const struct template *t = other->template[old - 1];
        uint32_t new;

        if (copy_template(s, t, &new) < 0)
            return -ENOMEM;
        template1[old - 1] = new &&are_alike(t, s->template[new - 1]) ? new : UINT32_MAX;
    }
    if (!old || template1[old - 1] == UINT32_MAX) {
        r = samples_unpack(other, name, from, buffer, &whole);
        return r < 0 ? r : samples_pack(s, name, &whole, NULL, sample);
    }
    n = (size_t)(start + capacity - p);
    if (sample_buffer_reserve(&s->pack, n + 3 * NUMBER_MAX) < 0)
        return -ENOMEM;
    to = put_number(s->pack.p, (uint64_t)when.ms);
    to = put_number(to, when.serial);
    to = put_number(to, template1[old - 1]);
    to = put(to, p, n);
    return store(s, (struct aaj_str){ s->pack.p, (size_t)(to - s->pack.p) }, sample);
}
