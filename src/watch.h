/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Denials as lines for people or machines. */
#pragma once

#include <json-c/json.h>
#include <stdio.h>

#include "base/arena.h"
#include "log/reader.h"
#include "session/audit.h"

/* A line that was told, without its time and pid, so that the same denial is counted from then on. */
struct watch_told {
    char *text;
    size_t n;
    uint64_t total, untold; /* how often since; how many of these have not been told */
};
enum { WATCH_RECENT = 64 };

struct watch {
    char **name; /* profiles; none: all */
    int n_names;
    bool json;
    FILE *out;
    bool lost;
    struct aaj_arena arena;
    struct watch_told told[WATCH_RECENT];
    size_t next;             /* the slot that is used again */
    struct watch_told *last; /* whose line was printed last */
};

/*
 * Tells at @to what comes, to the end of the log @in, which is closed, or until SIGINT, SIGTERM or SIGHUP. With @audit:
 * of the audit channel (@in is -1); what was denied before the signal is told. An exit status.
 */
int watch_follow(struct watch *watch, int in, struct aaj_audit *audit, int to);

/* Handlers of aaj_log_reader; @data is the struct watch. */
int watch_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                const struct aaj_log_record *record);
int watch_loss(void *data, const struct aaj_log_head *head);
void watch_end(struct watch *w);

/* The rule that would allow the event, "" where none can. */
struct aaj_str watch_rule(struct aaj_arena *arena, const struct aaj_event *event);
