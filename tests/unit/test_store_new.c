/*
 * A store that is not there yet: it comes with its first record or not at all, whoever else makes
 * it at the same time and whatever a killed process left beside it.
 */
#include "imgval/base/newfile.h"
#include "tests/store/fixture.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAKERS 8
#define ROUNDS 12

struct scene {
    char directory[64];
    struct iv_arena arena;
    const char *path; /* of the store, in a directory of its own */
};

static struct iv_record make(struct scene *scene, unsigned serial)
{
    struct fixture f = {.serial = serial,
                        .packages = 30,
                        .different = 5,
                        .firmware_version =
                            iv_arena_printf(&scene->arena, "1.0.%u.%u", serial / 256, serial % 256),
                        .oem = "CONTOSO",
                        .operators = "A",
                        .baseline = true,
                        .recorded = 1000};
    return fixture_record(&f, &scene->arena);
}

static bool begin(struct iv_store **store, const char *path)
{
    struct iv_error err = {0};
    bool is_done =
        iv_store_open(path, IV_STORE_CREATE, store, &err) && iv_store_begin(*store, &err);
    if (!CHECK(is_done)) {
        fprintf(stderr, "    %s\n", err.text);
    }
    return is_done;
}

static void add(struct iv_store *store, const struct iv_record *record)
{
    struct iv_error err = {0};
    enum iv_store_added added;
    CHECK(iv_store_add(store, record, false, &added, &err));
}

/* How many entries the store's directory has. */
static size_t count_entries(const struct scene *scene)
{
    char *directory = strdup(scene->path);
    size_t count = 0;
    CHECK(directory != NULL);
    *strrchr(directory, '/') = '\0';
    DIR *open = opendir(directory);
    if (CHECK(open != NULL)) {
        const struct dirent *entry;
        while ((entry = readdir(open)) != NULL) {
            count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        }
        closedir(open);
    }
    free(directory);
    return count;
}

static size_t count_records(const struct scene *scene)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_error err = {0};
    struct iv_record *records;
    size_t count = 0;
    iv_arena_init(&arena);
    if (!CHECK(iv_store_open(scene->path, IV_STORE_READ, &store, &err) &&
               iv_store_list(store, true, &arena, &records, &count, &err))) {
        fprintf(stderr, "    %s\n", err.text);
    }
    iv_store_close(&store);
    CHECK_INT(fixture_problems(scene->path, &err), 0);
    return count;
}

/* --- one maker ------------------------------------------------------------------------------ */

static void test_first_commit(struct scene *scene)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    struct iv_record one = make(scene, 1);
    struct iv_record two = make(scene, 2);
    struct iv_record found;
    if (!begin(&store, scene->path)) {
        return;
    }
    CHECK(access(scene->path, F_OK) != 0);
    add(store, &one);
    CHECK(access(scene->path, F_OK) != 0);
    CHECK(iv_store_find(store, one.id, &scene->arena, &found, &err));
    CHECK(iv_store_commit(store, &err));
    CHECK_INT(count_entries(scene), 1);
    CHECK_INT(count_records(scene), 1);
    /* It goes on with the file that has its name now. */
    CHECK(iv_store_find(store, one.id, &scene->arena, &found, &err));
    CHECK(iv_store_begin(store, &err));
    add(store, &two);
    CHECK(iv_store_find(store, one.id, &scene->arena, &found, &err));
    CHECK(iv_store_commit(store, &err));
    iv_store_close(&store);
    CHECK_INT(count_entries(scene), 1);
    CHECK_INT(count_records(scene), 2);
}

