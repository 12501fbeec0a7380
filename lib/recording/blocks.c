/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/blocks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "log/journal.h"
#include "log/scan.h"

/* A block is as large as still fits into the nearer caches, from the kernel's copy of it to its last look. There is
 * room for more than the longest line, so that a block without a line's end is too long a line. What comes before a
 * block is looked at again for the records that its own may belong to. */
enum { BLOCK = 256 * 1024, ROOM = AAJ_LOG_LINE_MAX + 64 * 1024, BEFORE = 16 * 1024 };

struct block {
    char *buf; /* BEFORE, then ROOM bytes */
    struct aaj_str before, text;
};

struct input_stream {
    struct aaj_log_source *source;
    struct aaj_str peeked;
    char *rest; /* behind the last whole line of the block before */
    size_t n_rest;
    char before[BEFORE];
    size_t n_before;
    bool skip_line, ended;
    int error;
};

/* Bytes of the source, those that were peeked at first. */
static size_t more(struct input_stream *in, char *buf, size_t n)
{
    size_t got = 0;

    if (in->peeked.n) {
        got = in->peeked.n < n ? in->peeked.n : n;
        memcpy(buf, in->peeked.p, got);
        in->peeked = aaj_str_skip(in->peeked, got);
        return got;
    }
    while (got < n) {
        ssize_t r = aaj_log_source_read(in->source, buf + got, n - got);

        if (r <= 0) {
            in->ended = true;
            in->error = (int)r;
            break;
        }
        got += (size_t)r;
    }
    return got;
}

/* The last line's end that may be a cut: a line that begins with a blank continues the one before. */
static size_t cut_at(const char *p, size_t n)
{
    size_t last = 0;

    while (n > 0) {
        const char *nl = memrchr(p, '\n', n);

        if (!nl)
            break;
        n = (size_t)(nl - p);
        if (!aaj_is_blank(nl[1]) || nl[1] == '\n')
            return n + 1;
        last = last ? last : n + 1;
    }
    return last;
}

static void keep_before(struct input_stream *in, struct aaj_str text)
{
    struct aaj_str tail = text.n > BEFORE ? aaj_str_skip(text, text.n - BEFORE) : text;
    size_t start = tail.n == text.n ? 0 : aaj_str_find(tail, '\n') + 1;

    tail = aaj_str_skip(tail, start);
    memcpy(in->before, tail.p, tail.n);
    in->n_before = tail.n;
}

/* Bytes behind the @n in @text, up to @room of them all; the rest of a line that is too long is dropped. */
static size_t fill(struct input_stream *in, char *text, size_t n, size_t room)
{
    while (n < room && !in->ended) {
        n += more(in, text + n, room - n);
        if (in->skip_line && n) {
            char *nl = memchr(text, '\n', n);
            size_t drop = nl ? (size_t)(nl + 1 - text) : n;

            memmove(text, text + drop, n - drop);
            n -= drop;
            in->skip_line = !nl;
        }
    }
    return n;
}

/* Fills @b; false at the end. */
static bool next_block(struct input_stream *in, struct block *b, bool whole_lines)
{
    char *text = b->buf + BEFORE;
    size_t n = in->n_rest, cut;

    memcpy(b->buf, in->before, in->n_before);
    b->before = (struct aaj_str){ b->buf, in->n_before };
    memcpy(text, in->rest, n);
    in->n_rest = 0;
    n = fill(in, text, n, BLOCK);
    if (n == 0)
        return false;
    cut = in->ended || !whole_lines ? n : cut_at(text, n - 1);
    if (cut == 0) { /* a line longer than the block */
        n = fill(in, text, n, ROOM);
        cut = in->ended ? n : cut_at(text, n - 1);
    }
    if (cut == 0) { /* one line and more of it to come */
        in->skip_line = true;
        cut = n;
    }
    memcpy(in->rest, text + cut, n - cut);
    in->n_rest = n - cut;
    b->text = (struct aaj_str){ text, cut };
    keep_before(in, b->text);
    return true;
}

/* ---- the crew ---- */

enum place_state { FREE, AT_WORK, SCANNED };

/* A block and what is found in it. Blocks take places in turn: block k is at place k modulo their number. */
struct place {
    struct block block;
    struct batch batch;
    enum place_state state;
};

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct input_stream *in;
    struct table *table;
    struct place *place;
    size_t n_places;
    size_t made, taken; /* blocks */
    bool reading, ended;
    int error;
};

struct member {
    struct crew *crew;
    struct scanner *scanner;
    bool owner; /* of the tables */
    pthread_t thread;
};

static bool can_take(const struct member *m)
{
    const struct crew *c = m->crew;

    return m->owner && c->taken < c->made && c->place[c->taken % c->n_places].state == SCANNED;
}

static bool can_read(const struct crew *c)
{
    return !c->reading && !c->ended && c->place[c->made % c->n_places].state == FREE;
}

