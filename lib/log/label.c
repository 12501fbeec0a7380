/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/label.h"

static const struct aaj_str slashes = AAJ_STR_INIT("//"), null = AAJ_STR_INIT("null-");

static struct aaj_str segment(struct aaj_str label, size_t at)
{
    struct aaj_str rest = aaj_str_skip(label, at);

    return aaj_str_head(rest, aaj_str_search(rest, slashes));
}

/* "null-" and all of the label until here: the name that was asked for begins with the own one. */
static bool is_change(struct aaj_str label, size_t at)
{
    struct aaj_str rest = aaj_str_skip(label, at + slashes.n + null.n);

    return aaj_str_starts(rest, aaj_str_head(label, at)) && aaj_str_starts(aaj_str_skip(rest, at), slashes);
}

bool aaj_label_step(struct aaj_str label, size_t at, struct aaj_step *ret_step)
{
    struct aaj_step s = { .kind = AAJ_STEP_CHILD };

    if (!aaj_str_starts(aaj_str_skip(label, at), slashes))
        return false;
    s.name = segment(label, at + slashes.n);
    s.end = at + slashes.n + s.name.n;
    if (aaj_str_starts(s.name, null)) {
        if (is_change(label, at)) {
            s.kind = AAJ_STEP_CHANGE;
            s.name = segment(label, at + slashes.n + null.n + at + slashes.n);
            s.end = (size_t)(s.name.p - label.p) + s.name.n;
        } else {
            s.name = aaj_str_skip(s.name, null.n);
            s.kind = s.name.n && s.name.p[0] == '/' ? AAJ_STEP_EXEC : AAJ_STEP_HAT;
        }
    }
    if (s.name.n == 0 || s.name.p[0] == '&')
        s.kind = AAJ_STEP_ODD;
    *ret_step = s;
    return true;
}