static void test_nothing_recorded(struct scene *scene)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    struct iv_record one = make(scene, 1);
    if (!begin(&store, scene->path)) {
        return;
    }
    CHECK(iv_store_commit(store, &err));
    CHECK(access(scene->path, F_OK) != 0);
    iv_store_close(&store);
    CHECK_INT(count_entries(scene), 0);

    /* Nor when it is closed before the commit, or what was added is removed again. */
    if (!begin(&store, scene->path)) {
        return;
    }
    add(store, &one);
    iv_store_close(&store);
    CHECK_INT(count_entries(scene), 0);
    if (!begin(&store, scene->path)) {
        return;
    }
    add(store, &one);
    CHECK(iv_store_remove(store, one.id, &err) && iv_store_commit(store, &err));
    CHECK(access(scene->path, F_OK) != 0);
    /* The next transaction may record something. */
    CHECK(iv_store_begin(store, &err));
    add(store, &one);
    CHECK(iv_store_commit(store, &err));
    iv_store_close(&store);
    CHECK_INT(count_entries(scene), 1);
    CHECK_INT(count_records(scene), 1);
}

/* No room for the first store: an error, and nothing stays. */
static void test_full(struct scene *scene)
{
    struct iv_record one = make(scene, 1);
    for (rlim_t room = 0; room < 160000; room += 8192) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            struct rlimit limit = {.rlim_cur = room, .rlim_max = room};
            struct iv_error err = {0};
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            bool is_done = fixture_put(scene->path, &one, 1, false, false, &err);
            _exit(is_done ? 1 : err.code == IV_ERROR_SYSTEM ? 0 : 2);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (WEXITSTATUS(status) == 1) {
            CHECK(room > 0);
            break;
        }
        CHECK_INT(WEXITSTATUS(status), 0);
        CHECK_INT(count_entries(scene), 0);
    }
    CHECK_INT(count_records(scene), 1);
}

/* --- several makers ------------------------------------------------------------------------- */

static void test_overtaken(struct scene *scene)
{
    struct iv_store *slow IV_CLEANUP(iv_store_close) = NULL;
    struct iv_store *quick IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    struct iv_record one = make(scene, 1);
    struct iv_record two = make(scene, 2);
    if (!begin(&slow, scene->path)) {
        return;
    }
    add(slow, &one);
    CHECK_INT(count_entries(scene), 1);
    if (!begin(&quick, scene->path)) {
        return;
    }
    /* The file of a maker that lives is no leftover. */
    CHECK_INT(count_entries(scene), 2);
    add(quick, &two);
    CHECK(iv_store_commit(quick, &err));
    iv_store_close(&quick);
    CHECK_INT(count_entries(scene), 2);
    CHECK(!iv_store_commit(slow, &err));
    CHECK_INT(err.code, IV_ERROR_AGAIN);
    CHECK(strstr(err.text, scene->path) != NULL);
    iv_store_close(&slow);
    CHECK_INT(count_entries(scene), 1);
    CHECK_INT(count_records(scene), 1);
    CHECK(fixture_put(scene->path, &one, 1, false, false, &err));
    CHECK_INT(count_records(scene), 2);
}

