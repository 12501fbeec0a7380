/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A throw-away machine with a real AppArmor kernel: user-mode-linux over a copy-on-write view of this
 * machine's files. The kernel is a program of the user who starts it. Guest root can mount hostfs and use
 * that user's power on the host's files, so it runs in its own user, mount, pid, net, ipc and uts
 * namespaces with a read-only view and one writable folder; as root it moreover becomes an unprivileged
 * uid. That keeps a guest's root out; it is no boundary against hostile kernel code.
 */
#pragma once

#include "base/diag.h"

enum {
    AAJ_LAB_MEM_MB = 768,
    AAJ_LAB_TIMEOUT_S = 300,
    AAJ_LAB_RO_MAX = 64,
};

struct aaj_lab {
    const char *kernel;      /* "/usr/bin/linux.uml" */
    const char *modules;     /* the folder that holds one folder a kernel release: "/usr/lib/uml/modules" */
    const char *init;        /* the guest's process 1, a static program */
    const char *share;       /* the output folder, writable at /share in the guest; NULL = none */
    const char *const *ro;   /* folders or files shown read-only at the same path; NULL-terminated or NULL */
    const char *cwd;         /* where CMD starts; NULL = "/" */
    char *const *argv;       /* CMD, word by word */
    unsigned mem_mb;         /* 0 = AAJ_LAB_MEM_MB */
    unsigned timeout_s;      /* 0 = AAJ_LAB_TIMEOUT_S */
    int out_fd, err_fd;      /* where CMD's output goes; -1 drops it */
    int klog_fd;             /* the kernel's console; -1 = kept for a failure's message only */
    int stop_fd;             /* becomes readable when the run is to be given up; -1 = never */
    bool no_host_protection; /* go on where namespaces are refused */
};

/*
 * Boots, runs CMD as the guest's root, and leaves nothing behind. 0 and CMD's status as a shell gives it
 * (127 not found, 126 not executable, 128 + n killed by signal n) in *ret_status.
 * -EINTR: stop_fd; -EPIPE: nobody reads the output any more; -ETIMEDOUT: the deadline; -EPERM: this machine
 * cannot be protected (the findings say what forbids it); other errors: the machine could not be started or
 * died. Findings say why, but for the first two. The caller has SIGPIPE ignored or handled.
 */
int aaj_lab_run(const struct aaj_lab *lab, struct aaj_diags *diags, int *ret_status);
