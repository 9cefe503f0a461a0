/*
 * Reading back what imgval wrote, or what claims to be that: a report, a bundle of the store, a
 * list of packages. The reader's side knows how each kind is parsed; the parent's hands on parts
 * and says how a document ended. A document ends with the piece WHOLE, or REFUSED with the reason;
 * a reader that ends without either has died, which is no fault of the document that we could name,
 * so it is an error of the system.
 *
 * One reader does all documents of a call, in their order: while it parses one, the parent works on
 * the last, and the result is the same as if there were no processes.
 */
#include "imgval/report/read/saved.h"

#include "imgval/base/cursor.h"
#include "imgval/base/file.h"
#include "imgval/base/process.h"
#include "imgval/report/read/bundle.h"
#include "imgval/report/read/package_list.h"
#include "imgval/report/read/pieces.h"
#include "imgval/report/read/window.h"

#include <assert.h>
#include <string.h>

/* Bytes: a report of 100,000 findings has some 60 MB. A stream may be of any length. */
#define REPORT_MAX (256 * IV_MIB)
#define BUNDLE_MAX IV_GIB
#define LINE_MAX_SIZE (64 * IV_MIB)

/* What a document may cost the parent: pieces are shorter than the text that they are made of, but
 * for names that come again. */
#define PARTS_MIN IV_MIB
#define PARTS_FACTOR 4

/* A pipe has no size to reckon a time from, and whoever writes into it may take days. */
#define PIPE_SECONDS (7 * 24 * 60 * 60)

/* What both sides know. */
struct saving {
    const struct iv_saved_options *options;
    const struct iv_saved *documents;
    int64_t *starts; /* of the documents in their files; -1: a pipe */
    const struct iv_saved_taker *taker;
    size_t number; /* of the document in hand */
    bool is_ended; /* its last piece has arrived */
    bool is_lost;  /* the taker refused it */
    struct iv_error err;
    struct iv_arena scratch;
};

/* ---- the reader's side ----------------------------------------------------------------------- */

/* What is no object is not read on: it may have no end, as /dev/zero. */
static bool may_be_json(const char *bytes, size_t size)
{
    size_t at = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size && bytes[at] != '\0' && strchr(" \t\r\n", bytes[at]) != NULL) {
        at++;
    }
    return at == size || bytes[at] == '{';
}

/* The whole file as a map; NULL: it is none that can be. A file that shrinks meanwhile ends this
 * process, which is what it is for. */
static const void *map_file(int fd, size_t *ret_size)
{
    struct iv_status status;
    if (!iv_file_status(fd, &status) || status.type != IV_FILE_REGULAR || status.size < IV_MIB ||
        status.size > REPORT_MAX) {
        return NULL;
    }
    *ret_size = (size_t)status.size;
    return iv_file_map(fd, *ret_size);
}

/* A report that is one document: mapped, or what is left of it read. */
static bool parse_document(struct iv_window *window, bool is_at_start, iv_rule_find_fn *find,
                           struct iv_pieces *pieces, struct iv_error *err)
{
    struct iv_report_text text = {0};
    const void *map = is_at_start ? map_file(window->fd, &text.size) : NULL;
    if (map != NULL) {
        text.bytes = map;
        text.is_map = true;
        bool is_read = iv_report_parse(&text, find, pieces, err);
        iv_file_unmap(map, text.size);
        return is_read;
    }
    while (!window->at_end) {
        if (!iv_window_fill(window, err)) {
            return false;
        }
    }
    text.bytes = iv_buf_text(&window->buf);
    text.size = window->buf.size;
    return iv_report_parse(&text, find, pieces, err);
}

/* Which of the two forms it is, its first bytes say. A stream has no limit of size, as it is never
 * in memory whole. */
static bool parse_report(int fd, iv_rule_find_fn *find, struct iv_pieces *pieces,
                         struct iv_error *err)
{
    struct iv_window window IV_CLEANUP(iv_window_fini) = {
        .fd = fd, .max = REPORT_MAX, .line_max = LINE_MAX_SIZE, .what = "a report"};
    const bool is_at_start = iv_file_place(fd) == 0;
    if (!iv_window_fill(&window, err)) {
        return false;
    }
    const char *head = iv_buf_text(&window.buf);
    if (!may_be_json(head, window.buf.size)) {
        return iv_error_set(err, IV_ERROR_INVALID, "line 1, column 1: a report is a JSON object");
    }
    if (iv_json_is_stream(head, window.buf.size)) {
        window.max = UINT64_MAX;
        return iv_stream_parse(&window, find, pieces, err);
    }
    return parse_document(&window, is_at_start, find, pieces, err);
}

