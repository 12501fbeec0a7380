/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executed under test: static, so that it needs no other file; ends with its standard input. */
#include <unistd.h>

int main(void)
{
    char c;

    while (read(0, &c, 1) > 0)
        ;
    return 0;
}
