/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's audit records as they happen, through the multicast group AUDIT_NLGRP_READLOG: beside auditd
 * or without it, with CAP_AUDIT_READ. Records come out as lines of auditd's log, so that the reader of logs
 * reads them, in a process without power. Loss is accounted for by every sign there is, since none tells all:
 * the kernel's own counter, gaps in the serial numbers, overruns of our buffer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

enum { AAJ_AUDIT_WINDOW = 1 << 16 }; /* serials that may arrive out of order */

struct aaj_audit {
    int fd;            /* poll for POLLIN */
    unsigned group;    /* 1; what tests bind instead has no group: 0 */
    uint64_t records;  /* written */
    uint64_t overruns; /* times that our buffer was full: more than one record each */
    bool has_lost;
    uint32_t lost_before; /* the kernel's counter at the start */
    bool serial_seen;
    uint64_t first, last, distinct; /* serials */
    uint64_t *seen;                 /* a ring of bits, AAJ_AUDIT_WINDOW of them, behind last */
    char *out;                      /* lines that are not written yet */
    size_t n_out;
};

/* Opens the socket and makes sure that records arrive: a word of our own must come back. -EPERM: no right to;
 * -ENODATA: nothing arrives, as in another network namespace, or an audit rule excludes AppArmor's records; else
 * -errno; with a finding. */
int aaj_audit_open(struct aaj_audit *a, struct aaj_diags *diags);
/* Takes @fd, which gives one netlink message a read, instead: for tests. */
int aaj_audit_open_fd(struct aaj_audit *a, int fd);
void aaj_audit_close(struct aaj_audit *a);

/* Writes all that is there to @out_fd as lines. 0, or -errno of the writing. */
int aaj_audit_pump(struct aaj_audit *a, int out_fd);

/* What is left, and a line for each sign of loss. */
int aaj_audit_finish(struct aaj_audit *a, int out_fd);

/* How many serials between the first and the last never came. */
uint64_t aaj_audit_missing(const struct aaj_audit *a);
