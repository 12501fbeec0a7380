/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/blocks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/grow.h"
#include "log/journal.h"
#include "log/scan.h"

/* A block holds more than the longest line, so that one without a line's end is too long a line. What comes before a
 * block is looked at again for the records that its own may belong to. */
enum { BLOCK = AAJ_LOG_LINE_MAX + 64 * 1024, BEFORE = 16 * 1024 };

struct block {
    char *buf; /* BEFORE, then BLOCK bytes */
    struct aaj_str before, text;
    uint32_t number;
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
    uint32_t next;
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

/* Fills @b; false at the end. */
static bool next_block(struct input_stream *in, struct block *b, bool whole_lines)
{
    char *text = b->buf + BEFORE;
    size_t n = in->n_rest, cut;

    memcpy(b->buf, in->before, in->n_before);
    b->before = (struct aaj_str){ b->buf, in->n_before };
    memcpy(text, in->rest, n);
    in->n_rest = 0;
    while (n < BLOCK && !in->ended) {
        n += more(in, text + n, BLOCK - n);
        if (in->skip_line && n) {
            char *nl = memchr(text, '\n', n);
            size_t drop = nl ? (size_t)(nl + 1 - text) : n;

            memmove(text, text + drop, n - drop);
            n -= drop;
            in->skip_line = !nl;
        }
    }
    if (n == 0)
        return false;
    cut = in->ended || !whole_lines ? n : cut_at(text, n - 1);
    if (cut == 0) { /* one line and more of it to come */
        in->skip_line = true;
        cut = n;
    }
    memcpy(in->rest, text + cut, n - cut);
    in->n_rest = n - cut;
    b->text = (struct aaj_str){ text, cut };
    keep_before(in, b->text);
    b->number = in->next++;
    return true;
}

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct block *block; /* ready are [done, made) modulo n_blocks */
    size_t n_blocks, made, taken;
    bool *free_block;
    bool ended;
    int error;
    uint64_t *lines;
    size_t n_lines, cap_lines;
};

static int note_lines(struct crew *crew, uint32_t number, uint64_t lines)
{
    while (crew->n_lines <= number) {
        if (AAJ_GROW(crew->lines, crew->n_lines, crew->cap_lines) < 0)
            return -ENOMEM;
        crew->lines[crew->n_lines++] = 0;
    }
    crew->lines[number] = lines;
    return 0;
}

struct member {
    struct crew *crew;
    struct worker *worker;
    pthread_t thread;
};

