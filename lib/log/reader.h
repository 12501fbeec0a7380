/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a log in, heads and events out. File, pipe, socket and test feed the same reader in pieces of any size;
 * where the pieces are cut makes no difference. One bad line never stops it.
 *
 *     struct aaj_log_reader *reader;
 *     aaj_log_reader_new(&handler, data, &reader);
 *     while ((n = read(fd, buf, sizeof(buf))) > 0)
 *         aaj_log_reader_feed(reader, buf, n);
 *     aaj_log_reader_finish(reader);
 */
#pragma once

#include "log/record.h"

/* Each line (of a journal in JSON or export form: each entry) is counted once, in .lines and in one of
 * the other three. */
struct aaj_log_account {
    uint64_t lines, used, irrelevant, reported;
    uint64_t bytes;
    uint64_t joined; /* events made from records of the same serial, beyond the lines that are .used */
};

struct aaj_log_handler {
    /* Optional, called before an AppArmor record is taken apart: 1 = known already, counts as used;
     * 0 = take it apart and call .event. The head's bytes are valid until .flush returns. */
    int (*known)(void *data, const struct aaj_log_head *head);
    int (*flush)(void *data); /* optional: the bytes of the heads seen so far go away */
    /* An event; a negative return stops the reader and is returned by it. The strings are valid only
     * during the call. */
    int (*event)(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                 const struct aaj_log_record *record);
    /* Optional: a line set aside, with the offset of the trouble. */
    void (*report)(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why);
    /* Optional: a statement of loss. */
    int (*loss)(void *data, const struct aaj_log_head *head);
};

struct aaj_log_reader;

int aaj_log_reader_new(const struct aaj_log_handler *handler, void *data, struct aaj_log_reader **ret_reader);
struct aaj_log_reader *aaj_log_reader_free(struct aaj_log_reader *reader);

/* 0, or the first negative return of a callback, or -ENOMEM. */
int aaj_log_reader_feed(struct aaj_log_reader *reader, const char *data, size_t n);

/* The end of input: a last line without a newline, and records that still wait for their partner. */
int aaj_log_reader_finish(struct aaj_log_reader *reader);

const struct aaj_log_account *aaj_log_reader_account(const struct aaj_log_reader *reader);

/* Takes a head apart and calls the event callback; for a .known that batches. */
int aaj_log_reader_take(struct aaj_log_reader *reader, const struct aaj_log_head *head, uint64_t line_no);
uint64_t aaj_log_reader_line(const struct aaj_log_reader *reader);
