/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text on its way to a stream: stdio's per-call cost is most of the cost of millions of short writes. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

struct emit {
    FILE *out;
    size_t n;
    char buf[32 * 1024];
};

static inline void emit_flush(struct emit *e)
{
    fwrite(e->buf, 1, e->n, e->out);
    e->n = 0;
}

static inline void emit_str(struct emit *e, struct aaj_str s)
{
    if (s.n > sizeof(e->buf) - e->n) {
        emit_flush(e);
        if (s.n > sizeof(e->buf)) {
            fwrite(s.p, 1, s.n, e->out);
            return;
        }
    }
    memcpy(e->buf + e->n, s.p, s.n);
    e->n += s.n;
}

#define emit_lit(e, lit) emit_str(e, AAJ_STR(lit))

static inline void emit_char(struct emit *e, char c)
{
    if (e->n == sizeof(e->buf))
        emit_flush(e);
    e->buf[e->n++] = c;
}

void emit_number(struct emit *e, uint64_t value);
/* A JSON string, or {"hex":"…"} for what is no valid UTF-8 or holds NUL. */
void emit_name(struct emit *e, struct aaj_str s);