/* All open it before the first commits; every second round two of them bring the same record. */
static void test_makers(struct scene *scene)
{
    const char *top = scene->path;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int gate[2];
        char byte;
        scene->path = iv_arena_printf(&scene->arena, "%s-%u/s.db", top, round);
        CHECK(pipe(gate) == 0);
        fflush(NULL);
        for (unsigned maker = 0; maker < MAKERS; maker++) {
            if (fork() == 0) {
                struct iv_error err = {0};
                struct iv_record record = make(scene, round % 2 == 0 ? maker : maker / 2);
                close(gate[1]);
                bool is_done = read(gate[0], &byte, 1) == 0 &&
                               fixture_put(scene->path, &record, 1, false, false, &err);
                if (!is_done) {
                    fprintf(stderr, "maker %u: %s\n", maker, err.text);
                }
                _exit(is_done ? 0 : 1);
            }
        }
        close(gate[0]);
        close(gate[1]);
        for (unsigned maker = 0; maker < MAKERS; maker++) {
            int status = 0;
            CHECK(waitpid(-1, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        CHECK_INT(count_records(scene), round % 2 == 0 ? MAKERS : MAKERS / 2);
        CHECK_INT(count_entries(scene), 1);
    }
}

/* --- leftovers ------------------------------------------------------------------------------ */

static void touch(struct scene *scene, const char *suffix)
{
    FILE *file = fopen(iv_arena_printf(&scene->arena, "%s%s", scene->path, suffix), "w");
    if (CHECK(file != NULL)) {
        fclose(file);
    }
}

static bool exists(struct scene *scene, const char *suffix)
{
    return access(iv_arena_printf(&scene->arena, "%s%s", scene->path, suffix), F_OK) == 0;
}

static void test_leftovers(struct scene *scene)
{
    static const char left[] = ".new-0123456789abcdef";
    static const char *const others[] = {
        ".new-0123456789abcde",   ".new-0123456789abcdef0",
        ".new-0123456789abcdeg",  ".new-0123456789ABCDEF",
        ".old-0123456789abcdef",  "x.new-0123456789abcdef",
        ".new-0123456789abcdef~", ".new-",
    };
    struct iv_error err = {0};
    struct iv_record one = make(scene, 1);
    struct iv_record two = make(scene, 2);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    char *directory = strdup(scene->path);
    CHECK(directory != NULL);
    *strrchr(directory, '/') = '\0';
    CHECK(mkdir(directory, 0777) == 0);
    free(directory);
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        touch(scene, others[i]);
    }
    CHECK(mkdir(iv_arena_printf(&scene->arena, "%s.new-00000000000000d1", scene->path), 0777) == 0);
    CHECK(symlink("/dev/null",
                  iv_arena_printf(&scene->arena, "%s.new-0000000000000001", scene->path)) == 0);
    touch(scene, left);
    CHECK(!iv_store_open(scene->path, IV_STORE_READ, &store, &err));
    CHECK(exists(scene, left)); /* readers change nothing */
    CHECK(fixture_put(scene->path, &one, 1, false, false, &err));
    CHECK(!exists(scene, left));
    touch(scene, left);
    CHECK(fixture_put(scene->path, &two, 1, false, false, &err));
    CHECK(!exists(scene, left));
    touch(scene, left);
    CHECK(iv_store_open(scene->path, IV_STORE_WRITE, &store, &err));
    CHECK(!exists(scene, left));
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        CHECK(exists(scene, others[i]));
    }
    CHECK(exists(scene, ".new-00000000000000d1") && exists(scene, ".new-0000000000000001"));
}

/* A maker that lives keeps its file, until it is closed. */
static void test_lock(struct scene *scene)
{
    struct iv_newfile *file IV_CLEANUP(iv_newfile_close) = NULL;
    struct iv_error err = {0};
    bool is_published = false;
    if (!CHECK(iv_newfile_open(scene->path, &file, &err))) {
        return;
    }
    const char *name = iv_arena_strdup(&scene->arena, iv_newfile_name(file));
    iv_newfile_clean(scene->path);
    CHECK(access(name, F_OK) == 0);
    iv_newfile_close(&file);
    CHECK(access(name, F_OK) != 0);
    /* It never replaces anything. */
    if (CHECK(iv_newfile_open(scene->path, &file, &err))) {
        touch(scene, "");
        CHECK(iv_newfile_publish(file, &is_published, &err) && !is_published);
        CHECK(unlink(scene->path) == 0);
        CHECK(iv_newfile_publish(file, &is_published, &err) && is_published);
        iv_newfile_close(&file);
    }
    CHECK(exists(scene, ""));
    CHECK_INT(count_entries(scene), 1);
}

static void remove_tree(const char *directory)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", directory, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

int main(void)
{
    struct scene scene = {.directory = "/tmp/imgval-new-XXXXXX"};
    static void (*const tests[])(struct scene *) = {
        test_first_commit, test_nothing_recorded, test_full, test_overtaken,
        test_makers,       test_leftovers,        test_lock,
    };
    if (!CHECK(mkdtemp(scene.directory) != NULL)) {
        return unit_end();
    }
    for (size_t i = 0; i < IV_COUNT(tests); i++) {
        iv_arena_init(&scene.arena);
        scene.path = iv_arena_printf(&scene.arena, "%s/%zu/s.db", scene.directory, i);
        tests[i](&scene);
        iv_arena_fini(&scene.arena);
    }
    remove_tree(scene.directory);
    return unit_end();
}
