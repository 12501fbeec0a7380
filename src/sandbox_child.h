/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sandbox.h"

/* The child's exit status when it could not give up its power: beyond errno's range, and no status of the command's. */
enum { SANDBOX_UNCONFINED = 250 };

/* The exit status that a child's wait status means, for a child that ends with one of the command's; a message on
 * stderr where it could not say it itself. Where SIGPIPE ended it, it ends this process too. */
int sandbox_status(int wait_status);

/* Gives up everything that reading does not need. 0 or -errno; on an error the process must end. */
int sandbox_confine(const struct sandbox_limits *limits);

/* Findings as JSON Lines, for the way from the child to the parent, and back. */
void sandbox_write_diags(FILE *out, const struct aaj_diags *diags);
int sandbox_read_diags(struct aaj_str text, struct aaj_diags *diags);

/* The way to ask: a pair of sockets. The parent answers one request; 1 = more may come, 0 = end, -errno. */
int sandbox_ask_pair(int ret_socket[static 2]);
void sandbox_ask_at(int socket);
int sandbox_answer(int socket, const struct sandbox_limits *limits);
