/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that the guest's kernel runs in, and everything that keeps it off the host. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lab/lab.h"

/* The kernel's descriptors: its serial lines' order is the guest init's (src/guest/main.c). */
enum { AAJ_LAB_CONSOLE, AAJ_LAB_OUT, AAJ_LAB_ERR, AAJ_LAB_CONTROL, AAJ_LAB_LINES };
enum { AAJ_LAB_FIRST_FD = 3 };

struct aaj_sandbox {
    const struct aaj_lab *lab;
    bool protect; /* with namespaces */
    bool as_root; /* becomes @uid, every id of this namespace mapped; else only @uid is */
    uid_t uid;    /* what the kernel runs as */
    gid_t gid;
    char priv[64];           /* the folder of init, conf, share, ro/N, guest, tmp, as the kernel sees it */
    int init_fd;             /* the open init, since its folder may not be searchable later */
    int line[AAJ_LAB_LINES]; /* our ends: read */
    int line_far[AAJ_LAB_LINES];
    int sync[2];   /* we hold [1]: a byte says "the maps are written"; its end ends the machine */
    int owners[2]; /* where the listener of lab/owners.h arrives, [0] ours; -1 unused */
    int *tree;     /* root: detached mounts of share and ro, made before; -1 none. share first */
    size_t n_trees;
    pid_t pid; /* the first process of the namespaces; 0 = not started */
};

/* Whom the kernel runs as, and what it is shown. -EPERM and a finding when root has nobody to become. */
int aaj_sandbox_init(struct aaj_sandbox *s, const struct aaj_lab *lab, struct aaj_diags *diags);

/* Starts it. What then fails inside arrives on the control line as "setup ERRNO WHAT". */
int aaj_sandbox_start(struct aaj_sandbox *s, struct aaj_diags *diags);

/* Kills what is left of it and removes what it made. */
void aaj_sandbox_end(struct aaj_sandbox *s);

/* Says what on this machine may forbid namespaces. */
void aaj_sandbox_explain(int error, struct aaj_diags *diags);

/* Within the new namespaces (inside.c); never return. */
void aaj_sandbox_inside(struct aaj_sandbox *s) __attribute__((noreturn));

/* A detached copy of the mounts at @path; read-only unless @writable; @userns_fd ≥ 0 maps its owners.
 * The descriptor or -errno. */
int aaj_sandbox_tree(const char *path, bool writable, int userns_fd);

/* Words for the guest's init. 0 or -errno. */
int aaj_sandbox_write_conf(const struct aaj_sandbox *s, int dirfd);
