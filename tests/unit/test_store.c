/* The baseline store: what it keeps, what it refuses, and files that are no stores. */
#include "cache/db.h"
#include "tests/store/fixture.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 8
#define ADDS 20

/* The store's own identity, so that tests can damage it with SQL. */
#define SCHEMA_VERSION 2
static const char *const no_steps[] = {"SELECT 1", "SELECT 1", "SELECT 1"};
static const struct iv_db_schema raw_schema = {.what = "baseline store",
                                               .application_id = 0x49564253,
                                               .steps = no_steps,
                                               .version = SCHEMA_VERSION,
                                               .is_unchecked = true};

struct scene {
    char directory[64];
    struct iv_arena arena;
    unsigned files;
};

static const char *new_path(struct scene *scene)
{
    return iv_arena_printf(&scene->arena, "%s/%u.db", scene->directory, scene->files++);
}

static struct iv_record make(struct scene *scene, unsigned serial, const char *version,
                             const char *operators, bool baseline)
{
    struct fixture f = {.serial = serial,
                        .packages = 30,
                        .different = 5,
                        .firmware_version = version,
                        .oem = "CONTOSO",
                        .operators = operators,
                        .baseline = baseline,
                        .recorded = 1000 + (int64_t)serial};
    return fixture_record(&f, &scene->arena);
}

static const char *dump(struct scene *scene, const char *path)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_error err = {0};
    if (!fixture_dump_path(path, &buf, &err)) {
        return iv_arena_strdup(&scene->arena, err.text);
    }
    return iv_arena_strdup(&scene->arena, iv_buf_text(&buf));
}

static void put(const char *path, const struct iv_record *record)
{
    struct iv_error err = {0};
    if (!CHECK(fixture_put(path, record, 1, false, false, &err))) {
        fprintf(stderr, "    %s\n", err.text);
    }
}

static void check_clean(const char *path)
{
    struct iv_error err = {0};
    if (!CHECK_INT(fixture_problems(path, &err), 0)) {
        fprintf(stderr, "    %s\n", err.text);
    }
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (CHECK(file != NULL)) {
        CHECK(fwrite(bytes, 1, size, file) == size);
        fclose(file);
    }
}

static void read_bytes(const char *path, struct iv_buf *buf)
{
    char block[65536];
    size_t size;
    FILE *file = fopen(path, "rb");
    if (CHECK(file != NULL)) {
        while ((size = fread(block, 1, sizeof(block), file)) > 0) {
            iv_buf_add(buf, block, size);
        }
        fclose(file);
    }
}

static bool is_same_file(const char *path, const struct iv_buf *bytes)
{
    struct iv_buf now IV_CLEANUP(iv_buf_fini) = {0};
    read_bytes(path, &now);
    return now.size == bytes->size && memcmp(now.data, bytes->data, now.size) == 0;
}

/* --- what it keeps -------------------------------------------------------------------------- */

static void test_round_trip(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record record = make(scene, 1, "3012.0.01.4", "AB", true);
    struct iv_record empty = make(scene, 2, "1.0.0.0", "", false);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_error err = {0};
    empty.package_count = 0;
    fixture_seal(&empty, &scene->arena);
    put(path, &record);
    put(path, &empty);
    iv_buf_puts(&wanted, "store\n");
    fixture_dump_record(&empty, &wanted);
    fixture_dump_record(&record, &wanted);
    CHECK_STR(dump(scene, path), iv_buf_text(&wanted));
    check_clean(path);

    struct iv_record *records;
    size_t count;
    CHECK(iv_store_open(path, IV_STORE_READ, &store, &err));
    CHECK(iv_store_list(store, false, &scene->arena, &records, &count, &err));
    CHECK_INT(count, 2);
    CHECK_INT(records[1].package_count, 30);
    CHECK(records[1].packages == NULL);
    CHECK_INT(records[1].number.part[3], 4);

    struct iv_pop folded = {.oem = "contoso", .mobile_operator = "00a-01", .model = "ct-100"};
    struct iv_pop other = {.oem = "contoso", .mobile_operator = "00c-01", .model = "ct-100"};
    struct iv_baselines list;
    CHECK(iv_store_baselines(store, &folded, &scene->arena, &list, &err));
    CHECK_INT(list.count, 1);
    CHECK_INT(list.touched, 1001);
    CHECK_STR(list.items[0].id, record.id);
    CHECK(!list.items[0].set_loaded);
    CHECK(iv_store_load_set(store, &list.items[0], &scene->arena, &err));
    struct iv_set set;
    const struct iv_package **missing;
    iv_set_build(record.packages, record.package_count, &scene->arena, &set);
    CHECK_INT(list.items[0].set.count, set.count);
    CHECK_INT(iv_set_missing(&set, &list.items[0].set, true, &scene->arena, &missing), 0);
    CHECK(iv_store_baselines(store, &other, &scene->arena, &list, &err));
    CHECK_INT(list.count, 0);
    CHECK_INT(list.touched, 0);
    struct iv_pop *pops;
    CHECK(iv_store_baseline_pops(store, &scene->arena, &pops, &count, &err));
    CHECK_INT(count, 2);
    CHECK_STR(pops[0].mobile_operator, "00A-01");
}

