/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policy in the running kernel: what is loaded, who is confined by it, and changing both through
 * libapparmor's kernel interface. Every place it looks at is a field, so that tests need neither root nor
 * AppArmor.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/diag.h"

struct aaj_kernel {
    const char *apparmorfs; /* "/sys/kernel/security/apparmor" */
    const char *module;     /* "/sys/module/apparmor" */
    const char *proc;       /* "/proc" */
};
#define AAJ_KERNEL_INIT                                                  \
    {                                                                    \
        "/sys/kernel/security/apparmor", "/sys/module/apparmor", "/proc" \
    }

/* 0 when this kernel has AppArmor. -ENOSYS: it has none, or it is off; -EACCES: only root may look.
 * A finding says which, and what to do. */
int aaj_kernel_check(const struct aaj_kernel *k, struct aaj_diags *diags);

/* Is AppArmor on at all? -ENOSYS and a finding when not. Needs no right, and no securityfs where AppArmor is on. */
int aaj_kernel_check_on(const struct aaj_kernel *k, struct aaj_diags *diags);

/* As aaj_kernel_check(), and that this process may change policy: -EPERM without CAP_MAC_ADMIN, as in a container, or where
 * policy is locked until the next boot. */
int aaj_kernel_check_change(const struct aaj_kernel *k, struct aaj_diags *diags);

/* A profile that the kernel holds; sorted by name. */
struct aaj_loaded {
    struct aaj_str name; /* "parent//child", ":ns://name" */
    struct aaj_str mode; /* "enforce", "complain", "kill", "unconfined", "user" */
};

/* One consistent list: read again while policy changes under the reading. -EAGAIN when it never holds still.
 */
int aaj_kernel_list(const struct aaj_kernel *k, struct aaj_arena *arena, struct aaj_diags *diags,
                    struct aaj_loaded **ret_loaded, size_t *ret_n);
const struct aaj_loaded *aaj_loaded_find(const struct aaj_loaded *loaded, size_t n, struct aaj_str name);

/*
 * What a loaded profile attaches to (@attach as in struct aaj_piece); those that attach to nothing are not
 * listed. Sorted by attachment. Of two profiles with the same automaton the kernel takes neither: both load
 * without a word, and the program runs unconfined; and where the path itself is a profile's name, that one goes
 * before every automaton (find_attach in Linux security/apparmor/domain.c; measured on 6.1).
 */
struct aaj_attachment {
    struct aaj_str profile, attach;
};
int aaj_kernel_attachments(const struct aaj_kernel *k, struct aaj_arena *arena, struct aaj_attachment **ret_list,
                           size_t *ret_n);
void aaj_attachments_sort(struct aaj_attachment *list, size_t n);
/* What keeps @profile from confining the program @path: another with the same attachment, or with that name; NULL. */
const struct aaj_attachment *aaj_attachment_clash(const struct aaj_attachment *list, size_t n, struct aaj_str profile,
                                                  struct aaj_str path);

/* A thread of user space. Only those threads are listed that are confined otherwise than their process. */
struct aaj_task {
    pid_t pid, tid;
    struct aaj_str label; /* "unconfined", or as aa_getcon(2) gives it: a stack is "A//&B" */
    struct aaj_str mode;  /* empty when unconfined */
    struct aaj_str comm;
    struct aaj_str exe;  /* where it runs from; empty when that may not be known */
    bool deleted;        /* that file is gone, replaced by an upgrade as a rule */
    struct aaj_str unit; /* "x.service", from its cgroup; empty when it is in none */
};

/* Tasks come and go under the reading; who was there throughout is listed. Sorted by pid. */
int aaj_kernel_tasks(const struct aaj_kernel *k, struct aaj_arena *arena, struct aaj_task **ret_task,
                     size_t *ret_n);

/* Is the task in profile @name, in one of its children, or in a "//null-" profile below it? */
bool aaj_label_bears(struct aaj_str label, struct aaj_str name);
/* Is one of the label's profiles a "null-" one, which complain mode made and enforcing never ends? */
bool aaj_label_is_null(struct aaj_str label);

/* Compiled policy as the kernel holds it for @name and its children, whatever else was loaded with them.
 * -ENOENT: no such profile; -ENOTSUP: this kernel does not give policy back. */
int aaj_kernel_fetch(const struct aaj_kernel *k, struct aaj_str name, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_str *ret_blob);

/* All of @blob in one step; profiles of the same names are replaced. 0 or -errno and a finding. */
int aaj_kernel_replace(const struct aaj_kernel *k, struct aaj_str blob, struct aaj_diags *diags);
/* One profile with its children. */
int aaj_kernel_remove(const struct aaj_kernel *k, struct aaj_str name, struct aaj_diags *diags);
