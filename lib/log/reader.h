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

#include "fsview/fsview.h"
#include "log/record.h"

/* Each line (of a journal in JSON or export form: each entry) is counted once, in .lines and in one of
 * the other three. */
struct aaj_log_account {
    uint64_t lines, used, irrelevant, reported;
    uint64_t bytes;
    uint64_t joined; /* events made from records of the same serial, beyond the lines that are .used */
};

struct aaj_log_handler {
    /* Optional, called before an AppArmor record is taken apart: 0 = take it apart and call .event;
     * 1 = the handler has it, and will call aaj_log_reader_take() or aaj_log_reader_used() before .flush
     * returns, after which the head's bytes are gone. */
    int (*known)(void *data, const struct aaj_log_head *head);
    int (*flush)(void *data);
    /* An event; a negative return stops the reader and is returned by it. The strings are valid only
     * during the call. */
    int (*event)(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                 const struct aaj_log_record *record);
    /* Optional: what a PATH record said about the file of an exec by @label; see log/path.h. */
    int (*fact)(void *data, const struct aaj_fact *fact, struct aaj_str label, const struct aaj_log_head *head);
    /* Optional: an exec, as its own record tells, and the words it was made with (log/argv.h). */
    int (*command)(void *data, const struct aaj_event *exec, struct aaj_str argv, const struct aaj_log_head *head);
    /* Optional: who takes this gets every line with a type and an id, whole, and nothing else is made of it: 1 = used, 0 =
     * irrelevant, or -errno. For records that are not AppArmor's (log/call.h). */
    int (*each)(void *data, const struct aaj_log_head *head);
    /* Optional: a line set aside, with the offset of the trouble; @head may be NULL. */
    void (*report)(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                   const struct aaj_log_head *head);
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

/* Lines that came before what is fed next, where input is read in blocks: what a record of this block may belong to.
 * They are not counted and give no events. The bytes must stay until the next .flush has returned. */
void aaj_log_reader_prime(struct aaj_log_reader *reader, const char *data, size_t n);
/* Forgets what came before, but not the account. */
void aaj_log_reader_restart(struct aaj_log_reader *reader);

/* For .known: takes a head apart and calls .event; takes it apart alone, with scratch that holds as many bytes as the
 * line (1, or 0 when it was reported); counts records as used. */
int aaj_log_reader_parse(struct aaj_log_reader *reader, const struct aaj_log_head *head, uint64_t line_no,
                         struct aaj_log_record *record, struct aaj_event *ret_event);
int aaj_log_reader_take(struct aaj_log_reader *reader, const struct aaj_log_head *head, uint64_t line_no);
void aaj_log_reader_used(struct aaj_log_reader *reader, uint64_t n);
uint64_t aaj_log_reader_line(const struct aaj_log_reader *reader);