static void test_add_again(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record record = make(scene, 1, "1.0.0.1", "AB", false);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    enum iv_store_added added;
    CHECK(iv_store_open(path, IV_STORE_CREATE, &store, &err));
    CHECK(iv_store_begin(store, &err));
    CHECK(iv_store_add(store, &record, false, &added, &err));
    CHECK_INT(added, IV_STORE_ADDED);
    record.recorded = 5000;
    CHECK(iv_store_add(store, &record, false, &added, &err));
    CHECK_INT(added, IV_STORE_KNOWN);
    record.pops[1].baseline = true;
    CHECK(iv_store_add(store, &record, false, &added, &err));
    CHECK_INT(added, IV_STORE_PROMOTED);
    record.pops[1].baseline = false;
    CHECK(iv_store_add(store, &record, false, &added, &err));
    CHECK_INT(added, IV_STORE_KNOWN);
    CHECK(iv_store_commit(store, &err));
    struct iv_record found;
    CHECK(iv_store_find(store, record.id, &scene->arena, &found, &err));
    CHECK(!found.pops[0].baseline && found.pops[1].baseline);
    CHECK_INT(found.recorded, 1001);
    struct iv_baselines list;
    CHECK(iv_store_baselines(store, &record.pops[1].pop, &scene->arena, &list, &err));
    CHECK_INT(list.touched, 5000);
    CHECK_INT(list.count, 1);

    /* Nothing goes in under an id that is not its own. */
    record.packages[0].removal = !record.packages[0].removal;
    CHECK(iv_store_begin(store, &err));
    CHECK(!iv_store_add(store, &record, false, &added, &err));
    CHECK_INT(err.code, IV_ERROR_INVALID);
    iv_store_close(&store);
    check_clean(path);
}

static void test_undone(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record record = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_record other = make(scene, 2, "1.0.0.2", "A", true);
    struct iv_store *store = NULL;
    struct iv_error err = {0};
    enum iv_store_added added;
    put(path, &record);
    const char *before = dump(scene, path);
    CHECK(iv_store_open(path, IV_STORE_WRITE, &store, &err) && iv_store_begin(store, &err));
    CHECK(iv_store_add(store, &other, false, &added, &err));
    iv_store_close(&store);
    CHECK(store == NULL);
    CHECK_STR(dump(scene, path), before);
}

static void test_replace(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record first = make(scene, 1, "1.0.0.1", "AB", true);
    struct iv_record second = make(scene, 2, "1.0.00.1", "BC", true);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    put(path, &first);
    const char *before = dump(scene, path);
    CHECK(!fixture_put(path, &second, 1, false, false, &err));
    CHECK_INT(err.code, IV_ERROR_REFUSED);
    CHECK(strstr(err.text, "There was an incorrect number of baseline submissions returned. "
                           "Count: 2") != NULL);
    CHECK(strstr(err.text, first.id) != NULL);
    CHECK_STR(dump(scene, path), before);
    err = (struct iv_error){0};
    CHECK(fixture_put(path, &second, 1, false, true, &err));
    CHECK(iv_store_open(path, IV_STORE_READ, &store, &err));
    struct iv_record found;
    CHECK(iv_store_find(store, first.id, &scene->arena, &found, &err));
    CHECK(found.pops[0].baseline);
    CHECK(!found.pops[1].baseline);
    CHECK(iv_store_find(store, second.id, &scene->arena, &found, &err));
    CHECK(found.pops[0].baseline && found.pops[1].baseline);
    check_clean(path);
}

/* A judged submission takes the place of an imported list with the same id. */
static void test_imported(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record judged = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_record list = make(scene, 1, "1.0.0.1", "A", false);
    list.imported = true;
    list.packages[3].content = NULL;
    CHECK_STR(list.id, judged.id);
    put(path, &list);
    CHECK(strstr(dump(scene, path), " 1.0.0.1 1 1001 30") != NULL);
    put(path, &judged);
    const char *after = dump(scene, path);
    CHECK(strstr(after, " 1.0.0.1 0 1001 30") != NULL);
    CHECK(strstr(after, judged.packages[3].content) != NULL);
    put(path, &list);
    CHECK_STR(dump(scene, path), after);
    check_clean(path);
}

