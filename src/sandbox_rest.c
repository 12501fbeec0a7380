/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rest of a command, without power. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_child.h"
#include "terminal.h"
#include "verb.h"

enum { SECONDS = 7 * 86400 };
#define MEMORY ((size_t)16 << 30)

static _Noreturn void child(int (*fn)(void *data), void *data)
{
    const struct sandbox_limits limits = { .memory = MEMORY, .seconds = SECONDS, .writes_files = true };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_confine(&limits) < 0)
        _exit(SANDBOX_UNCONFINED);
    _exit(output_end(fn(data)));
}

int sandbox_status(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) != SANDBOX_UNCONFINED)
        return WEXITSTATUS(status);
    if (WIFEXITED(status))
        fprintf(stderr, "aajail: the reading process could not give up its privileges; nothing was read\n");
    else if (WTERMSIG(status) == SIGPIPE) /* who reads our output went away: so do we */
        raise(SIGPIPE);
    else
        fprintf(stderr, "aajail: the reading process died of signal %d; please report this with the input\n",
                WTERMSIG(status));
    return EXIT_REFUSED;
}

int sandbox_rest(int (*fn)(void *data), void *data)
{
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        child(fn, data);
    if (pid < 0) {
        fprintf(stderr, "aajail: no process for reading: %s\n", strerror(errno));
        return EXIT_REFUSED;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_REFUSED;
    return sandbox_status(status);
}
