/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an attack looks like. Nothing here proves one: a service may well run a shell. But whoever learns from a day on
 * which somebody was inside learns the intruder's work too, so what looks like it is set apart and explained.
 */
#pragma once

#include "learn/learn.h"

/*
 * Of one access alone, by in->manifest, in->recording, in->files and, with @ceiling, in->ceiling. *ret_detail: the
 * ceiling's item, otherwise empty. Destinations take more than one access to tell: see aaj_learned.suspect.
 */
enum aaj_suspicion aaj_suspect_access(const struct aaj_learn_input *in, const struct aaj_access *access, bool ceiling,
                                      struct aaj_arena *arena, struct aaj_str *ret_detail);