/* --- merging -------------------------------------------------------------------------------- */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* Few kinds of each, unknown among them. */
static struct iv_traits random_traits(struct scene *scene, unsigned *state)
{
    struct iv_traits traits = {0};
    unsigned which = next_random(state) % 4;
    if (which > 0) {
        traits.has_features = true;
        traits.features = IV_NEW_ARRAY(&scene->arena, const char *, 2);
        traits.features[0] = which == 1 ? "a" : "b";
        traits.features[1] = "c";
        traits.feature_count = which == 3 ? 2 : 1;
    }
    which = next_random(state) % 4;
    if (which > 0) {
        traits.layout.present = true;
        traits.layout.from_manifest = which == 1;
        traits.layout.partitions = IV_NEW(&scene->arena, struct iv_layout_partition);
        traits.layout.partitions[0] = (struct iv_layout_partition){
            .store = 1, .name = "MainOS", .size = which * 512, .use_all_space = which == 3};
        traits.layout.partition_count = 1;
    }
    return traits;
}

/* Records that collide: the same ids with other flags, times, spellings and unvouched facts. */
static struct iv_record random_record(struct scene *scene, unsigned *state)
{
    static const char *const versions[] = {"1.0.0.1", "1.0.0.2", "1.00.0.2"};
    static const char *const operators[] = {"A", "AB", "BC"};
    struct fixture f = {.serial = next_random(state) % 3,
                        .packages = 12,
                        .different = 4,
                        .firmware_version = versions[next_random(state) % 3],
                        .oem = next_random(state) % 2 ? "CONTOSO" : "Contoso",
                        .operators = operators[next_random(state) % 3],
                        .baseline = next_random(state) % 2,
                        .imported = next_random(state) % 2,
                        .recorded = 1 + next_random(state) % 100};
    struct iv_record record = fixture_record(&f, &scene->arena);
    if (next_random(state) % 2 == 0) {
        record.packages[next_random(state) % 12].content = NULL;
    }
    record.packages[5].file_count = next_random(state) % 2;
    record.traits = random_traits(scene, state);
    for (size_t i = 0; i < record.pop_count; i++) {
        record.pops[i].baseline = next_random(state) % 2;
        record.pops[i].compliant = next_random(state) % 2;
    }
    return record;
}

static void test_merge(struct scene *scene)
{
    enum { RECORDS = 40 };
    struct iv_record records[RECORDS];
    struct iv_error err = {0};
    unsigned state = 7;
    const char *wanted = NULL;
    for (size_t i = 0; i < RECORDS; i++) {
        records[i] = random_record(scene, &state);
    }
    for (unsigned round = 0; round < 12; round++) {
        const char *path = new_path(scene);
        for (size_t i = RECORDS - 1; round > 0 && i > 0; i--) {
            size_t j = next_random(&state) % (i + 1);
            struct iv_record swapped = records[i];
            records[i] = records[j];
            records[j] = swapped;
        }
        size_t cut = next_random(&state) % RECORDS;
        CHECK(fixture_put(path, records, cut, true, false, &err));
        CHECK(fixture_put(path, records + cut, RECORDS - cut, true, false, &err));
        const char *got = dump(scene, path);
        wanted = wanted == NULL ? got : wanted;
        CHECK_STR(got, wanted);
        CHECK(fixture_put(path, records, RECORDS, true, false, &err));
        CHECK_STR(dump(scene, path), wanted);
        check_clean(path);
    }
}

/* --- finding and removing ------------------------------------------------------------------- */

static enum iv_error_code find(struct iv_store *store, const char *name, struct scene *scene,
                               const char **ret_id)
{
    struct iv_error err = {0};
    struct iv_record record;
    *ret_id = NULL;
    if (iv_store_find(store, name, &scene->arena, &record, &err)) {
        *ret_id = record.id;
    } else {
        CHECK(strstr(err.text, scene->directory) != NULL);
    }
    return err.code;
}

static void test_find(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    const char *id;
    struct iv_record one = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_record two = make(scene, 2, "1.0.0.1", "A", false);
    struct iv_record three = make(scene, 3, "1.0.0.2", "A", false);
    struct iv_record four = make(scene, 4, "1.0.0.2", "A", false);
    put(path, &one);
    put(path, &two);
    put(path, &three);
    put(path, &four);
    CHECK(iv_store_open(path, IV_STORE_READ, &store, &err));
    CHECK_INT(find(store, two.id, scene, &id), IV_ERROR_NONE);
    CHECK_STR(id, two.id);
    CHECK_INT(find(store, iv_arena_strndup(&scene->arena, two.id, 12), scene, &id), IV_ERROR_NONE);
    CHECK_STR(id, two.id);
    CHECK_INT(find(store, iv_arena_strndup(&scene->arena, two.id, 3), scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "0000000000", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "'; DROP TABLE pop", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "contoso/00a-01/ct-100@1.0.00.01", scene, &id), IV_ERROR_NONE);
    CHECK_STR(id, one.id);
    CHECK_INT(find(store, "CONTOSO/00A-01/CT-100@1.0.0.2", scene, &id), IV_ERROR_USAGE);
    CHECK_INT(find(store, "CONTOSO/00B-01/CT-100@1.0.0.2", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "CONTOSO/00A-01/CT-100@1.0.0.3", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "CONTOSO/00A-01/CT-100@", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "//@", scene, &id), IV_ERROR_ABSENT);
    CHECK_INT(find(store, "a/b/c/d@1.0.0.1", scene, &id), IV_ERROR_ABSENT);
}

