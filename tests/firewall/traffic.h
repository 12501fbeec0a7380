/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One packet or one connection of one uid, and what became of it. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { SLAVE = 41234 };

enum outcome { ALLOW, REFUSE, SILENT, BROKEN };

struct row {
    char who[16], action[16], proto[16], addr[64], verdict[16];
    unsigned port, line;
    struct sockaddr_storage sa;
    socklen_t sa_len;
    /* early and served: the root side of the connection; the pipe that wakes the subject; one that ends with it */
    int peer, go, end;
    pid_t pid;
};

/* Connections that are to exist before the chain does are opened here. */
bool traffic_is_prepared(const struct row *r);
void traffic_prepare(struct row *r);

/* What happened: an enum outcome. */
int traffic_run(const struct row *r);

/* Ends the program with errno's text. */
void die(const char *what);
