/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "verb.h"

/* One line a verb, in the order of `aajail --help`; each is defined in cmd_NAME.c. */
#define ALL_VERBS(VERB)                                                                            \
    VERB(init)                                                                                     \
    VERB(learn)                                                                                    \
    VERB(merge)                                                                                    \
    VERB(review)                                                                                   \
    VERB(build)                                                                                    \
    VERB(check)                                                                                    \
    VERB(explain)                                                                                  \
    VERB(surface)                                                                                  \
    VERB(query)                                                                                    \
    VERB(package)                                                                                  \
    VERB(fmt)                                                                                      \
    VERB(lint)                                                                                     \
    VERB(diff)                                                                                     \
    VERB(up)                                                                                       \
    VERB(down)                                                                                     \
    VERB(undo)                                                                                     \
    VERB(prune)                                                                                    \
    VERB(status)                                                                                   \
    VERB(watch)                                                                                    \
    VERB(firewall)                                                                                 \
    VERB(unit)                                                                                     \
    VERB(load)                                                                                     \
    VERB(enforce)                                                                                  \
    VERB(complain)                                                                                 \
    VERB(remove)                                                                                   \
    VERB(lab)                                                                                      \
    VERB(completion)                                                                               \
    /* each line with its backslash, so that two additions merge */

#define VERB(name) extern const struct verb verb_##name;
ALL_VERBS(VERB)
#undef VERB
