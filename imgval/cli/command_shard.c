/*
 * Which of the inputs this process judges: --shard takes its part of a list that many machines work
 * on, and what is several submissions in one is refused before anything is read.
 *
 * A shard is every N-th of the sorted paths, so all machines agree on the parts without a word
 * between them, whatever order their file systems list folders in. I and N are given, or come from
 * what engines of arrays and parallel jobs put into the environment of a job (`auto`).
 */
#include "imgval/cli/command.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/history/discover.h"
#include "imgval/scan/scan_read.h"

#include <stdlib.h>
#include <string.h>

/* At most 32 bits: more parts than that are a mistake. */
static bool parse_number(const char *text, size_t size, size_t *ret_number)
{
    uint64_t number;
    if (!iv_parse_decimal(text, size, UINT32_MAX, &number)) {
        return false;
    }
    *ret_number = (size_t)number;
    return true;
}

/* A number from the environment; false when it is not set, or is none. */
static bool variable(const char *name, size_t *ret_number)
{
    const char *text = getenv(name);
    return text != NULL && parse_number(text, strlen(text), ret_number);
}

/* What engines of arrays and parallel jobs tell their jobs. */
static const struct engine {
    const char *index;
    const char *count; /* NULL: not given, auto/N says it */
    size_t first;      /* index of the first job */
} engines[] = {
    {.index = "JOB_COMPLETION_INDEX", .count = NULL, .first = 0}, /* Kubernetes Indexed Job */
    {.index = "CI_NODE_INDEX", .count = "CI_NODE_TOTAL", .first = 1},
    {.index = "CIRCLE_NODE_INDEX", .count = "CIRCLE_NODE_TOTAL", .first = 0},
    {.index = "BUILDKITE_PARALLEL_JOB", .count = "BUILDKITE_PARALLEL_JOB_COUNT", .first = 0},
    {.index = "SYSTEM_JOBPOSITIONINPHASE", .count = "SYSTEM_TOTALJOBSINPHASE", .first = 1},
    {.index = "PARALLEL_SEQ", .count = NULL, .first = 1}, /* GNU parallel */
};

/* A Slurm array may begin anywhere and have a step, so the place of this job is computed and not
 * read. The last index says how long the array is; TASK_COUNT is the number of jobs, which a
 * restart of some of them changes, and only serves where there is no last index. */
static bool from_slurm(size_t count, struct iv_shard *ret_shard)
{
    size_t id;
    size_t min;
    size_t max;
    size_t step = 1;
    if (!variable("SLURM_ARRAY_TASK_ID", &id) || !variable("SLURM_ARRAY_TASK_MIN", &min) ||
        id < min) {
        return false;
    }
    if (!variable("SLURM_ARRAY_TASK_STEP", &step) || step == 0) {
        step = 1;
    }
    if (count == 0 && variable("SLURM_ARRAY_TASK_MAX", &max) && max >= id) {
        count = (max - min) / step + 1;
    }
    if (count == 0 && !variable("SLURM_ARRAY_TASK_COUNT", &count)) {
        return false;
    }
    *ret_shard = (struct iv_shard){.index = (id - min) / step, .count = count};
    return true;
}

/* Slurm first, since its nodes may run a CI agent or GNU parallel too. `count` 0: the engine must
 * say it. An index below the engine's first is somebody else's variable of that name. */
static bool from_environment(size_t count, struct iv_shard *ret_shard)
{
    if (from_slurm(count, ret_shard)) {
        return true;
    }
    for (size_t i = 0; i < IV_COUNT(engines); i++) {
        size_t index;
        size_t total = count;
        if (variable(engines[i].index, &index) && index >= engines[i].first &&
            (total > 0 || (engines[i].count != NULL && variable(engines[i].count, &total)))) {
            *ret_shard = (struct iv_shard){.index = index - engines[i].first, .count = total};
            return true;
        }
    }
    return false;
}

/* auto without an engine is refused: to judge everything, or nothing, would be a guess. */
bool iv_command_shard(const char *text, struct iv_shard *ret_shard, struct iv_error *err)
{
    struct iv_shard shard = {.index = 0, .count = 1};
    if (text == NULL) {
        *ret_shard = shard;
        return true;
    }
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    const bool is_auto = length == 4 && memcmp(text, "auto", 4) == 0;
    bool fine = slash == NULL ? is_auto : parse_number(slash + 1, strlen(slash + 1), &shard.count);
    if (!fine || (!is_auto && !parse_number(text, length, &shard.index)) || shard.count == 0) {
        return iv_error_set(err, IV_ERROR_USAGE, "--shard=%s: expected I/N, auto or auto/N", text);
    }
    if (is_auto && !from_environment(slash == NULL ? 0 : shard.count, &shard)) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--shard=%s: the environment says neither which of how many parts this "
                            "is (SLURM_ARRAY_TASK_ID and its like) nor, with auto/N, which one "
                            "(JOB_COMPLETION_INDEX, PARALLEL_SEQ); give --shard=I/N",
                            text);
    }
    if (shard.count == 0 || shard.index >= shard.count) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--shard=%s: part %zu of %zu: parts are counted from 0", text,
                            shard.index, shard.count);
    }
    *ret_shard = shard;
    return true;
}

/* By bytes: no locale, the same on every machine. */
static int path_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void iv_command_take_shard(const struct iv_shard *shard, struct iv_strings *paths)
{
    size_t kept = 0;
    if (shard->count == 1) {
        return;
    }
    iv_sort(paths->items, paths->count, sizeof(*paths->items), path_order);
    for (size_t i = 0; i < paths->count; i++) {
        if (i % shard->count == shard->index) {
            paths->items[kept++] = paths->items[i];
        }
    }
    paths->count = kept;
}

/* A folder or archive with several submissions in it. Merged, they would be one set that nobody
 * has; the message shows the two commands that are meant. */
static bool refuse_several(const char *path, const struct iv_archive_options *options,
                           struct iv_arena *arena, struct iv_error *err)
{
    struct iv_arena_mark mark = iv_arena_mark(arena);
    struct iv_buf quoted IV_CLEANUP(iv_buf_fini) = {0};
    size_t count;
    bool is_archive;
    const bool is_several = iv_discover_is_several(path, options, arena, &count, &is_archive);
    iv_arena_reset(arena, mark);
    if (is_several && is_archive) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s holds %zu submissions, each with device metadata or a history "
                            "of its own, and is none itself. Unpack it into a folder DIR; then, to "
                            "judge them as a history: imgval audit DIR; each by itself: imgval "
                            "scan DIR/*",
                            path, count);
    }
    if (is_several) {
        iv_shell_quote(&quoted, path);
        const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s holds %zu submissions, each with device metadata or a history "
                            "of its own, and is none itself. To judge them as a history: "
                            "imgval audit %s; each by itself: imgval scan %s%s*",
                            path, count, iv_buf_text(&quoted), iv_buf_text(&quoted), slash);
    }
    return true;
}

bool iv_command_refuse_several(const struct iv_strings *paths,
                               const struct iv_scan_options *options, struct iv_arena *arena,
                               struct iv_error *err)
{
    const struct iv_archive_options archives = iv_scan_archive_options(&options->reading);
    const char *against = options->run.against;
    if (against != NULL && !refuse_several(against, &archives, arena, err)) {
        return iv_error_add(err, "--against");
    }
    for (size_t i = 0; i < paths->count; i++) {
        if (!refuse_several(paths->items[i], &archives, arena, err)) {
            return false;
        }
    }
    return true;
}
