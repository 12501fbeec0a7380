/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sandbox.h"

/* Gives up everything that reading does not need. 0 or -errno; on an error the process must end. */
int sandbox_confine(const struct sandbox_limits *limits);

/* Findings as JSON Lines, for the way from the child to the parent, and back. */
void sandbox_write_diags(FILE *out, const struct aaj_diags *diags);
int sandbox_read_diags(struct aaj_str text, struct aaj_diags *diags);

/* The way to ask: a pair of sockets. The parent answers one request; 1 = more may come, 0 = end, -errno. */
int sandbox_ask_pair(int ret_socket[static 2]);
void sandbox_ask_at(int socket);
int sandbox_answer(int socket, const struct sandbox_limits *limits);
