/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit rules that make a log which can be read here. */
#include <errno.h>
#include <libaudit.h>
#include <string.h>

#include "base/grow.h"
#include "trace/trace.h"

static const char names[] =
    "open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir,mknod,mknodat,truncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,flock",
                  programs[] = "execve,execveat,clone,clone3,fork,vfork,dup,dup2,dup3",
                  sockets[] = "socket,socketpair,accept,accept4,connect,bind,sendto,sendmsg,sendmmsg,pipe,pipe2";

/* Those that this machine has: auditctl refuses others. */
static void put_calls(FILE *out, const char *list)
{
    int machine = audit_detect_machine();
    char name[32], sep = ' ';

    while (*list) {
        size_t n = strcspn(list, ",");

        snprintf(name, sizeof(name), "%.*s", (int)n, list);
        list += n + (list[n] == ',');
        if (machine >= 0 && audit_name_to_syscall(name, machine) < 0)
            continue;
        fprintf(out, "%c%s", sep, name);
        sep = ',';
    }
}

static void rules_of(FILE *out, const char *who, struct aaj_str key)
{
    /* F_SETLK, F_SETLKW and those of open files; F_DUPFD, F_DUPFD_CLOEXEC */
    static const int commands[] = { 6, 7, 37, 38, 0, 1030 };
    static const char *const lists[] = { names, programs, sockets };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(lists); i++) {
        fputs("-a always,exit -F arch=b64 -S", out);
        put_calls(out, lists[i]);
        fprintf(out, " %s -k %.*s\n", who, AAJ_STR_ARG(key));
    }
    fprintf(out, "-a always,exit -F arch=b64 -S mmap -F a2&4 %s -k %.*s\n", who, AAJ_STR_ARG(key));
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(commands); i++)
        fprintf(out, "-a always,exit -F arch=b64 -S fcntl -F a1=%d %s -k %.*s\n", commands[i], who, AAJ_STR_ARG(key));
}

/* auditctl takes words apart at blanks and knows no quotes. */
static bool is_word(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return s.n > 0;
}

int aaj_trace_rules(FILE *out, struct aaj_str slave, uint32_t uid, struct aaj_str key)
{
    char who[4200];

    if (!is_word(slave) || slave.p[0] != '/' || slave.n > 4000 || !is_word(key) || key.n > 128)
        return -EINVAL;
    fprintf(out,
            "# What %.*s does, for: auditctl -R FILE. Start it anew after that.\n"
            "# 32-bit programs, capabilities, signals, ptrace, mounts and D-Bus are not logged by these rules.\n"
            "-b 65536\n",
            AAJ_STR_ARG(slave));
    snprintf(who, sizeof(who), "-F uid=%u", uid);
    rules_of(out, who, key);
    if (uid != 0) {
        fprintf(out, "# before it takes the uid\n");
        snprintf(who, sizeof(who), "-F exe=%.*s -F uid!=%u", AAJ_STR_ARG(slave), uid);
        rules_of(out, who, key);
    }
    return ferror(out) ? -EIO : 0;
}
