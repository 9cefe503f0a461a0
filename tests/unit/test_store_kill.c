/*
 * The baseline store and kill -9: a process is killed at every system call of an add, of a merge
 * and of the creation that may change a file. Afterwards the store opens, is sound, and holds
 * exactly what it held before or what it holds after; another add goes through.
 */
#include "tests/store/fixture.h"
#include "tests/store/killat.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

struct sweep {
    const char *name;
    bool creates; /* no store before */
    bool merge;
    bool replace;
    bool by_reader; /* the first to open it afterwards is a reader */
    const struct iv_record *base;
    size_t base_count;
    const struct iv_record *records;
    size_t count;
};

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    char block[4096];
    size_t size;
    while (in != NULL && out != NULL && (size = fread(block, 1, sizeof(block), in)) > 0) {
        fwrite(block, 1, size, out);
    }
    CHECK(in != NULL && out != NULL);
    if (in != NULL) {
        fclose(in);
    }
    if (out != NULL) {
        fclose(out);
    }
}

static struct killat run_killed(const struct sweep *sweep, const char *path, unsigned long n)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct iv_error err = {0};
        bool is_done = killat_begin() && fixture_put(path, sweep->records, sweep->count,
                                                     sweep->merge, sweep->replace, &err);
        _exit(is_done ? 0 : 1);
    }
    return killat_watch(child, n);
}

static void dump(const char *path, struct iv_buf *buf)
{
    struct iv_error err = {0};
    iv_buf_clear(buf);
    if (!fixture_dump_path(path, buf, &err)) {
        iv_buf_printf(buf, "%s", err.code == IV_ERROR_ABSENT ? "absent" : err.text);
    }
}

/* The state after a kill; true: the new one. */
static bool check_state(const struct sweep *sweep, const char *path, const struct iv_buf *before,
                        const struct iv_buf *after)
{
    struct iv_buf now IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_error err = {0};
    if (!sweep->by_reader) {
        struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
        bool is_open = iv_store_open(path, IV_STORE_WRITE, &store, &err);
        CHECK(is_open || (sweep->creates && err.code == IV_ERROR_ABSENT));
        err = (struct iv_error){0};
    }
    dump(path, &now);
    bool is_new = strcmp(iv_buf_text(&now), iv_buf_text(after)) == 0;
    bool is_old = strcmp(iv_buf_text(&now), iv_buf_text(before)) == 0;
    if (!CHECK(is_new || is_old)) {
        fprintf(stderr, "%s: %.300s\n", sweep->name, iv_buf_text(&now));
    }
    if (strcmp(iv_buf_text(&now), "absent") != 0) {
        CHECK_INT(fixture_problems(path, &err), 0);
    }
    return is_new;
}

static void test_sweep(const struct sweep *sweep, const char *directory)
{
    char original[4200];
    char path[4200];
    struct iv_buf before IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf after IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_error err = {0};
    bool was_new = false;
    unsigned long n = 0;
    snprintf(original, sizeof(original), "%s/%s-before.db", directory, sweep->name);
    if (!sweep->creates) {
        CHECK(fixture_put(original, sweep->base, sweep->base_count, false, false, &err));
    }
    for (;; n++) {
        /* n 0 runs to the end and gives the state after. */
        snprintf(path, sizeof(path), "%s/%s-%lu/new.db", directory, sweep->name, n);
        *strrchr(path, '/') = '\0';
        mkdir(path, 0777);
        path[strlen(path)] = '/';
        if (!sweep->creates) {
            copy_file(original, path);
            dump(path, &before);
        } else {
            iv_buf_clear(&before);
            iv_buf_puts(&before, "absent");
        }
        struct killat result = run_killed(sweep, path, n);
        if (n == 0) {
            CHECK(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0);
            CHECK(result.seen > 5);
            dump(path, &after);
            CHECK(strcmp(iv_buf_text(&before), iv_buf_text(&after)) != 0);
            continue;
        }
        bool is_new = check_state(sweep, path, &before, &after);
        /* Once it is there it stays there: the commit is one point in time. */
        CHECK(is_new || !was_new);
        was_new = is_new;
        if (!result.was_killed || n > 2000) {
            break;
        }
        CHECK(fixture_put(path, sweep->records, sweep->count, sweep->merge, sweep->replace, &err));
        iv_buf_clear(&before);
        dump(path, &before);
        CHECK(strcmp(iv_buf_text(&before), iv_buf_text(&after)) == 0);
    }
    CHECK(was_new);
    printf("%s: %lu kills\n", sweep->name, n - 1);
}

static void test_all(const char *directory, struct iv_arena *arena)
{
    static const struct fixture facts[] = {
        {.serial = 1,
         .packages = 60,
         .different = 10,
         .firmware_version = "1.0.0.1",
         .oem = "CONTOSO",
         .operators = "AB",
         .baseline = true,
         .recorded = 100},
        {.serial = 2,
         .packages = 60,
         .different = 10,
         .firmware_version = "1.0.0.2",
         .oem = "CONTOSO",
         .operators = "A",
         .recorded = 200},
        {.serial = 3,
         .packages = 60,
         .different = 10,
         .firmware_version = "1.0.0.1",
         .oem = "CONTOSO",
         .operators = "BC",
         .baseline = true,
         .recorded = 300},
        {.serial = 4,
         .packages = 60,
         .different = 60,
         .firmware_version = "1.0.0.4",
         .oem = "Contoso",
         .operators = "C",
         .imported = true,
         .recorded = 50},
    };
    struct iv_record records[IV_COUNT(facts)];
    for (size_t i = 0; i < IV_COUNT(facts); i++) {
        records[i] = fixture_record(&facts[i], arena);
    }
    const struct sweep sweeps[] = {
        {.name = "create", .creates = true, .records = records, .count = 1},
        {.name = "create-read", .creates = true, .by_reader = true, .records = records, .count = 1},
        {.name = "add", .base = records, .base_count = 1, .records = records + 1, .count = 1},
        {.name = "replace",
         .replace = true,
         .by_reader = true,
         .base = records,
         .base_count = 2,
         .records = records + 2,
         .count = 1},
        {.name = "merge",
         .merge = true,
         .by_reader = true,
         .base = records,
         .base_count = 2,
         .records = records + 1,
         .count = 3},
    };
    for (size_t i = 0; i < IV_COUNT(sweeps); i++) {
        test_sweep(&sweeps[i], directory);
    }
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    char directory[] = "/tmp/imgval-kill-XXXXXX";
    iv_arena_init(&arena);
    if (CHECK(mkdtemp(directory) != NULL)) {
        test_all(directory, &arena);
    }
    if (unit.failures == 0) {
        char *argv[] = {(char[]){"rm"}, (char[]){"-rf"}, directory, NULL};
        pid_t child = fork();
        if (child == 0) {
            execvp("rm", argv);
            _exit(127);
        }
        waitpid(child, NULL, 0);
    }
    return unit_end();
}
