/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reading child can read what it was handed and write its result, and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox.h"

static int copy_fd(void *data, FILE *out, struct aaj_diags *diags)
{
    char buf[64];
    ssize_t n = read(*(int *)data, buf, sizeof(buf));

    fwrite(buf, 1, n > 0 ? (size_t)n : 0, out);
    aaj_diag_add(diags, AAJ_WARNING, "odd-line", (struct aaj_loc){ AAJ_STR("a.log"), 3, 4, 5 },
                 AAJ_STR("raw\0\xff line"), "it is %s", "odd");
    return 0;
}

static void test_result_and_findings_come_back(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str text;
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], "bytes", 5), 5);
    assert_int_equal(sandbox_run("x", copy_fd, &p[0], NULL, &arena, &text, &diags), 0);
    assert_true(aaj_str_eq(text, AAJ_STR("bytes")));
    assert_int_equal(diags.n, 1);
    assert_int_equal(diags.warnings, 1);
    assert_string_equal(diags.item[0].id, "odd-line");
    assert_int_equal(diags.item[0].loc.column, 4);
    assert_true(aaj_str_eq(diags.item[0].message, AAJ_STR("it is odd")));
    assert_int_equal(diags.item[0].source.n, 10);
    close(p[0]);
    close(p[1]);
    aaj_arena_clear(&arena);
    aaj_diags_clear(&diags);
}

/* One line per thing tried that must not work. */
static int try_everything(void *data, FILE *out, struct aaj_diags *diags)
{
    fprintf(out, "open %d\n", open("/etc/hostname", O_RDONLY));
    fprintf(out, "create %d\n", open("/tmp/aaj-sandbox-escape", O_WRONLY | O_CREAT, 0600));
    fprintf(out, "socket %d\n", socket(AF_INET, SOCK_STREAM, 0));
    fprintf(out, "fork %d\n", fork());
    fprintf(out, "kill %d\n", kill(getppid(), 0));
    fprintf(out, "exec %d\n", execl("/bin/true", "true", NULL));
    fprintf(out, "root %d\n", getuid() == 0 ? 0 : -1);
    fprintf(out, "jit %d\n", mprotect(data, 4096, PROT_READ | PROT_EXEC));
    return 0;
}

static void test_child_can_do_nothing_else(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str text;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_int_equal(sandbox_run("x", try_everything, page, NULL, &arena, &text, &diags), 0);
    assert_string_equal(text.p, "open -1\ncreate -1\nsocket -1\nfork -1\nkill -1\nexec -1\nroot -1\njit -1\n");
    assert_int_equal(access("/tmp/aaj-sandbox-escape", F_OK), -1);
    munmap(page, 4096);
    aaj_arena_clear(&arena);
    aaj_diags_clear(&diags);
}

static int crash(void *data, FILE *out, struct aaj_diags *diags)
{
    signal(SIGSEGV, SIG_DFL); /* ASan's handler would turn it into an exit */
    *(volatile int *)data = 1;
    return 0;
}

static int spin(void *data, FILE *out, struct aaj_diags *diags)
{
    for (volatile unsigned long i = 1; i; i++)
        ;
    return 0;
}

static int flood(void *data, FILE *out, struct aaj_diags *diags)
{
    while (fwrite("0123456789abcdef", 1, 16, out) == 16)
        ;
    return -EIO;
}

static int refuse(void *data, FILE *out, struct aaj_diags *diags)
{
    return aaj_error(diags, (struct aaj_loc){ AAJ_STR("a.log"), 1, 0, 0 }, "no good");
}

static void test_a_bad_child_is_an_error(void **state)
{
    const struct sandbox_limits second = { .seconds = 1, .result = 1 << 20 };
    static const struct {
        sandbox_fn fn;
        int result;
        size_t errors;
    } row[] = { { crash, -EPROTO, 1 }, { spin, -EPROTO, 1 }, { flood, -EFBIG, 0 }, { refuse, -EINVAL, 1 } };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_diags diags = AAJ_DIAGS_INIT;
        struct aaj_str text = AAJ_STR("untouched");

        assert_int_equal(sandbox_run("x", row[i].fn, NULL, &second, &arena, &text, &diags), row[i].result);
        assert_int_equal(diags.errors, row[i].errors);
        assert_true(aaj_str_eq(text, AAJ_STR("untouched")));
        aaj_arena_clear(&arena);
        aaj_diags_clear(&diags);
    }
}

/* Answers "one" with a file, everything else with a refusal; counts. */
static int open_one(void *ctx, struct aaj_str request)
{
    ++*(unsigned *)ctx;
    return aaj_str_eq(request, AAJ_STR("one")) ? open("/proc/self/stat", O_RDONLY | O_CLOEXEC) : -EXDEV;
}

static int ask(void *data, FILE *out, struct aaj_diags *diags)
{
    char buf[8] = "", large[SANDBOX_REQUEST_MAX + 1];
    int fd = sandbox_ask(AAJ_STR("one"));

    fprintf(out, "read %zd\n", read(fd, buf, 4));
    close(fd);
    fprintf(out, "other %d\n", sandbox_ask(AAJ_STR("other")));
    memset(large, 'x', sizeof(large));
    fprintf(out, "large %d\n", sandbox_ask((struct aaj_str){ large, sizeof(large) }));
    return 0;
}

static int ask_for_ever(void *data, FILE *out, struct aaj_diags *diags)
{
    while (sandbox_ask(AAJ_STR("other")) != -EPROTO)
        ;
    return 0;
}

static void test_the_parent_opens_what_it_likes(void **state)
{
    unsigned asked = 0;
    const struct sandbox_limits limits = { .open = open_one, .open_ctx = &asked };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str text;

    assert_int_equal(sandbox_run("x", ask, NULL, &limits, &arena, &text, &diags), 0);
    assert_string_equal(text.p, aaj_arena_printf(&arena, "read 4\nother %d\nlarge %d\n", -EXDEV, -EPERM).p);
    assert_int_equal(asked, 2);
    assert_int_equal(sandbox_run("x", ask_for_ever, NULL, &limits, &arena, &text, &diags), -EFBIG);
    assert_int_equal(asked, 2 + SANDBOX_ASKS_MAX);
    /* Without a way to ask there is none, and the calls for it are refused. */
    assert_int_equal(sandbox_run("x", ask, NULL, NULL, &arena, &text, &diags), 0);
    assert_string_equal(text.p, aaj_arena_printf(&arena, "read -1\nother %d\nlarge %d\n", -EPERM, -EPERM).p);
    aaj_arena_clear(&arena);
    aaj_diags_clear(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_and_findings_come_back),
        cmocka_unit_test(test_child_can_do_nothing_else),
        cmocka_unit_test(test_a_bad_child_is_an_error),
        cmocka_unit_test(test_the_parent_opens_what_it_likes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