/* Two ids with the same first four digits turn up in a few hundred. */
static void test_ambiguous(struct scene *scene)
{
    enum { RECORDS = 600 };
    const char *path = new_path(scene);
    struct iv_record *records = IV_NEW_ARRAY(&scene->arena, struct iv_record, RECORDS);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    const char *id;
    for (unsigned i = 0; i < RECORDS; i++) {
        struct fixture f = {.serial = i,
                            .packages = 1,
                            .different = 1,
                            .oem = "CONTOSO",
                            .firmware_version = "1.0.0.1",
                            .operators = "A"};
        records[i] = fixture_record(&f, &scene->arena);
    }
    CHECK(fixture_put(path, records, RECORDS, false, false, &err));
    CHECK(iv_store_open(path, IV_STORE_READ, &store, &err));
    bool was_found = false;
    for (unsigned i = 0; i < RECORDS && !was_found; i++) {
        for (unsigned j = 0; j < i && !was_found; j++) {
            was_found = strncmp(records[i].id, records[j].id, 4) == 0;
            if (was_found) {
                struct iv_record record;
                const char *name = iv_arena_strndup(&scene->arena, records[i].id, 4);
                CHECK(!iv_store_find(store, name, &scene->arena, &record, &err));
                CHECK_INT(err.code, IV_ERROR_USAGE);
                CHECK(strstr(err.text, records[i].id) != NULL);
                CHECK(strstr(err.text, records[j].id) != NULL);
                CHECK_INT(find(store, records[i].id, scene, &id), IV_ERROR_NONE);
            }
        }
    }
    CHECK(was_found);
}

static void test_remove(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record one = make(scene, 1, "1.0.0.1", "AB", true);
    struct iv_record two = make(scene, 2, "1.0.0.2", "BC", true);
    struct iv_error err = {0};
    put(path, &one);
    const char *before = dump(scene, path);
    put(path, &two);
    for (int round = 0; round < 2; round++) {
        struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
        CHECK(iv_store_open(path, IV_STORE_WRITE, &store, &err) && iv_store_begin(store, &err));
        CHECK(iv_store_remove(store, two.id, &err) == (round == 0));
        if (round == 0) {
            CHECK(iv_store_commit(store, &err));
        } else {
            CHECK_INT(err.code, IV_ERROR_ABSENT);
        }
    }
    CHECK_STR(dump(scene, path), before);
    check_clean(path);
}

/* --- files that are no stores --------------------------------------------------------------- */

static void check_refused(const char *path, enum iv_error_code wanted, const char *part)
{
    static const enum iv_store_mode modes[] = {IV_STORE_READ, IV_STORE_WRITE, IV_STORE_CREATE};
    for (size_t i = 0; i < 3; i++) {
        struct iv_store *store = NULL;
        struct iv_error err = {0};
        CHECK(!iv_store_open(path, modes[i], &store, &err));
        CHECK_INT(err.code, wanted);
        if (!CHECK(strstr(err.text, path) != NULL && strstr(err.text, part) != NULL)) {
            fprintf(stderr, "    %s\n", err.text);
        }
        CHECK(store == NULL);
        iv_store_close(&store);
    }
}

static void test_no_store(struct scene *scene)
{
    static const char text[] = "a letter to my grandmother, which is longer than a header is: "
                               "it goes on and on, and on, and on, and is dear to me.";
    struct iv_error err = {0};
    struct iv_store *store = NULL;
    const char *path = new_path(scene);
    CHECK(!iv_store_open(path, IV_STORE_READ, &store, &err) && err.code == IV_ERROR_ABSENT);
    CHECK(!iv_store_open(path, IV_STORE_WRITE, &store, &err) && err.code == IV_ERROR_ABSENT);
    CHECK(access(path, F_OK) != 0);
    CHECK(!iv_store_open("", IV_STORE_CREATE, &store, &err));
    write_bytes(path, "", 0);
    check_refused(path, IV_ERROR_STORE, "empty");
    write_bytes(path, text, sizeof(text));
    check_refused(path, IV_ERROR_STORE, "not a baseline store");
    write_bytes(path, text, 10);
    check_refused(path, IV_ERROR_STORE, "not a baseline store");
    check_refused(scene->directory, IV_ERROR_STORE, "not a regular file");
    check_refused("/dev/null", IV_ERROR_STORE, "not a regular file");
    path = new_path(scene);
    CHECK(mkfifo(path, 0600) == 0);
    check_refused(path, IV_ERROR_STORE, "not a regular file");
    path = new_path(scene);
    CHECK(symlink("nowhere.db", path) == 0);
    CHECK(!iv_store_open(path, IV_STORE_CREATE, &store, &err) && err.code == IV_ERROR_SYSTEM);
    path = iv_arena_printf(&scene->arena, "%s/below", path);
    CHECK(!iv_store_open(path, IV_STORE_CREATE, &store, &err) && err.code == IV_ERROR_SYSTEM);
}

