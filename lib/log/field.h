/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Single values of a record that is not AppArmor's. The kernel quotes what others chose, or writes it in hex where it
 * holds a blank, a quote or a byte that is not ASCII (kernel/audit.c audit_log_n_untrustedstring): so " KEY=" is never
 * inside a value.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

struct aaj_field {
    struct aaj_str value; /* raw, without its quotes; empty where the key is not there */
    bool quoted;
};

/* @key: " KEY=", or "KEY=" for the first of a payload, which has no blank before it. */
struct aaj_field aaj_log_field(struct aaj_str payload, struct aaj_str key);

/* What others chose: as it is where it is quoted, else decoded into @buf (half as long). Empty for "(null)", "?" and what
 * is not hex. */
struct aaj_str aaj_log_text(struct aaj_field field, char *buf);

/* A number in hex, as system call arguments are. False for what is none. */
bool aaj_log_hex(struct aaj_str text, uint64_t *ret_value);

static inline int aaj_hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