static bool is_done(const struct member *m)
{
    const struct crew *c = m->crew;

    return c->error < 0 || (c->ended && !c->reading && (!m->owner || c->taken == c->made));
}

static int take(struct table *t, struct batch *b)
{
    int r = table_take(t, b);

    return r < 0 ? r : table_end_block(t, b);
}

/* Of the lock, which is held on entry and on return: one piece of work without it. */
static void take_next(struct crew *c)
{
    struct place *p = &c->place[c->taken % c->n_places];
    int r;

    pthread_mutex_unlock(&c->lock);
    r = take(c->table, &p->batch);
    pthread_mutex_lock(&c->lock);
    c->error = r < 0 ? r : c->error;
    c->taken++;
    p->state = FREE;
}

/* Reading is for one at a time; scanning what was read is not. */
static void scan_next(struct crew *c, struct scanner *scanner)
{
    struct place *p = &c->place[c->made % c->n_places];
    bool got;
    int r;

    c->reading = true;
    pthread_mutex_unlock(&c->lock);
    got = next_block(c->in, &p->block, true);
    pthread_mutex_lock(&c->lock);
    c->reading = false;
    c->ended = !got;
    pthread_cond_broadcast(&c->changed);
    if (!got)
        return;
    c->made++;
    p->state = AT_WORK;
    pthread_mutex_unlock(&c->lock);
    r = scanner_block(scanner, p->block.before, p->block.text, &p->batch);
    pthread_mutex_lock(&c->lock);
    c->error = r < 0 ? r : c->error;
    p->state = SCANNED;
}

static void *work(void *data)
{
    struct member *m = data;
    struct crew *c = m->crew;

    pthread_mutex_lock(&c->lock);
    while (!is_done(m)) {
        if (can_take(m))
            take_next(c);
        else if (can_read(c))
            scan_next(c, m->scanner);
        else
            pthread_cond_wait(&c->changed, &c->lock);
        pthread_cond_broadcast(&c->changed);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* The caller owns the tables. */
static int with_threads(struct crew *crew, struct scanner *scanner, unsigned n)
{
    struct member *member = calloc(n, sizeof(*member));
    unsigned started = 1;

    if (!member)
        return -ENOMEM;
    member[0] = (struct member){ crew, &scanner[0], true, 0 };
    while (started < n) {
        member[started] = (struct member){ crew, &scanner[started], false, 0 };
        if (pthread_create(&member[started].thread, NULL, work, &member[started]) != 0)
            break; /* fewer do the same */
        started++;
    }
    work(&member[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(member[i].thread, NULL);
    free(member);
    return crew->error;
}

static int alone(struct crew *crew, struct scanner *scanner)
{
    struct place *p = &crew->place[0];
    int r = 0;

    while (r == 0 && next_block(crew->in, &p->block, true)) {
        r = scanner_block(scanner, p->block.before, p->block.text, &p->batch);
        if (r == 0)
            r = take(crew->table, &p->batch);
    }
    return r;
}

/* journalctl -o export is not lines, and cannot be cut without reading it. */
static int as_stream(struct crew *crew, struct scanner *scanner)
{
    struct place *p = &crew->place[0];
    bool got = true;
    int r = 0;

    while (r == 0 && got) {
        got = next_block(crew->in, &p->block, false);
        r = scanner_piece(scanner, got ? p->block.text : (struct aaj_str){ "", 0 }, !got, &p->batch);
        if (r == 0)
            r = take(crew->table, &p->batch);
    }
    return r;
}

static int make_crew(struct crew *crew, unsigned members)
{
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    crew->n_places = members > 1 ? members + 2 : 1;
    crew->place = calloc(crew->n_places, sizeof(*crew->place));
    crew->in->rest = malloc(ROOM);
    if (!crew->place || !crew->in->rest)
        return -ENOMEM;
    for (size_t i = 0; i < crew->n_places; i++) {
        crew->place[i].block.buf = malloc(BEFORE + ROOM);
        if (!crew->place[i].block.buf)
            return -ENOMEM;
    }
    return 0;
}

static void end_crew(struct crew *crew)
{
    for (size_t i = 0; crew->place && i < crew->n_places; i++) {
        free(crew->place[i].block.buf);
        batch_clear(&crew->place[i].batch);
    }
    free(crew->place);
    free(crew->in->rest);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
}

int blocks_read(struct aaj_log_source *source, struct aaj_str peeked, struct table *table, struct scanner *scanner,
                unsigned n, int *ret_read_error)
{
    struct input_stream *in = calloc(1, sizeof(*in));
    struct crew crew = { .in = in, .table = table };
    int r = in ? make_crew(&crew, n) : -ENOMEM;

    if (r == 0) {
        in->source = source;
        in->peeked = peeked;
        r = aaj_journal_is_export(peeked) ? as_stream(&crew, &scanner[0])
            : n > 1                       ? with_threads(&crew, scanner, n)
                                          : alone(&crew, &scanner[0]);
        *ret_read_error = in->error;
    }
    if (in)
        end_crew(&crew);
    free(in);
    return r;
}