/* A file with nothing but its schema in it. */
static void make_file(const char *path, const struct iv_db_schema *schema)
{
    struct iv_db *db IV_CLEANUP(iv_db_close) = NULL;
    struct iv_error err = {0};
    if (!CHECK(iv_db_open(path, schema, IV_DB_CREATE, 0, &db, &err) && iv_db_is_new(db) &&
               access(path, F_OK) != 0 && iv_db_begin(db, &err) && iv_db_commit(db, &err) &&
               !iv_db_is_new(db))) {
        fprintf(stderr, "    %s\n", err.text);
    }
}

static void test_other_databases(struct scene *scene)
{
    static const char *const steps[] = {"CREATE TABLE letters(text)", "CREATE TABLE more(text)"};
    static const struct iv_db_schema foreign = {
        .what = "letter box", .application_id = 1, .steps = steps, .version = 1};
    static const struct iv_db_schema newer = {.what = "baseline store",
                                              .application_id = 0x49564253,
                                              .steps = no_steps,
                                              .version = SCHEMA_VERSION + 1};
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    const char *path = new_path(scene);
    make_file(path, &foreign);
    read_bytes(path, &bytes);
    check_refused(path, IV_ERROR_STORE, "another program");
    CHECK(is_same_file(path, &bytes));
    path = new_path(scene);
    make_file(path, &newer);
    iv_buf_clear(&bytes);
    read_bytes(path, &bytes);
    check_refused(path, IV_ERROR_NEWER, "newer imgval");
    CHECK(is_same_file(path, &bytes));
}

/* A schema with two steps: writers migrate the file, readers a copy. */
static void test_migration(struct scene *scene)
{
    static const char *const steps[] = {"CREATE TABLE a(x); INSERT INTO a VALUES(1)",
                                        "ALTER TABLE a ADD COLUMN y DEFAULT 7"};
    static const char *const bad[] = {"CREATE TABLE a(x)", "DELETE FROM a; ALTER TABLE b ADD z"};
    struct iv_db_schema schema = {.what = "box", .application_id = 5, .steps = steps, .version = 1};
    struct iv_error err = {0};
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_db *db = NULL;
    struct iv_query *query = NULL;
    bool row = false;
    const char *path = new_path(scene);
    make_file(path, &schema);
    read_bytes(path, &bytes);
    schema.version = 2;
    for (int round = 0; round < 2; round++) {
        CHECK(iv_db_open(path, &schema, round == 0 ? IV_DB_READ : IV_DB_WRITE, 0, &db, &err));
        CHECK(iv_query_open(db, "SELECT y FROM a", &query, &err));
        CHECK(iv_query_next(query, &row, &err) && row);
        CHECK_INT(iv_query_int(query, 0), 7);
        iv_query_close(&query);
        iv_db_close(&db);
        CHECK(is_same_file(path, &bytes) == (round == 0));
    }
    schema.version = 1;
    CHECK(!iv_db_open(path, &schema, IV_DB_READ, 0, &db, &err) && err.code == IV_ERROR_NEWER);
    /* A step that fails changes nothing. */
    path = new_path(scene);
    make_file(path, &schema);
    iv_buf_clear(&bytes);
    read_bytes(path, &bytes);
    schema.steps = bad;
    schema.version = 2;
    CHECK(!iv_db_open(path, &schema, IV_DB_READ, 0, &db, &err) && err.code == IV_ERROR_STORE);
    CHECK(!iv_db_open(path, &schema, IV_DB_WRITE, 0, &db, &err) && err.code == IV_ERROR_STORE);
    CHECK(is_same_file(path, &bytes));
}

static void test_paths(struct scene *scene)
{
    static const char *const names[] = {":memory:", "file:x.db?mode=memory", "a%41?b#c.db",
                                        "-rf.db", "deep/er/\xc3\xa9/x.db"};
    char *old = getcwd(NULL, 0);
    struct iv_record record = make(scene, 1, "1.0.0.1", "A", true);
    CHECK(old != NULL && chdir(scene->directory) == 0);
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        put(names[i], &record);
        CHECK(access(names[i], F_OK) == 0);
        CHECK(strstr(dump(scene, names[i]), record.id) != NULL);
    }
    CHECK(chdir(old) == 0);
    free(old);
}

/* --- damage --------------------------------------------------------------------------------- */

