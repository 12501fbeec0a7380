/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs into a recording. */
#pragma once

#include "recording/recording.h"

struct aaj_intake_input {
    int fd;              /* open for reading, at its start; stays the caller's (log/source.h opens) */
    struct aaj_str name; /* for findings */
};

struct aaj_intake_options {
    int64_t since_ms, until_ms; /* 0: no limit. Until is exclusive. What does not say when is taken. */
    struct aaj_str host;        /* only this host; what does not say its host is taken to be from it. Empty: all */
    struct aaj_str profile;     /* only labels with this top (aaj_label_top); empty: all */
    unsigned threads;           /* 0 = 1 */
};

/*
 * Reads all inputs into @rec: plain or compressed, any form of log, in any order and with any number of threads to the
 * same recording. Lines that cannot be read, and inputs that are damaged, become located findings (AAJ_WARNING) and
 * are counted; they end nothing. 0, or -ENOMEM, or -errno of a read with a finding.
 */
int aaj_intake(struct aaj_recording *rec, const struct aaj_intake_input *input, size_t n_inputs,
               const struct aaj_intake_options *options, struct aaj_diags *diags);