/* Each kind with the limits that are meant for it. */
static bool parse(const struct saving *saving, const struct iv_saved *document,
                  struct iv_pieces *pieces, struct iv_error *err)
{
    switch (document->kind) {
    case IV_SAVED_REPORT:
        return parse_report(document->fd, saving->options->find, pieces, err);
    case IV_SAVED_BUNDLE: {
        struct iv_window window IV_CLEANUP(iv_window_fini) = {
            .fd = document->fd, .max = BUNDLE_MAX, .line_max = REPORT_MAX, .what = "a bundle"};
        return iv_bundle_parse(&window, pieces, err);
    }
    case IV_SAVED_LIST: {
        struct iv_window window IV_CLEANUP(iv_window_fini) = {
            .fd = document->fd,
            .max = saving->options->limits->metadata_size,
            .line_max = LINE_MAX_SIZE,
            .what = "a package list"};
        return iv_package_list_parse(&window, document->path, pieces, err);
    }
    }
    return false;
}

/* Parses a document, and says how it ended. A reader that died after one may have begun with the
 * next, so the place in the file is not where it was. */
static void read_document(const struct saving *saving, size_t i, struct iv_pieces *pieces)
{
    struct iv_error err = {0};
    if (saving->starts[i] >= 0 && !iv_file_go_to(saving->documents[i].fd, saving->starts[i])) {
        (void)iv_error_errno(&err, "reading");
    }
    if (err.code == IV_ERROR_NONE && parse(saving, &saving->documents[i], pieces, &err)) {
        iv_pieces_add(pieces, IV_PIECE_WHOLE, 0, NULL);
    } else {
        const struct iv_piece_refusal refusal = {.code = (uint64_t)err.code, .text = err.text};
        iv_pieces_flush(pieces);
        iv_pieces_add(pieces, IV_PIECE_REFUSED, 0, &refusal);
    }
    iv_pieces_flush(pieces);
    iv_buf_fini(&pieces->part);
}

/* To the parent, through the pipe of the worker. */
static void send_part(void *context, struct iv_buf *part)
{
    iv_worker_part(*(const size_t *)context, part->data, part->size);
}

/* In a reader process. The record itself says nothing more. */
static void work(void *context, size_t i, struct iv_buf *record)
{
    struct iv_pieces pieces = {.send = send_part, .context = &i};
    (void)record;
    read_document(context, i, &pieces);
}

/* ---- a reader that began by exec ------------------------------------------------------------- */

/* What a reader that began by exec needs of each document: kind, place, length of the path, the
 * path and a NUL. The files are those of the workers' options. The word in front tells this work
 * from that of other readers. */
static const char charge_word[8] = "saved 1";

/* Little-endian, as iv_cursor reads it. */
static void add_u64(struct iv_buf *buf, uint64_t value)
{
    for (unsigned i = 0; i < 64; i += 8) {
        iv_buf_putc(buf, (char)(unsigned char)(value >> i));
    }
}

/* What a reader that begins by exec must know of each document: its kind, where in the file it
 * begins, and its name for messages. */
static void add_charge(struct iv_buf *buf, const struct saving *saving, size_t count)
{
    iv_buf_add(buf, charge_word, sizeof(charge_word));
    for (size_t i = 0; i < count; i++) {
        const struct iv_saved *document = &saving->documents[i];
        const char *path = document->path == NULL ? "" : document->path;
        add_u64(buf, (uint64_t)document->kind);
        add_u64(buf, (uint64_t)saving->starts[i]);
        add_u64(buf, strlen(path) + 1);
        iv_buf_add(buf, path, strlen(path) + 1);
    }
}

/* In such a reader: false when the charge is somebody else's; otherwise it does not return. */
bool iv_saved_serve(const struct iv_workers_charge *charge, iv_rule_find_fn *find,
                    struct iv_arena *arena)
{
    struct iv_cursor c = iv_cursor(charge->bytes, charge->size);
    const unsigned char *word = iv_cursor_take(&c, sizeof(charge_word));
    if (word == NULL || memcmp(word, charge_word, sizeof(charge_word)) != 0 ||
        charge->count != charge->options.file_count) {
        return false;
    }
    struct iv_saved_options options = {.limits = charge->options.limits, .find = find};
    struct iv_saved *documents = IV_NEW_ARRAY(arena, struct iv_saved, charge->count);
    struct saving saving = {.options = &options,
                            .documents = documents,
                            .starts = IV_NEW_ARRAY(arena, int64_t, charge->count)};
    for (size_t i = 0; i < charge->count; i++) {
        documents[i].fd = charge->options.files[i];
        documents[i].kind = (enum iv_saved_kind)iv_cursor_u64(&c);
        saving.starts[i] = (int64_t)iv_cursor_u64(&c);
        documents[i].path = (const char *)iv_cursor_take(&c, (size_t)iv_cursor_u64(&c));
    }
    if (!c.failed) {
        iv_workers_serve(charge, work, &saving);
    }
    return false;
}