static void test_damage_by_hand(struct scene *scene)
{
    static const char *const damages[] = {
        "UPDATE package SET version = '9.9.9.9' WHERE n = 7",
        "UPDATE package SET content = NULL WHERE n = 7",
        "UPDATE package SET content = x'ff00' WHERE n = 7",
        "UPDATE package SET content = CAST(x'ff41' AS TEXT) WHERE n = 7",
        "UPDATE package SET content = x'41' WHERE n = 7",
        "UPDATE package SET file_count = 'many' WHERE n = 7",
        "UPDATE identity SET style = 'gothic' WHERE n = 7",
        "UPDATE identity SET removal = 7 WHERE n = 7",
        "DELETE FROM package WHERE n = 7",
        "UPDATE package_set SET members = x'ffffffffffffffffffffffffffff7f' WHERE n = 1",
        "UPDATE package_set SET members = substr(members, 2) WHERE n = 1",
        "UPDATE package_set SET members = x'00' || substr(members, 2) WHERE n = 1",
        "UPDATE package_set SET members = 'text' WHERE n = 1",
        "UPDATE package_set SET count = 1000000000000 WHERE n = 1",
        "UPDATE package_set SET count = -1 WHERE n = 1",
        "UPDATE package_set SET digest = x'00' WHERE n = 1",
        "UPDATE submission SET firmware_version = '1.0.0.9' WHERE n = 1",
        "UPDATE submission SET firmware_version = 'x' WHERE n = 1",
        "UPDATE submission SET package_set = 2 WHERE n = 1",
        "UPDATE submission SET imported = 1 WHERE n = 1",
        "UPDATE submission_pop SET baseline = 0 WHERE submission = 1",
        "UPDATE submission_pop SET oem = 'OTHER' WHERE submission = 1",
        "DELETE FROM submission_pop WHERE submission = 1",
        "UPDATE pop SET seal = NULL",
        "UPDATE pop SET seal = 'x'",
        "UPDATE pop SET oem = 'OTHER'",
        "INSERT INTO package(identity, number, empty, file_count, total_size) SELECT 1, 0, 0, 0, 0",
        "INSERT INTO identity(key, style, removal, binary_partition) VALUES('x', 'cbs', 0, 0)",
        "UPDATE submission SET traits = x'00' WHERE n = 1",
        "UPDATE submission SET traits = 'text' WHERE n = 1",
        "UPDATE submission SET traits = substr(traits, 1, length(traits) - 1) WHERE n = 1",
        "UPDATE submission SET traits = (SELECT traits FROM submission WHERE n = 1) WHERE n = 2",
        "DROP TABLE pop",
    };
    struct iv_record one = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_record two = make(scene, 2, "1.0.0.2", "A", false);
    const char *features[] = {"one", "two"};
    one.traits = (struct iv_traits){.has_features = true, .features = features, .feature_count = 2};
    for (size_t i = 0; i < IV_COUNT(damages); i++) {
        const char *path = new_path(scene);
        struct iv_error err = {0};
        put(path, &one);
        put(path, &two);
        /* Without foreign keys, as another program would do it. */
        struct iv_db *db IV_CLEANUP(iv_db_close) = NULL;
        struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
        CHECK(iv_db_open(path, &raw_schema, IV_DB_WRITE, 1000, &db, &err));
        CHECK(iv_query_open(db, "PRAGMA foreign_keys = OFF", &query, &err) &&
              iv_query_run(query, &err));
        iv_query_close(&query);
        if (!CHECK(iv_query_open(db, damages[i], &query, &err) && iv_query_run(query, &err))) {
            fprintf(stderr, "    %s: %s\n", damages[i], err.text);
        }
        iv_query_close(&query);
        iv_db_close(&db);
        if (!CHECK(fixture_problems(path, &err) != 0)) {
            fprintf(stderr, "    not seen: %s (%s)\n", damages[i], err.text);
        }
    }
}

/* Changes the store as another program would, without foreign keys. */
static void change(const char *path, const char *sql)
{
    struct iv_db *db IV_CLEANUP(iv_db_close) = NULL;
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    struct iv_error err = {0};
    CHECK(iv_db_open(path, &raw_schema, IV_DB_WRITE, 1000, &db, &err));
    CHECK(iv_query_open(db, "PRAGMA foreign_keys = OFF", &query, &err) &&
          iv_query_run(query, &err));
    iv_query_close(&query);
    CHECK(iv_query_open(db, sql, &query, &err) && iv_query_run(query, &err));
}

/* The list of a set's members, row numbers as LEB128 differences: which ones have the form of one.
 * (Another check stops those that have it and are not what was written.) */
