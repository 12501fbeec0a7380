/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * True owners for a kernel that runs in an ordinary user's namespace. Only that user is mapped there, so
 * stat() says that everyone else's files are nobody's; in the guest su would lose its power, and `owner`
 * rules would be learned wrong. Each stat of the kernel's process is therefore answered from outside, by
 * the same user with the same rights, through seccomp's user notification (seccomp_unotify(2)).
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct aaj_owners {
    int listener;   /* poll for POLLIN; -1 = none */
    int root;       /* the kernel's root folder; -1 = not open yet */
    pid_t root_pid; /* whose */
    size_t request_size, response_size;
};
#define AAJ_OWNERS_INIT            \
    {                              \
        .listener = -1, .root = -1 \
    }

/* In the process that becomes the kernel, with no_new_privs: filters itself and sends the listener over
 * @sock. Where seccomp cannot, nothing is sent and all goes on. */
void aaj_owners_install(int sock);

/* 0, or -errno when no listener came. */
int aaj_owners_receive(struct aaj_owners *o, int sock);

/* Answers one question. -errno when there will be no more. */
int aaj_owners_answer(struct aaj_owners *o);
void aaj_owners_end(struct aaj_owners *o);
