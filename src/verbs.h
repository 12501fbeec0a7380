/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "verb.h"

/* One line a verb, in the order of `aajail --help`; each is defined in cmd_NAME.c. */
#define ALL_VERBS(VERB)                                                                            \
    VERB(init)                                                                                     \
    VERB(review)                                                                                   \
    VERB(build)                                                                                    \
    VERB(learn)                                                                                    \
    VERB(merge)                                                                                    \
    VERB(firewall)                                                                                 \
    VERB(check)                                                                                    \
    VERB(diff)                                                                                     \
    VERB(surface)                                                                                  \
    VERB(up)                                                                                       \
    VERB(down)                                                                                     \
    VERB(undo)                                                                                     \
    VERB(prune)                                                                                    \
    VERB(package)                                                                                  \
    VERB(unit)                                                                                     \
    VERB(query)                                                                                    \
    VERB(explain)                                                                                  \
    VERB(load)                                                                                     \
    VERB(enforce)                                                                                  \
    VERB(complain)                                                                                 \
    VERB(remove)                                                                                   \
    VERB(status)                                                                                   \
    VERB(fmt)                                                                                      \
    VERB(lint)                                                                                     \
    VERB(watch)                                                                                    \
    VERB(lab)                                                                                      \
    VERB(completion)                                                                               \
    /* each line with its backslash, so that two additions merge */

#define VERB(name) extern const struct verb verb_##name;
ALL_VERBS(VERB)
#undef VERB