static void test_member_lists(struct scene *scene)
{
    static const struct {
        const char *sql;
        bool is_malformed;
    } rows[] = {
        {"UPDATE package_set SET members = x'01', count = 1 WHERE n = 1", false},
        {"UPDATE package_set SET members = x'0101', count = 2 WHERE n = 1", false},
        {"UPDATE package_set SET members = x'8101', count = 1 WHERE n = 1", false},
        {"UPDATE package_set SET members = x'ffffffffffffffff7f', count = 1 WHERE n = 1", false},
        {"UPDATE package_set SET members = x'00', count = 1 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'0001', count = 2 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'81', count = 1 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'0101', count = 1 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'01', count = 2 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'018181', count = 2 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'ffffffffffffffff7f01', count = 2 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'ffffffffffffffffff01', count = 1 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'ffffffffffffffffff00', count = 1 WHERE n = 1", true},
        {"UPDATE package_set SET members = x'00', count = 0 WHERE n = 1", true},
    };
    struct iv_record one = make(scene, 1, "1.0.0.1", "A", true);
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        const char *path = new_path(scene);
        struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
        struct iv_error err = {0};
        struct iv_record record;
        put(path, &one);
        change(path, rows[i].sql);
        CHECK(iv_store_open(path, IV_STORE_READ, &store, &err));
        CHECK(!iv_store_find(store, one.id, &scene->arena, &record, &err));
        if (!CHECK((strstr(err.text, "package set 1 is malformed") != NULL) ==
                   rows[i].is_malformed)) {
            fprintf(stderr, "    %s: %s\n", rows[i].sql, err.text);
        }
    }
}

/* A record whose row is damaged is not one that is not there. */
static void test_damaged_row(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record one = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    const char *id;
    put(path, &one);
    change(path, "UPDATE submission SET imported = 'x' WHERE n = 1");
    CHECK(iv_store_open(path, IV_STORE_WRITE, &store, &err));
    CHECK_INT(find(store, one.id, scene, &id), IV_ERROR_STORE);
    CHECK(!iv_store_remove(store, one.id, &err));
    CHECK_INT(err.code, IV_ERROR_STORE);
}

/* What a scan asks of a store, as text; a refusal is "error". */
static const char *ask(struct scene *scene, const char *path)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_error err = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_pop pop = {.oem = "CONTOSO", .mobile_operator = "00A-01", .model = "CT-100"};
    struct iv_baselines list = {0};
    bool is_done = iv_store_open(path, IV_STORE_READ, &store, &err) &&
                   iv_store_baselines(store, &pop, &scene->arena, &list, &err);
    struct iv_baseline *baselines = list.items;
    for (size_t i = 0; is_done && i < list.count; i++) {
        is_done = iv_store_load_set(store, &baselines[i], &scene->arena, &err);
        iv_buf_printf(&buf, "%s %s %d\n", baselines[i].id, baselines[i].firmware_version,
                      baselines[i].imported);
        struct iv_record record = {
            .id = "",
            .firmware_version = "",
            .packages = IV_NEW_ARRAY(&scene->arena, struct iv_package, baselines[i].set.count)};
        for (size_t j = 0; is_done && j < baselines[i].set.count; j++) {
            record.packages[record.package_count++] = *baselines[i].set.items[j];
        }
        fixture_dump_record(&record, &buf);
    }
    if (!is_done) {
        /* The version's number may be what was hit. */
        if (!CHECK(err.code == IV_ERROR_STORE || err.code == IV_ERROR_NEWER)) {
            fprintf(stderr, "    %s\n", err.text);
        }
        return "error";
    }
    return iv_arena_strdup(&scene->arena, iv_buf_text(&buf));
}

/* Whatever happens to the bytes: the same answer, or none. */
static void test_corruption(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_buf good IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf bad IV_CLEANUP(iv_buf_fini) = {0};
    struct scene other = {.files = 0};
    unsigned state = 99;
    unsigned errors = 0;
    unsigned wrong = 0;
    for (unsigned i = 1; i <= 6; i++) {
        struct iv_record record =
            make(scene, i, iv_arena_printf(&scene->arena, "1.0.0.%u", i), "A", i != 4);
        put(path, &record);
    }
    const char *wanted = ask(scene, path);
    CHECK(strcmp(wanted, "error") != 0);
    read_bytes(path, &good);
    iv_arena_init(&other.arena);
    for (unsigned round = 0; round < 3000; round++) {
        iv_buf_clear(&bad);
        iv_buf_add(&bad, good.data, good.size);
        size_t size = good.size;
        size_t at = next_random(&state) % good.size;
        switch (round % 4) {
        case 0:
            bad.data[at] = (char)(bad.data[at] ^ (1 << next_random(&state) % 8));
            break;
        case 1:
            size = at;
            break;
        case 2:
            memset(bad.data + at / 4096 * 4096, (int)(round / 4 % 2) * 0xff, 4096);
            break;
        case 3:
            for (size_t i = 0; i < 16 && at + i < size; i++) {
                bad.data[at + i] = (char)next_random(&state);
            }
            break;
        }
        write_bytes(path, bad.data, size);
        const char *got = ask(&other, path);
        errors += strcmp(got, "error") == 0;
        if (strcmp(got, "error") != 0 && strcmp(got, wanted) != 0) {
            wrong++;
        }
        iv_arena_fini(&other.arena);
        iv_arena_init(&other.arena);
    }
    CHECK_INT(wrong, 0);
    CHECK(errors > 1000);
    printf("corruption: %u of 3000 seen, %u wrong answers\n", errors, wrong);
}

