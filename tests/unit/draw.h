/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that look random and are the same in each run (xorshift64). */
#pragma once

#include <stdint.h>

static uint64_t draw_seed = 88172645463325252;

/* From 0 to @below - 1. */
static inline uint32_t draw(uint32_t below)
{
    draw_seed ^= draw_seed << 13;
    draw_seed ^= draw_seed >> 7;
    draw_seed ^= draw_seed << 17;
    return (uint32_t)(draw_seed >> 33) % below;
}