/* ---- the parent's side ----------------------------------------------------------------------- */

/* How the document ended, by its last part. False: by none that a reader of ours sends. */
static bool take_ending(struct saving *saving, const struct iv_piece *piece, bool is_last)
{
    struct iv_piece_refusal refusal = {0};
    struct iv_arena_mark mark = iv_arena_mark(&saving->scratch);
    if (!is_last) {
        return false;
    }
    saving->is_ended = true;
    if (piece->kind == IV_PIECE_WHOLE) {
        return piece->size == 0;
    }
    /* What its system refused, and what is wrong with the text; nothing else. */
    bool is_sound = iv_piece_decode(piece, &saving->scratch, NULL, &refusal) &&
                    (refusal.code == IV_ERROR_INVALID || refusal.code == IV_ERROR_SYSTEM ||
                     refusal.code == IV_ERROR_NO_INPUT);
    if (is_sound) {
        (void)iv_error_set(&saving->err, (enum iv_error_code)refusal.code, "%s", refusal.text);
    }
    iv_arena_reset(&saving->scratch, mark);
    return is_sound;
}

/* The endings are looked for here, so that a taker need not know them. They are the last piece, and
 * REFUSED the only one of its part. */
static bool take_part(void *context, size_t i, const void *part, size_t size)
{
    struct saving *saving = context;
    struct iv_piece piece;
    bool is_broken = false;
    size_t at = 0;
    size_t last = 0;
    if (saving->is_ended || saving->is_lost) {
        return false;
    }
    while (iv_pieces_next(part, size, &at, &piece, &is_broken)) {
        if (piece.kind == IV_PIECE_WHOLE || piece.kind == IV_PIECE_REFUSED) {
            if (!take_ending(saving, &piece, at == size)) {
                return false;
            }
            break;
        }
        last = at;
    }
    if (is_broken) {
        return false;
    }
    saving->is_lost = last > 0 && !saving->taker->part(saving->taker->context, i, part, last);
    return !saving->is_lost;
}

/* The document is over: read whole, refused, or lost with its reader. */
static void take_end(void *context, size_t i, const char *lost, const void *record, size_t size)
{
    struct saving *saving = context;
    struct iv_error *err = &saving->err;
    (void)record;
    if (saving->is_lost) {
        *err = (struct iv_error){0}; /* the taker knows why */
    } else if (lost != NULL) {
        *err = (struct iv_error){0};
        (void)iv_error_set(err, IV_ERROR_SYSTEM, "its reader process ended: %s", lost);
    } else if (!saving->is_ended || size != 0) {
        *err = (struct iv_error){0};
        (void)iv_error_set(err, IV_ERROR_SYSTEM, "its reader process did not say how it ended");
    }
    saving->taker->end(saving->taker->context, i, err->code == IV_ERROR_NONE ? NULL : err);
    *err = (struct iv_error){0};
    saving->number = i + 1;
    saving->is_ended = false;
    saving->is_lost = false;
}

/* For reading without a process: the parts go straight to the parent's side. */
static void hand_over(void *context, struct iv_buf *part)
{
    struct saving *saving = context;
    (void)take_part(saving, saving->number, part->data, part->size);
}

/* Without a process. */
static void read_here(struct saving *saving, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct iv_pieces pieces = {.send = hand_over, .context = saving};
        saving->number = i;
        read_document(saving, i, &pieces);
        take_end(saving, i, NULL, NULL, 0);
    }
}

/* The size of a file, or 0 where there is none to know, as of a pipe. */
static uint64_t size_of(int fd)
{
    struct iv_status status;
    return iv_file_status(fd, &status) && status.type == IV_FILE_REGULAR ? status.size : 0;
}

/* Sets up the worker: time and bytes grow with the largest document, so that a large report is not
 * killed and a small one cannot flood the parent. */
