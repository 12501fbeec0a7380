/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's audit records as they happen, through the multicast group AUDIT_NLGRP_READLOG: beside auditd
 * or without it, with CAP_AUDIT_READ. Records come out as lines of auditd's log, so that the reader of logs
 * reads them, in a process without power. Loss is accounted for by every sign there is, since none tells all:
 * the kernel's own counter, gaps in the serial numbers, overruns of our buffer.
 *
 * Lines go to a descriptor that does not wait (O_NONBLOCK), so that whoever carries can do something else meanwhile,
 * like reading what the reader of the lines has to say: two that each wait for the other to read wait for ever. While
 * that reader is behind no record is taken; they wait in the socket's buffer, and what does not fit there is loss.
 *
 *     while (!aaj_audit_ended(&a)) {
 *         struct pollfd p[2];
 *
 *         aaj_audit_wish(&a, out, p);
 *         poll(p, 2, -1);
 *         if (…)
 *             aaj_audit_end(&a);
 *         aaj_audit_pump(&a, out);
 *     }
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

enum { AAJ_AUDIT_WINDOW = 1 << 16 }; /* serials that may arrive out of order */

struct aaj_audit {
    int fd;            /* -1: none, nothing ever comes */
    unsigned group;    /* 1; what tests bind instead has no group: 0 */
    uint64_t records;  /* taken */
    uint64_t overruns; /* times that our buffer was full: more than one record each */
    bool has_lost;
    uint32_t lost_before; /* the kernel's counter at the start */
    bool serial_seen;
    uint64_t first, last, distinct; /* serials */
    uint64_t *seen;                 /* a ring of bits, AAJ_AUDIT_WINDOW of them, behind last */
    char *out;                      /* lines that are not written yet */
    size_t n_out;
    enum aaj_audit_phase {
        AAJ_AUDIT_OPEN,
        AAJ_AUDIT_ENDING, /* takes what waits in the socket */
        AAJ_AUDIT_TOLD,   /* the signs of loss are among the lines, which are all */
    } phase;
    uint64_t last_record; /* when ending: of records, no more than this */
};

/* Opens the socket and makes sure that records arrive: a word of our own must come back. -EPERM: no right to;
 * -ENODATA: nothing arrives, as in another network namespace, or an audit rule excludes AppArmor's records; else
 * -errno; with a finding. */
int aaj_audit_open(struct aaj_audit *a, struct aaj_diags *diags);
/* Takes @fd, which gives one netlink message a read, instead: for tests. */
int aaj_audit_open_fd(struct aaj_audit *a, int fd);
void aaj_audit_close(struct aaj_audit *a);

/* What to wait for: records, while there is room for them, and @out_fd, while lines wait. */
void aaj_audit_wish(const struct aaj_audit *a, int out_fd, struct pollfd ret_wish[static 2]);

/* Takes records, as many as there is room for, and writes as lines what @out_fd takes. 0, or -errno of the writing. */
int aaj_audit_pump(struct aaj_audit *a, int out_fd);

/* From now on only what is in the socket already is taken, then a line for each sign of loss. */
void aaj_audit_end(struct aaj_audit *a);
/* All that is written. */
bool aaj_audit_ended(const struct aaj_audit *a);

/* How many serials between the first and the last never came. */
uint64_t aaj_audit_missing(const struct aaj_audit *a);
