/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of tests/decisions done for real, inside the lab. */
#pragma once

#include <stdbool.h>

#include "match/query.h"

/* How one row comes out: 0 it went through, an errno it was refused with; SETUP: the test itself failed. */
enum { SETUP = -1, UNTRIED = -2 };

struct row {
    const struct aaj_query *q;
    const char *arg[AAJ_QUERY_ARGS]; /* "" where left off or "-" */
    const char *label;
};

/* Makes what the row is about: files of the right owner, mount points. Unconfined, before the fork. */
int prepare(const struct row *row);
/* Enters the label (which must end without error) and does it. Called in a process of its own. */
int enter(const char *label);
int do_row(const struct row *row);

/* caps.c */
int do_capability(const char *name);
void prepare_capability(const char *name); /* in the process, before it is confined */
/* sockets.c */
int do_net(const struct row *row);

bool is(const char *a, const char *b);
