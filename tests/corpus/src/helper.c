/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
int main(int c, char **v) { FILE *f = fopen("/srv/slave/templates/mail.tpl", "r"); char b[99] = ""; if (f) { if (!fgets(b, sizeof b, f)) b[0] = 0; fclose(f); }
  char p[200]; snprintf(p, sizeof p, "/srv/slave/data/helper-%s.out", c > 1 ? v[1] : "x"); f = fopen(p, "w"); if (f) { fprintf(f, "%s", b); fclose(f); } printf("helped %s\n", c > 1 ? v[1] : ""); return 0; }
