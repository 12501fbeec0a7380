/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sample lines, packed. Lines of one shape (shape.h) differ in their gaps and in their header. The first of
 * each shape is kept whole, as the template; of the others only what differs is: a line of 290 bytes needs
 * some 16 so, and with millions of accesses fresh memory is what costs most.
 *
 *     capacity  time  serial  template + 1  pid  [port]  0                             the template's header
 *     …                                                  1  shared  shared  n  bytes   another header: what
 * it shares with the template's at its start and end, and what is between capacity  time  serial  0  n  bytes
 * a line of no template
 *
 * Numbers are 7 bits a byte, least first. A header is what stands before the audit id.
 */
#pragma once

#include "base/arena.h"
#include "base/slots.h"
#include "log/record.h"
#include "recording/shape.h"

struct sample_buffer {
    char *p; /* malloc'd, grown as needed */
    size_t cap;
};

/* 0 or -ENOMEM. */
int sample_buffer_reserve(struct sample_buffer *buffer, size_t bytes);

struct template;

struct samples {
    struct aaj_arena arena;
    struct template **template;
    uint32_t n_templates;
    struct aaj_slots slots;             /* of templates, by digest */
    unsigned char secret[2 * SHAPE_SECRET]; /* of digests */
    struct sample_buffer pack;
};

struct sample {
    int64_t ms;
    uint64_t serial;
    struct aaj_str line;
};

/* What is known of a line whose shape was looked up. */
struct sample_shape {
    uint32_t id, payload; /* where they begin in the line; the payload goes to its end */
    uint16_t id_n;        /* the id says the sample's time and serial; 0: there is none */
    struct gaps gaps;
    uint32_t template1; /* + 1; 0: none */
};

/* Where a head says that id and payload are. */
static inline void sample_places(const struct aaj_log_head *head, struct sample_shape *ret)
{
    ret->id = head->id.n ? (uint32_t)(head->id.p - head->line.p) : 0;
    ret->id_n = (uint16_t)head->id.n;
    ret->payload = (uint32_t)(head->payload.p - head->line.p);
}

static inline struct aaj_str sample_payload(struct aaj_str line, const struct sample_shape *shape)
{
    return (struct aaj_str){ line.p + shape->payload, line.n - shape->payload };
}

int samples_init(struct samples *s);
void samples_clear(struct samples *s);

/* The template of a shape, + 1, made of @line where it is the first; 0: a line that cannot be one. 0 or
 * -ENOMEM. */
int samples_template(struct samples *s, struct aaj_str line, const struct sample_shape *shape,
                     const struct digest *digest, uint32_t *ret_template1);

/* Packs into *sample, which is NULL or of an earlier call and is written over where it is large enough.
 * @name: of the access. @shape: NULL, or what is known. 0 or -ENOMEM. */
int samples_pack(struct samples *s, struct aaj_str name, const struct sample *from,
                 const struct sample_shape *shape, char **sample);

/* True when @sample was packed of the same; false where that cannot be said without unpacking it. */
bool samples_is(struct samples *s, struct aaj_str name, const struct sample *line,
                const struct sample_shape *shape, const char *sample);

/* Time and serial alone; all of it, with the line in @buffer: 0 or -ENOMEM. */
void samples_when(const char *sample, int64_t *ret_ms, uint64_t *ret_serial);
int samples_unpack(const struct samples *s, struct aaj_str name, const char *sample,
                   struct sample_buffer *buffer, struct sample *ret);

/* A sample of @other, whose access has the same @name, as one of @s. @template1 has a place for each template
 * of @other and starts as zeros; @buffer is for those that cannot be copied as they are. */
int samples_copy(struct samples *s, const struct samples *other, struct aaj_str name, const char *from,
                 uint32_t *template1, struct sample_buffer *buffer, char **sample);
