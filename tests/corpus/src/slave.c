/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slave.c - a tiny FastCGI-like server process: its own uid, reads its config, listens, forks and execs a helper, locks, links, renames. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
static char data[200];
static void wr(const char *p, const char *s, int fl) { int f = open(p, O_WRONLY | O_CREAT | fl, 0640); if (f >= 0) { (void)!write(f, s, strlen(s)); close(f); } }
static void handle(int c, char *cmd) {
    static char none[8]; char p[400], q[400], *arg = strchr(cmd, 32); if (arg) *arg++ = 0; else arg = none;
    arg[strcspn(arg, "\r\n")] = 0; cmd[strcspn(cmd, "\r\n")] = 0;
    snprintf(p, sizeof p, "%s/%s", data, arg); snprintf(q, sizeof q, "%s/%s.new", data, arg);
    if (!strcmp(cmd, "put")) { wr(q, "value\n", O_TRUNC); rename(q, p); }
    else if (!strcmp(cmd, "get")) { char b[64]; int f = open(p, O_RDONLY); if (f >= 0) { ssize_t n = read(f, b, sizeof b); if (n > 0) (void)!write(c, b, n); close(f); } }
    else if (!strcmp(cmd, "lock")) { int f = open(p, O_RDWR | O_CREAT, 0600); flock(f, LOCK_EX); struct flock l = {.l_type = F_WRLCK}; fcntl(f, F_SETLK, &l); close(f); }
    else if (!strcmp(cmd, "link")) { snprintf(q, sizeof q, "%s/%s.lnk", data, arg); (void)!link(p, q); }
    else if (!strcmp(cmd, "map")) { int f = open(p, O_RDWR | O_CREAT, 0600); (void)!ftruncate(f, 4096); char *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0); if (m != MAP_FAILED) { m[0] = 1; munmap(m, 4096); } close(f); }
    else if (!strcmp(cmd, "log")) wr("/var/log/slave/slave.log", "line\n", O_APPEND);
    else if (!strcmp(cmd, "mkdir")) mkdir(p, 0755);
    else if (!strcmp(cmd, "rm")) unlink(p);
    else if (!strcmp(cmd, "tmp")) { char t[] = "/tmp/slave-XXXXXX"; int f = mkstemp(t); close(f); unlink(t); }
    else if (!strcmp(cmd, "helper")) { pid_t k = fork(); if (!k) { dup2(c, 1); execl("/usr/local/lib/slave/helper", "helper", arg, (char *)0); _exit(127); } int st; waitpid(k, &st, 0); }
    else if (!strcmp(cmd, "sh")) { (void)!system("/bin/date >/dev/null; /usr/bin/id -u >/dev/null"); }
    else if (!strcmp(cmd, "connect")) { char *port = strrchr(arg, ':'); if (port) { *port++ = 0; struct addrinfo h = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *r; if (!getaddrinfo(arg, port, &h, &r)) { int s = socket(r->ai_family, SOCK_STREAM, 0); if (!connect(s, r->ai_addr, r->ai_addrlen)) (void)!write(s, "GET / HTTP/1.0\r\n\r\n", 18); close(s); freeaddrinfo(r); } } }
    else if (!strcmp(cmd, "udp")) { int s = socket(AF_INET, SOCK_DGRAM, 0); struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)}; inet_pton(AF_INET, arg, &a.sin_addr); sendto(s, "q", 1, 0, (void *)&a, sizeof a); close(s); }
    else if (!strcmp(cmd, "resolve")) { gethostbyname(arg); }
    else if (!strcmp(cmd, "unix")) { int s = socket(AF_UNIX, SOCK_STREAM, 0); struct sockaddr_un u = {.sun_family = AF_UNIX}; if (*arg == '@') memcpy(u.sun_path + 1, arg + 1, strlen(arg) - 1); else strcpy(u.sun_path, arg); connect(s, (void *)&u, *arg == '@' ? 2 + strlen(arg) : sizeof u); close(s); }
    else if (!strcmp(cmd, "kill")) kill(atoi(arg), SIGUSR1);
    (void)!write(c, "ok\n", 3);
}
int main(int argc, char **argv) {
    FILE *f = fopen(argc > 1 ? argv[1] : "/etc/slave/slave.conf", "r"); char l[256]; int port = 9000, uid = 2005;
    if (!f) { perror("conf"); return 1; }
    while (fgets(l, sizeof l, f)) { sscanf(l, "data=%199s", data); sscanf(l, "port=%d", &port); sscanf(l, "uid=%d", &uid); }
    fclose(f);
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1; setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)}; a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (void *)&a, sizeof a) || listen(s, 5)) { perror("bind"); return 1; }
    if (setgroups(0, 0) || setgid(uid) || setuid(uid)) { perror("setuid"); return 1; }
    wr("/var/log/slave/slave.log", "started\n", O_APPEND);
    for (;;) { int c = accept(s, 0, 0); if (c < 0) continue; char b[256]; ssize_t n = read(c, b, sizeof b - 1); if (n > 0) { b[n] = 0; if (!strncmp(b, "quit", 4)) return 0; handle(c, b); } close(c); }
}
