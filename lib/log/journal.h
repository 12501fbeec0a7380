/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * journalctl -o json and -o export. Fields that begin with an underscore are written by journald itself
 * (systemd.journal-fields(7)) and are what decides where an entry came from; MESSAGE is only believed where they say
 * that the kernel or a mediator wrote it.
 */
#pragma once

#include "base/arena.h"
#include "log/record.h"

enum { AAJ_JOURNAL_EXPORT_MARK = 9 };

struct aaj_journal {
    struct aaj_arena arena; /* the strings of .head */
    bool all; /* every entry is wanted */
    struct aaj_log_head head;
};

void aaj_journal_clear(struct aaj_journal *journal);

bool aaj_journal_is_export(struct aaj_str start);
bool aaj_journal_is_json(struct aaj_str line);

/* Fill journal->head, valid until the next call. 0 or -ENOMEM. */
int aaj_journal_json(struct aaj_journal *journal, struct aaj_str line);
/* -EAGAIN when the entry is not complete yet; -ENODATA for blank lines; *ret_used bytes were taken. */
int aaj_journal_export(struct aaj_journal *journal, struct aaj_str text, size_t *ret_used);
