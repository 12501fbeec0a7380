/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a process came to its label. In complain mode the kernel names what it has no profile for after the way that
 * led there (security/apparmor/domain.c, aa_new_null_profile):
 *
 *     P//null-/usr/bin/dash   executed in P
 *     P//null-NAME            change_hat to a hat that P does not have; mod_apparmor's may be a URI, which looks like an exec
 *     P//null-P//NAME         change_profile to P//NAME, which is not loaded; php-fpm enters its pools so
 *     P//NAME                 a child or a hat that P has
 *
 * and each of these may go on.
 */
#pragma once

#include "base/str.h"

enum aaj_step_kind { AAJ_STEP_EXEC, AAJ_STEP_HAT, AAJ_STEP_CHANGE, AAJ_STEP_CHILD, AAJ_STEP_ODD };

struct aaj_step {
    enum aaj_step_kind kind; /* ODD: a stack of profiles, or nothing between the slashes */
    struct aaj_str name;     /* the executable's path, else NAME */
    size_t end;              /* where the next step begins */
};

/* The step at @at, where @label goes on with "//"; false at its end, or where it is no label. */
bool aaj_label_step(struct aaj_str label, size_t at, struct aaj_step *ret_step);

/*
 * mod_apparmor asks for a hat of the URI's name, where its configuration names none, and, where there is none, for this
 * one. Whoever sends requests chooses the URI.
 */
#define AAJ_DEFAULT_URI AAJ_STR("DEFAULT_URI")
static inline bool aaj_hat_is_uri(struct aaj_str hat)
{
    return hat.n > 0 && hat.p[0] == '/';
}