static void *work(void *data)
{
    struct member *m = data;
    struct crew *crew = m->crew;

    pthread_mutex_lock(&crew->lock);
    for (;;) {
        struct block *b;
        uint64_t lines;
        size_t i;
        int r;

        while (crew->taken == crew->made && !crew->ended)
            pthread_cond_wait(&crew->changed, &crew->lock);
        if (crew->taken == crew->made)
            break;
        i = crew->taken++ % crew->n_blocks;
        b = &crew->block[i];
        r = crew->error;
        pthread_mutex_unlock(&crew->lock);
        if (r == 0)
            r = worker_block(m->worker, b->number, b->before, b->text, &lines);
        pthread_mutex_lock(&crew->lock);
        if (r == 0)
            r = note_lines(crew, b->number, lines);
        if (r < 0)
            crew->error = r;
        crew->free_block[i] = true;
        pthread_cond_broadcast(&crew->changed);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Makes blocks, in turn, wherever the one before at that place is done. */
static void make_blocks(struct crew *crew, struct input_stream *in)
{
    pthread_mutex_lock(&crew->lock);
    for (;;) {
        size_t i = crew->made % crew->n_blocks;
        bool got;

        while (!crew->free_block[i])
            pthread_cond_wait(&crew->changed, &crew->lock);
        if (crew->error < 0)
            break;
        crew->free_block[i] = false;
        pthread_mutex_unlock(&crew->lock);
        got = next_block(in, &crew->block[i], true);
        pthread_mutex_lock(&crew->lock);
        if (!got)
            break;
        crew->made++;
        pthread_cond_broadcast(&crew->changed);
    }
    crew->ended = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

static int with_threads(struct crew *crew, struct input_stream *in, struct worker *workers, unsigned n)
{
    struct member *member = calloc(n, sizeof(*member));
    unsigned started = 0;

    if (!member)
        return -ENOMEM;
    while (started < n) {
        member[started] = (struct member){ crew, &workers[started], 0 };
        if (pthread_create(&member[started].thread, NULL, work, &member[started]) != 0)
            break;
        started++;
    }
    if (started)
        make_blocks(crew, in);
    for (unsigned i = 0; i < started; i++)
        pthread_join(member[i].thread, NULL);
    free(member);
    return started ? crew->error : -EAGAIN;
}

static int alone(struct crew *crew, struct input_stream *in, struct worker *worker)
{
    uint64_t lines = 0;
    int r = 0;

    while (r == 0 && next_block(in, &crew->block[0], true)) {
        struct block *b = &crew->block[0];

        r = worker_block(worker, b->number, b->before, b->text, &lines);
        if (r == 0)
            r = note_lines(crew, b->number, lines);
    }
    return r;
}

/* journalctl -o export is not lines, and cannot be cut without reading it. */
static int as_stream(struct crew *crew, struct input_stream *in, struct worker *worker)
{
    int r = 0;

    while (r == 0 && next_block(in, &crew->block[0], false))
        r = worker_piece(worker, crew->block[0].text, false);
    return r == 0 ? worker_piece(worker, (struct aaj_str){ "", 0 }, true) : r;
}

static int make_crew(struct crew *crew, struct input_stream *in, unsigned workers)
{
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    crew->n_blocks = workers > 1 ? workers + 2 : 1;
    crew->block = calloc(crew->n_blocks, sizeof(*crew->block));
    crew->free_block = calloc(crew->n_blocks, sizeof(*crew->free_block));
    in->rest = malloc(BLOCK);
    if (!crew->block || !crew->free_block || !in->rest)
        return -ENOMEM;
    for (size_t i = 0; i < crew->n_blocks; i++) {
        crew->free_block[i] = true;
        crew->block[i].buf = malloc(BEFORE + BLOCK);
        if (!crew->block[i].buf)
            return -ENOMEM;
    }
    return 0;
}

static void end_crew(struct crew *crew, struct input_stream *in)
{
    for (size_t i = 0; crew->block && i < crew->n_blocks; i++)
        free(crew->block[i].buf);
    free(crew->block);
    free(crew->free_block);
    free(crew->lines);
    free(in->rest);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
}

int blocks_read(struct aaj_log_source *source, struct aaj_str peeked, struct worker *workers, unsigned n,
                struct blocks_result *ret)
{
    struct input_stream *in = calloc(1, sizeof(*in));
    struct crew crew = { 0 };
    int r = in ? make_crew(&crew, in, n) : -ENOMEM;

    *ret = (struct blocks_result){ 0 };
    if (r == 0) {
        in->source = source;
        in->peeked = peeked;
        r = aaj_journal_is_export(peeked) ? as_stream(&crew, in, &workers[0])
            : n > 1                       ? with_threads(&crew, in, workers, n)
                                          : alone(&crew, in, &workers[0]);
        ret->read_error = in->error;
    }
    if (r == 0) {
        uint64_t base = 0;

        for (size_t i = 0; i < crew.n_lines; i++) {
            uint64_t lines = crew.lines[i];

            crew.lines[i] = base;
            base += lines;
        }
        ret->line_base = crew.lines;
        ret->n_blocks = (uint32_t)crew.n_lines;
        crew.lines = NULL;
    }
    if (in)
        end_crew(&crew, in);
    free(in);
    return r;
}