/* --- others at work ------------------------------------------------------------------------- */

static void test_locked(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record record = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_db *db IV_CLEANUP(iv_db_close) = NULL;
    struct iv_error err = {0};
    put(path, &record);
    CHECK(iv_store_open(path, IV_STORE_WRITE, &store, &err) && iv_store_begin(store, &err));
    CHECK(iv_db_open(path, &raw_schema, IV_DB_WRITE, 50, &db, &err));
    CHECK(!iv_db_begin(db, &err));
    CHECK_INT(err.code, IV_ERROR_STORE);
    CHECK(strstr(err.text, "locked by another process") != NULL);
    /* A reader in the same process must not take the writer's lock away. */
    CHECK(strstr(dump(scene, path), record.id) != NULL);
    CHECK(!iv_db_begin(db, &err));
}

static void test_writers(struct scene *scene)
{
    const char *path = iv_arena_printf(&scene->arena, "%s/new/er/w.db", scene->directory);
    struct iv_error err = {0};
    fflush(NULL);
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        if (fork() == 0) {
            for (unsigned i = 0; i < ADDS; i++) {
                const char *version = iv_arena_printf(&scene->arena, "1.0.%u.%u", writer, i);
                struct iv_record record = make(scene, writer * ADDS + i, version, "A", true);
                unsigned tries = 0;
                while (!fixture_put(path, &record, 1, false, false, &err)) {
                    /* On a machine that is busy a writer may wait for longer than it wants to: it
                     * does what the message says. */
                    if (strstr(err.text, "locked by another process") == NULL || ++tries == 30) {
                        fprintf(stderr, "writer %u: %s\n", writer, err.text);
                        _exit(1);
                    }
                    err = (struct iv_error){0};
                }
            }
            _exit(0);
        }
    }
    unsigned left = WRITERS;
    unsigned reads = 0;
    size_t count = 0;
    while (left > 0) {
        int status;
        while (left > 0 && waitpid(-1, &status, WNOHANG) > 0) {
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            left--;
        }
        struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
        struct iv_arena arena IV_CLEANUP(iv_arena_fini);
        struct iv_record *records;
        iv_arena_init(&arena);
        if (iv_store_open(path, IV_STORE_READ, &store, &err)) {
            size_t now = 0;
            CHECK(iv_store_list(store, true, &arena, &records, &now, &err));
            CHECK(now >= count);
            count = now;
            reads++;
        } else if (!CHECK_INT(err.code, IV_ERROR_ABSENT)) {
            fprintf(stderr, "    %s\n", err.text);
        }
        iv_store_close(&store);
        usleep(20000);
    }
    CHECK_INT(count, WRITERS * ADDS);
    CHECK(reads > 0);
    check_clean(path);
}

/* No room: an error, and nothing half done. The limit on the file's size stands for the disk. */
static void test_full(struct scene *scene)
{
    const char *path = new_path(scene);
    struct iv_record one = make(scene, 1, "1.0.0.1", "A", true);
    struct iv_record *many = IV_NEW_ARRAY(&scene->arena, struct iv_record, 100);
    put(path, &one);
    const char *before = dump(scene, path);
    for (unsigned i = 0; i < 100; i++) {
        many[i] = make(scene, 2 + i, iv_arena_printf(&scene->arena, "2.0.0.%u", i), "A", true);
    }
    for (rlim_t room = 0; room < 160000; room += 16384) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            struct rlimit limit = {.rlim_cur = room, .rlim_max = room};
            struct iv_error err = {0};
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            bool is_done = fixture_put(path, many, 100, false, false, &err);
            _exit(is_done ? 1 : err.code == IV_ERROR_SYSTEM ? 0 : 2);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (WEXITSTATUS(status) == 1) {
            break;
        }
        CHECK_INT(WEXITSTATUS(status), 0);
        CHECK_STR(dump(scene, path), before);
    }
    check_clean(path);
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
    struct scene scene = {.directory = "/tmp/imgval-store-XXXXXX"};
    static void (*const tests[])(struct scene *) = {
        test_round_trip,
        test_add_again,
        test_undone,
        test_replace,
        test_imported,
        test_merge,
        test_find,
        test_ambiguous,
        test_remove,
        test_no_store,
        test_other_databases,
        test_migration,
        test_paths,
        test_damage_by_hand,
        test_member_lists,
        test_damaged_row,
        test_corruption,
        test_locked,
        test_writers,
        test_full,
    };
    if (!CHECK(mkdtemp(scene.directory) != NULL)) {
        return unit_end();
    }
    for (size_t i = 0; i < IV_COUNT(tests); i++) {
        iv_arena_init(&scene.arena);
        tests[i](&scene);
        iv_arena_fini(&scene.arena);
    }
    remove_tree(scene.directory);
    return unit_end();
}
