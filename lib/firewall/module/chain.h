/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of chains, the same in both backends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "aajail-10004" → 10004; "aajail-10004.old" too, with *ret_old. Nothing but what aajail writes. */
bool chain_uid(const char *name, uint32_t *ret_uid, bool *ret_old);

/* Whether it is the chain of one of the uids (n 0: of any), and of which. */
bool chain_is_of(const char *name, const uint32_t *uid, size_t n, uint32_t *ret_uid);
