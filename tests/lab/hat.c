/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hat HAT PROGRAM: enters the hat and leaves it, then executes the program; a line on how each went, as php-fpm's pools
 * and a slave with children would fare. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/apparmor.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    unsigned long token = 0x5eed1e55;
    int status = 0;
    pid_t pid;

    if (argc != 3)
        return 2;
    if (aa_change_hat(argv[1], token) < 0)
        printf("hat: %s\n", strerror(errno));
    else
        printf("hat: %s\n", aa_change_hat(NULL, token) < 0 ? strerror(errno) : "ok");
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        execl(argv[2], argv[2], (char *)NULL);
        printf("child: %s\n", strerror(errno));
        fflush(stdout);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        puts("child: ok");
    return 0;
}