bool iv_saved_read(const struct iv_saved_options *options, const struct iv_saved *documents,
                   size_t count, const struct iv_saved_taker *taker, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct saving saving = {.options = options, .documents = documents, .taker = taker};
    struct iv_limits limits = *options->limits;
    int *files = IV_NEW_ARRAY(&arena, int, count);
    saving.starts = IV_NEW_ARRAY(&arena, int64_t, count);
    bool is_done = true;
    uint64_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t size = size_of(documents[i].fd);
        files[i] = documents[i].fd;
        saving.starts[i] = iv_file_place(documents[i].fd);
        largest = size > largest ? size : largest;
    }
    /* The time for one file is meant for one package: a stream may be a history of gigabytes. A
     * pipe may be fed by a scan that takes hours. */
    limits.reader_seconds = largest == 0 ? PIPE_SECONDS : limits.reader_seconds + largest / IV_MIB;
    struct iv_buf charge IV_CLEANUP(iv_buf_fini) = {0};
    if (options->by_exec || !iv_process_can_fork()) {
        add_charge(&charge, &saving, count);
    }
    const struct iv_workers_options workers = {
        .jobs = 1,
        .limits = &limits,
        .record_max = REPORT_MAX + REPORT_MAX / 4,
        .files = files,
        .file_count = count,
        .require_sandbox = options->require_sandbox,
        .charge = charge.size > 0 ? &charge : NULL,
        .by_exec = charge.size > 0,
        .sabotage = options->sabotage,
        .sabotage_slot = options->sabotage_slot,
        .part = take_part,
        .parts_max = largest == 0 ? UINT64_MAX : PARTS_FACTOR * largest + PARTS_MIN,
    };
    struct iv_containment containment = {0};
    if (options->in_process) {
        read_here(&saving, count);
    } else {
        const struct iv_workers_job job = {.count = count,
                                           .work = work,
                                           .work_context = &saving,
                                           .result = take_end,
                                           .result_context = &saving};
        is_done = iv_workers_run(&workers, &job, &containment, err);
    }
    if (is_done && containment.any && !iv_sandbox_is_whole(&containment) &&
        options->unconfined != NULL) {
        options->unconfined(options->unconfined_context, &containment);
    }
    iv_arena_fini(&saving.scratch);
    return is_done;
}

/* ---- one document ---------------------------------------------------------------------------- */

/* What a single document ended with. */
struct single {
    struct iv_loader *loader;
    struct iv_bundle_taker *bundle;
    struct iv_package_list_taker *list;
    bool is_fine;
    struct iv_error *err;
};

/* By what the caller asked for: one of the three is set. */
static bool take_single(void *context, size_t i, const void *part, size_t size)
{
    const struct single *single = context;
    (void)i;
    return single->loader != NULL   ? iv_loader_take(single->loader, part, size)
           : single->bundle != NULL ? iv_bundle_take(single->bundle, part, size)
                                    : iv_package_list_take(single->list, part, size);
}

/* The error, if any, is the caller's. */
static void end_single(void *context, size_t i, const struct iv_error *err)
{
    struct single *single = context;
    (void)i;
    single->is_fine = err == NULL;
    if (err != NULL) {
        *single->err = *err;
    }
}

static bool read_single(const struct iv_saved_options *options, const struct iv_saved *document,
                        struct single *single)
{
    const struct iv_saved_taker taker = {.part = take_single, .end = end_single, .context = single};
    return iv_saved_read(options, document, 1, &taker, single->err) && single->is_fine;
}

bool iv_saved_report(const struct iv_saved_options *options, int fd, struct iv_arena *arena,
                     struct iv_report *ret_report, bool *ret_complete, struct iv_error *err)
{
    struct iv_loader *loader IV_CLEANUP(iv_loader_free) =
        iv_loader_new(options->find, arena, NULL, NULL);
    const struct iv_saved document = {.fd = fd, .kind = IV_SAVED_REPORT};
    struct single single = {.loader = loader, .err = err};
    return read_single(options, &document, &single) &&
           iv_loader_end(loader, ret_report, ret_complete, err);
}

bool iv_saved_bundle(const struct iv_saved_options *options, int fd, struct iv_arena *arena,
                     struct iv_record **ret_records, size_t *ret_count, struct iv_error *err)
{
    struct iv_bundle_taker bundle = {.arena = arena};
    const struct iv_saved document = {.fd = fd, .kind = IV_SAVED_BUNDLE};
    struct single single = {.bundle = &bundle, .err = err};
    return read_single(options, &document, &single) &&
           iv_bundle_end(&bundle, ret_records, ret_count, err);
}

bool iv_saved_list(const struct iv_saved_options *options, const struct iv_saved *document,
                   struct iv_arena *arena, struct iv_package **ret_packages, size_t *ret_count,
                   struct iv_error *err)
{
    assert(document->kind == IV_SAVED_LIST);
    struct iv_package_list_taker list = {.arena = arena, .path = document->path};
    struct single single = {.list = &list, .err = err};
    return read_single(options, document, &single) &&
           iv_package_list_end(&list, ret_packages, ret_count, err);
}
