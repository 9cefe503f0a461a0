/*
 * One SQLite file as a store that loses nothing and believes nothing.
 *
 * Durability: a commit that was acknowledged survives a power loss. It cuts the rollback journal to
 * nothing and flushes that, as not every system can make the removal of a file durable; the empty
 * journal is removed when the file is closed. A new file is made under a temporary name (newfile.h)
 * and gets its own name in the first commit, after one fsync: there is never a store that is half
 * made. It needs no journal until then.
 *
 * Reading takes one snapshot: a read transaction from open to close. A journal that a killed writer
 * left must be played back first, which needs a connection that may write. A file of an older
 * schema is migrated by writers in place, and by readers in a copy in memory, so that reading never
 * changes it.
 *
 * A hostile or damaged file: the header is checked before SQLite reads the file, triggers, views
 * and extensions are off, values have a size limit, and the whole schema must be, to the letter,
 * what the steps of its version make. Only then is data read.
 *
 * All of SQLite's memory comes from iv_malloc(), so SQLITE_NOMEM does not happen in the middle of a
 * transaction: the process ends, and the journal is played back by the next one.
 */
#include "cache/db.h"

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/newfile.h"
#include "imgval/base/program.h"
#include "imgval/base/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The SQLite file format, 1.3: magic at 0, application id at 68, big-endian. */
#define HEADER_SIZE 100
#define HEADER_MAGIC "SQLite format 3"
#define HEADER_APPLICATION_ID 68

/* A string or a BLOB in a file of ours: the largest is a set of 500,000 packages, some MiB. */
#define VALUE_MAX (256 * 1024 * 1024)

struct iv_db {
    sqlite3 *handle; /* NULL after a new file was published: it is opened again when needed */
    const struct iv_db_schema *schema;
    char *path;                 /* as the user gave it, for messages */
    struct iv_newfile *newfile; /* not NULL: the file is in the making, and handle is open on it */
    unsigned wait;
    bool keeps_journal; /* an empty one lies beside the file until it is closed */
};

struct iv_query {
    struct iv_db *db;
    sqlite3_stmt *statement;
    int bind_result; /* the first failure of a bind */
    bool has_row;    /* in the middle of its rows */
    bool malformed;
};

/* Zeroed, as sqlite3_mem_methods has no calloc and structs of ours start empty. */
static void *allocate(size_t size)
{
    return memset(iv_malloc(size), 0, size);
}

/* --- memory: SQLite gets it, or the process ends -----------------------------------------------
 */

static void *memory_get(int size)
{
    return iv_malloc((size_t)size);
}

static void *memory_change(void *memory, int size)
{
    return iv_realloc(memory, (size_t)size);
}

/* SQLite asks for the size of what it was given; it does not keep it. */
static int memory_size(void *memory)
{
    return memory == NULL ? 0 : (int)iv_malloc_size(memory);
}

/* To the step in which an allocator hands out memory anyway, which spares SQLite to grow a buffer
 * byte by byte. */
static int memory_round(int size)
{
    return (size + 7) & ~7;
}

static int memory_begin(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void memory_end(void *context)
{
    (void)context;
}

/* Before each opening; after the first one SQLite does not take it any more. */
static void library_begin(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = memory_get,
        .xFree = free,
        .xRealloc = memory_change,
        .xSize = memory_size,
        .xRoundup = memory_round,
        .xInit = memory_begin,
        .xShutdown = memory_end,
    };
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* --- errors --------------------------------------------------------------------------------- */

bool iv_db_damaged(const struct iv_db *db, struct iv_error *err, const char *fmt, ...)
{
    struct iv_buf detail IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&detail, fmt, args);
    va_end(args);
    return iv_error_set(err, IV_ERROR_STORE,
                        "%s: the %s is damaged: %s. It was left as it is; put a good copy in its "
                        "place, or move it away",
                        db->path, db->schema->what, iv_buf_text(&detail));
}

const char *iv_db_path(const struct iv_db *db)
{
    return db->path;
}

/* With the system's reason where SQLite knows it, as for a full disk or a file that may not be
 * read. */
static bool system_error(const struct iv_db *db, struct iv_error *err, const char *detail)
{
    int number = sqlite3_system_errno(db->handle);
    if (number == 0) {
        return iv_error_set(err, IV_ERROR_SYSTEM, "%s: %s", db->path, detail);
    }
    errno = iv_program_library_errno(number);
    return iv_error_errno(err, "%s: %s", db->path, detail);
}

/* Translates the error that SQLite has just returned. `code` may be an extended one. */
static bool database_error(const struct iv_db *db, int code, struct iv_error *err)
{
    const char *text = db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    switch (code) {
    case SQLITE_READONLY_ROLLBACK:
    case SQLITE_READONLY_RECOVERY:
        return iv_error_set(err, IV_ERROR_STORE,
                            "%s: another process died while it wrote to the %s. That must be "
                            "undone first, which needs permission to write: run `imgval cache "
                            "list` once as a user who has it",
                            db->path, db->schema->what);
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
        return iv_db_damaged(db, err, "%s", text);
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        iv_out_of_memory();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        /* SQLite takes a file system that has no locks to give for a lock of another process. */
        if (iv_newfile_has_no_locks(db->path)) {
            return iv_error_errno(err, "%s: the %s cannot be locked", db->path, db->schema->what);
        }
        return iv_error_set(err, IV_ERROR_STORE,
                            "%s: the %s is locked by another process (waited %u seconds); try "
                            "again when it has finished",
                            db->path, db->schema->what, db->wait / 1000);
    case SQLITE_NOTADB:
        return iv_db_damaged(db, err, "it is not an SQLite database");
    case SQLITE_FULL:
        return system_error(db, err, "the disk is full; nothing was recorded");
    case SQLITE_READONLY:
        return iv_error_set(err, IV_ERROR_SYSTEM, "%s: no permission to write the %s", db->path,
                            db->schema->what);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
        return system_error(db, err, text);
    case SQLITE_TOOBIG:
        return iv_error_set(err, IV_ERROR_INVALID, "%s: a value is too large to be stored",
                            db->path);
    default:
        /* CORRUPT, and what only a wrong schema or a wrong index can cause: ERROR, CONSTRAINT ...
         */
        return iv_db_damaged(db, err, "%s", text);
    }
}

/* Nearly all text is ASCII, which is quicker to see. */
static bool is_utf8(const char *text, size_t size)
{
    unsigned char all = 0;
    for (size_t i = 0; i < size; i++) {
        all |= (unsigned char)text[i];
    }
    return all < 0x80 || iv_utf8_is_valid(text, size);
}

static bool open_to_write(struct iv_db *db, struct iv_error *err);

/* After publish() there is no connection: the file is opened again under its name when needed. */
static bool ensure_handle(struct iv_db *db, struct iv_error *err)
{
    return db->handle != NULL || open_to_write(db, err);
}

/* --- queries -------------------------------------------------------------------------------- */

/* PERSISTENT: a statement is kept as long as the connection and run many times. */
bool iv_query_open(struct iv_db *db, const char *sql, struct iv_query **ret_query,
                   struct iv_error *err)
{
    sqlite3_stmt *statement = NULL;
    if (!ensure_handle(db, err)) {
        return false;
    }
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK) {
        (void)database_error(db, sqlite3_extended_errcode(db->handle), err);
        return false;
    }
    struct iv_query *query = allocate(sizeof(*query));
    *query = (struct iv_query){.db = db, .statement = statement, .bind_result = SQLITE_OK};
    *ret_query = query;
    return true;
}

void iv_query_close(struct iv_query **query)
{
    if (*query != NULL) {
        sqlite3_finalize((*query)->statement);
        free(*query);
        *query = NULL;
    }
}

/* New values begin a new run. */
static void start(struct iv_query *query)
{
    if (query->has_row) {
        iv_query_reset(query);
    }
}

/* Keeps the first failure of a bind; iv_query_next() reports it, so that callers check once. */
static void bound(struct iv_query *query, int code)
{
    if (query->bind_result == SQLITE_OK) {
        query->bind_result = code;
    }
}

void iv_query_bind_int(struct iv_query *query, int at, int64_t value)
{
    start(query);
    bound(query, sqlite3_bind_int64(query->statement, at, value));
}

/* Bytes that are not UTF-8 must come back as they were, and SQLite promises that for BLOBs
 * alone. */
void iv_query_bind_text(struct iv_query *query, int at, const char *text)
{
    start(query);
    if (text == NULL) {
        bound(query, sqlite3_bind_null(query->statement, at));
        return;
    }
    size_t size = strlen(text);
    if (is_utf8(text, size)) {
        bound(query,
              sqlite3_bind_text64(query->statement, at, text, size, SQLITE_STATIC, SQLITE_UTF8));
    } else {
        iv_query_bind_blob(query, at, text, size);
    }
}

void iv_query_bind_blob(struct iv_query *query, int at, const void *bytes, size_t size)
{
    start(query);
    /* A NULL pointer would bind NULL instead of no bytes. */
    const void *place = bytes != NULL ? bytes : "";
    bound(query, sqlite3_bind_blob64(query->statement, at, place, size, SQLITE_STATIC));
}

void iv_query_reset(struct iv_query *query)
{
    sqlite3_reset(query->statement);
    query->bind_result = SQLITE_OK;
    query->has_row = false;
}

/* The end resets the query, so that it may be run again with new values at once. */
bool iv_query_next(struct iv_query *query, bool *ret_row, struct iv_error *err)
{
    int code = query->bind_result;
    if (code == SQLITE_OK) {
        code = sqlite3_step(query->statement);
    }
    if (code == SQLITE_ROW) {
        query->has_row = true;
        *ret_row = true;
        return true;
    }
    if (code != SQLITE_DONE) {
        /* A value that could not be bound leaves its error here, not at the connection. */
        database_error(query->db,
                       query->bind_result != SQLITE_OK
                           ? query->bind_result
                           : sqlite3_extended_errcode(query->db->handle),
                       err);
        iv_query_reset(query);
        return false;
    }
    iv_query_reset(query);
    *ret_row = false;
    return true;
}

bool iv_query_run(struct iv_query *query, struct iv_error *err)
{
    bool row = true;
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
    }
    return true;
}

bool iv_query_is_null(struct iv_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

int64_t iv_query_int(struct iv_query *query, int column)
{
    if (sqlite3_column_type(query->statement, column) != SQLITE_INTEGER) {
        query->malformed = true;
        return 0;
    }
    return sqlite3_column_int64(query->statement, column);
}

/* A column of the schema that holds 0 and 1; another number is damage. */
bool iv_query_bool(struct iv_query *query, int column)
{
    int64_t value = iv_query_int(query, column);
    if (value != 0 && value != 1) {
        query->malformed = true;
    }
    return value == 1;
}

char *iv_query_text_or_null(struct iv_query *query, int column, struct iv_arena *arena)
{
    int type = sqlite3_column_type(query->statement, column);
    if (type == SQLITE_NULL) {
        return NULL;
    }
    const char *text = type == SQLITE_TEXT
                           ? (const char *)sqlite3_column_text(query->statement, column)
                           : sqlite3_column_blob(query->statement, column);
    size_t size = (size_t)sqlite3_column_bytes(query->statement, column);
    /* The form is canonical, as iv_query_bind_text() writes it: else one text had two rows. */
    bool is_sound = type == SQLITE_TEXT || type == SQLITE_BLOB;
    is_sound = is_sound && text != NULL && memchr(text, '\0', size) == NULL &&
               is_utf8(text, size) == (type == SQLITE_TEXT);
    if (!is_sound) {
        query->malformed = true;
        return NULL;
    }
    return iv_arena_strndup(arena, text, size);
}

char *iv_query_text(struct iv_query *query, int column, struct iv_arena *arena)
{
    char *text = iv_query_text_or_null(query, column, arena);
    if (text == NULL) {
        query->malformed = true;
    }
    return text;
}

const void *iv_query_blob(struct iv_query *query, int column, size_t *ret_size)
{
    if (sqlite3_column_type(query->statement, column) != SQLITE_BLOB) {
        query->malformed = true;
        *ret_size = 0;
        return NULL;
    }
    const void *bytes = sqlite3_column_blob(query->statement, column);
    *ret_size = bytes != NULL ? (size_t)sqlite3_column_bytes(query->statement, column) : 0;
    return bytes;
}

/* Looked at after each row and not after each column: a row is used whole or not at all. */
bool iv_query_is_sound(struct iv_query *query, struct iv_error *err)
{
    if (query->malformed) {
        query->malformed = false;
        iv_db_damaged(query->db, err, "a value has the wrong type (%.200s)",
                      sqlite3_sql(query->statement));
        return false;
    }
    return true;
}

/* Text of ours, with no value of the input in it. */
static bool run_sql(struct iv_db *db, const char *sql, struct iv_error *err)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return database_error(db, sqlite3_extended_errcode(db->handle), err);
    }
    return true;
}

/* The one number that a query gives; 0 where it has no row. */
static bool read_number(struct iv_db *db, const char *sql, int64_t *ret_value, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    bool row = false;
    if (!iv_query_open(db, sql, &query, err) || !iv_query_next(query, &row, err)) {
        return false;
    }
    int64_t value = row ? iv_query_int(query, 0) : 0;
    if (!iv_query_is_sound(query, err)) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* --- migration ------------------------------------------------------------------------------ */

/* IMMEDIATE takes the write lock now: a transaction that reads first and writes later could fail
 * with SQLITE_BUSY in the middle, where waiting does not help. */
static bool begin(struct iv_db *db, struct iv_error *err)
{
    return run_sql(db, "BEGIN IMMEDIATE", err);
}

/* The point from which what was written is there after a power loss. */
static bool commit(struct iv_db *db, struct iv_error *err)
{
    return run_sql(db, "COMMIT", err);
}

/* Brings the open file to the schema's version, in one transaction with the version's number. */
static bool migrate(struct iv_db *db, struct iv_error *err)
{
    int64_t version = 0;
    if (!begin(db, err) || !read_number(db, "PRAGMA user_version", &version, err)) {
        return false;
    }
    /* It is read anew: somebody else may have been faster. */
    for (int64_t step = version; step < db->schema->version; step++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "PRAGMA user_version = %" PRId64, step + 1);
        if (!run_sql(db, db->schema->steps[step], err) || !run_sql(db, sql, err)) {
            return false;
        }
    }
    return commit(db, err);
}

/* Before anything else is read: a newer schema is refused, whatever it holds. */
static bool check_version(struct iv_db *db, bool *ret_is_old, struct iv_error *err)
{
    int64_t version = 0;
    if (!read_number(db, "PRAGMA user_version", &version, err)) {
        return false;
    }
    if (version > db->schema->version) {
        return iv_error_set(err, IV_ERROR_NEWER,
                            "%s: the %s was written by a newer imgval (schema %" PRId64
                            ", this one knows %d); use that version",
                            db->path, db->schema->what, version, db->schema->version);
    }
    if (version < 1) {
        return iv_db_damaged(db, err, "it has no schema version");
    }
    *ret_is_old = version < db->schema->version;
    return true;
}

/* --- opening -------------------------------------------------------------------------------- */

/* Undoes an open transaction, and leaves one file, unless another process is busy with it: that
 * one removes the journal then, or the next to write. close_v2 leaves a connection with open
 * queries alive until they end. */
static void close_handle(struct iv_db *db)
{
    if (db->handle != NULL) {
        if (!sqlite3_get_autocommit(db->handle)) {
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        }
        if (db->keeps_journal) {
            sqlite3_busy_timeout(db->handle, 0);
            sqlite3_exec(db->handle, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
            db->keeps_journal = false;
        }
        sqlite3_close_v2(db->handle);
        db->handle = NULL;
    }
}

void iv_db_close(struct iv_db **db)
{
    if (*db != NULL) {
        close_handle(*db);
        iv_newfile_close(&(*db)->newfile);
        free((*db)->path);
        free(*db);
        *db = NULL;
    }
}

/* Opens `file` as it is named: neither ":memory:" nor "file:x" means anything else than a file. */
static bool open_handle(struct iv_db *db, const char *file, int flags, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const char *name = iv_program_library_path(file, &arena);
    if (name == NULL) {
        return iv_error_errno(err, "%s: cannot be opened", db->path);
    }
    library_begin();
    int code = sqlite3_open_v2(name, &db->handle,
                               flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        database_error(db, code, err);
        close_handle(db);
        return false;
    }
    return true;
}

/* Nothing here reads the file: a journal that must be played back is no matter yet. */
static bool configure(struct iv_db *db, struct iv_error *err)
{
    static const struct {
        int option;
        int value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    for (size_t i = 0; i < IV_COUNT(options); i++) {
        int code = sqlite3_db_config(db->handle, options[i].option, options[i].value, NULL);
        if (code != SQLITE_OK) {
            return database_error(db, code, err);
        }
    }

    /* A damaged length must not make SQLite ask for gigabytes; nothing attaches files. */
    sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_busy_timeout(db->handle, (int)db->wait);
    return run_sql(
        db, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY", err);
}

/*
 * From FULL on, the journal is flushed after it was cut to nothing: a power loss that brought it
 * back would undo a commit that was acknowledged. EXTRA is FULL and one fsync of the directory
 * where a journal is unlinked. Reads the file.
 */
static bool make_durable(struct iv_db *db, struct iv_error *err)
{
    return run_sql(db, "PRAGMA synchronous = EXTRA", err);
}

/*
 * Recognises the file by its first bytes, through SQLite's own descriptor: closing another one
 * would drop the locks that this process holds on the file. Takes no lock, plays no journal back.
 */
static bool check_header(struct iv_db *db, struct iv_error *err)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    unsigned char header[HEADER_SIZE] = {0};
    int code = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK) {
        code = file->pMethods->xFileSize(file, &size);
    }
    if (code == SQLITE_OK && size >= HEADER_SIZE) {
        code = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    }
    if (code != SQLITE_OK) {
        return iv_error_set(err, IV_ERROR_SYSTEM, "%s: cannot be read: %s", db->path,
                            sqlite3_errstr(code));
    }
    if (size == 0) {
        return iv_error_set(err, IV_ERROR_STORE,
                            "%s: the file is empty, so it is no %s. It was left as it is; put a "
                            "good copy in its place, or remove it to start anew",
                            db->path, db->schema->what);
    }
    if (memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0) {
        return iv_error_set(err, IV_ERROR_STORE,
                            "%s: not a %s, or a damaged one: it does not start like an SQLite "
                            "database. It was left as it is; name another file, or put a good "
                            "copy in its place",
                            db->path, db->schema->what);
    }
    const unsigned char *at = header + HEADER_APPLICATION_ID;
    uint32_t id = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    if (id != db->schema->application_id) {
        return iv_error_set(err, IV_ERROR_STORE,
                            "%s: an SQLite database of another program, not a %s. It was left as "
                            "it is; name another file",
                            db->path, db->schema->what);
    }
    return true;
}

/* Opens and checks the header; no lock is held afterwards. */
static bool open_configured(struct iv_db *db, const char *file, int flags, struct iv_error *err)
{
    return open_handle(db, file, flags, err) && check_header(db, err) && configure(db, err);
}

/* The first read takes the shared lock, and finds a journal that a killed writer left. */
static int begin_snapshot(struct iv_db *db)
{
    int code = sqlite3_exec(db->handle, "BEGIN", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(db->handle, "PRAGMA user_version", NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? code : sqlite3_extended_errcode(db->handle);
}

/* A read-only connection may not play a journal back; one that may write does it by reading. */
static bool recover(struct iv_db *db, struct iv_error *err)
{
    int64_t version = 0;
    close_handle(db);
    bool is_done = open_configured(db, db->path, SQLITE_OPEN_READWRITE, err) &&
                   make_durable(db, err) && read_number(db, "PRAGMA user_version", &version, err);
    close_handle(db);
    return is_done;
}

/* --- the schema ------------------------------------------------------------------------------ */

/* A database in memory that stands for the same store in messages. */
static bool open_memory(const struct iv_db *db, struct iv_db *ret_copy, struct iv_error *err)
{
    *ret_copy = *db;
    ret_copy->handle = NULL;
    ret_copy->keeps_journal = false;
    library_begin();
    int code = sqlite3_open_v2(":memory:", &ret_copy->handle,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                                   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               NULL);
    if (code != SQLITE_OK) {
        database_error(ret_copy, code, err);
        close_handle(ret_copy);
        return false;
    }
    return true;
}

/* Every object of the schema with its text; the statistics that ANALYZE keeps are nobody's harm. */
static bool read_schema(struct iv_db *db, struct iv_buf *buf, struct iv_error *err)
{
    static const char sql[] =
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE NOT (type = "
        "'table' AND name IN ('sqlite_stat1', 'sqlite_stat4')) ORDER BY type, name";
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    bool row = true;
    if (!iv_query_open(db, sql, &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        for (int i = 0; row && i < 4; i++) {
            const char *text = iv_query_text(query, i, &arena);
            iv_buf_puts(buf, text != NULL ? text : "?");
            iv_buf_putc(buf, '\0');
        }
    }
    return iv_query_is_sound(query, err);
}

/*
 * A file of ours has the tables and indexes of its version, to the letter. Anything else that could
 * give other answers than what was recorded (a view in a table's place, a trigger, a generated or
 * virtual table) was put there by somebody, or is damage.
 */
static bool check_schema(struct iv_db *db, struct iv_error *err)
{
    int64_t version = 0;
    struct iv_db own;
    struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf seen IV_CLEANUP(iv_buf_fini) = {0};
    if (db->schema->is_unchecked) {
        return true;
    }
    if (!read_number(db, "PRAGMA user_version", &version, err) || !read_schema(db, &seen, err) ||
        !open_memory(db, &own, err)) {
        return false;
    }
    bool is_done = true;
    for (int64_t step = 0; is_done && step < version; step++) {
        is_done = run_sql(&own, db->schema->steps[step], err);
    }
    is_done = is_done && read_schema(&own, &wanted, err);
    close_handle(&own);
    if (!is_done) {
        return false;
    }
    bool is_same = seen.size == wanted.size &&
                   (seen.size == 0 || memcmp(seen.data, wanted.data, seen.size) == 0);
    return is_same || iv_db_damaged(db, err, "its tables are not those of a %s of schema %" PRId64,
                                    db->schema->what, version);
}

/* Replaces the connection by one to a migrated copy in memory. */
static bool migrate_in_memory(struct iv_db *db, struct iv_error *err)
{
    struct iv_db copy;
    if (!open_memory(db, &copy, err)) {
        return false;
    }
    sqlite3_backup *backup = sqlite3_backup_init(copy.handle, "main", db->handle, "main");
    int code = backup != NULL ? sqlite3_backup_step(backup, -1) : SQLITE_NOMEM;
    sqlite3_backup_finish(backup);
    bool is_done = code == SQLITE_DONE ? configure(&copy, err) && migrate(&copy, err)
                                       : database_error(&copy, code, err);
    if (!is_done) {
        close_handle(&copy);
        return false;
    }
    close_handle(db);
    db->handle = copy.handle;
    return true;
}

/* The snapshot is taken before version and schema are looked at, so that both are those of what
 * is read. A second failure for the journal is an error: somebody else was killed in between. */
static bool open_to_read(struct iv_db *db, struct iv_error *err)
{
    bool is_old = false;
    if (!open_configured(db, db->path, SQLITE_OPEN_READONLY, err)) {
        return false;
    }
    int code = begin_snapshot(db);
    if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY) {
        if (!recover(db, err) || !open_configured(db, db->path, SQLITE_OPEN_READONLY, err)) {
            return false;
        }
        code = begin_snapshot(db);
    }
    if (code != SQLITE_OK) {
        return database_error(db, code, err);
    }
    return check_version(db, &is_old, err) && check_schema(db, err) &&
           (!is_old || migrate_in_memory(db, err));
}

/* Header, durability, version and schema are settled before a caller can write anything. */
static bool open_to_write(struct iv_db *db, struct iv_error *err)
{
    bool is_old = false;
    if (!open_configured(db, db->path, SQLITE_OPEN_READWRITE, err)) {
        return false;
    }
    /* SQLite falls back to a read-only descriptor without a word. */
    if (sqlite3_db_readonly(db->handle, "main") != 0) {
        return database_error(db, SQLITE_READONLY, err);
    }
    if (!make_durable(db, err) || !check_version(db, &is_old, err) || !check_schema(db, err)) {
        return false;
    }
    /* Somebody may have switched the file to WAL by hand; one file is the whole store. */
    db->keeps_journal = true;
    return run_sql(db, "PRAGMA journal_mode = TRUNCATE", err) && (!is_old || migrate(db, err));
}

/* --- creation ------------------------------------------------------------------------------- */

/*
 * The file in the making: schema and identity, under the temporary name. It is of no worth before
 * it is published, so it needs no journal beside it, and one fsync at the end.
 */
static bool open_new(struct iv_db *db, struct iv_error *err)
{
    struct iv_status status;
    char sql[128];
    if (iv_look_at_link(db->path, &status) == IV_LOOK_FOUND && status.type == IV_FILE_LINK) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "%s: cannot be made: it is a link to a file that is not there",
                            db->path);
    }
    snprintf(sql, sizeof(sql),
             "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA application_id = "
             "%" PRId32,
             (int32_t)db->schema->application_id);
    return iv_newfile_open(db->path, &db->newfile, err) &&
           open_handle(db, iv_newfile_name(db->newfile), SQLITE_OPEN_READWRITE, err) &&
           configure(db, err) && run_sql(db, sql, err) && migrate(db, err);
}

/* The first commit: the file with what was recorded in it gets its name. */
static bool publish(struct iv_db *db, struct iv_error *err)
{
    bool is_published = false;
    assert(sqlite3_next_stmt(db->handle, NULL) == NULL);
    close_handle(db); /* it would write its journals under the temporary name */
    if (!iv_newfile_publish(db->newfile, &is_published, err)) {
        return false;
    }
    iv_newfile_close(&db->newfile);
    if (!is_published) {
        return iv_error_set(err, IV_ERROR_AGAIN,
                            "%s: another process made the %s at the same time; try again", db->path,
                            db->schema->what);
    }
    return true;
}

/* Until the first commit gave the file its name. */
bool iv_db_is_new(const struct iv_db *db)
{
    return db->newfile != NULL;
}

/* Looks before SQLite does: it would wait for the other end of a FIFO. */
static bool check_path(const struct iv_db *db, bool *ret_is_there, struct iv_error *err)
{
    struct iv_status status;
    if (*db->path == '\0') {
        return iv_error_set(err, IV_ERROR_USAGE, "the path of the %s is empty", db->schema->what);
    }
    enum iv_look look = iv_look_at(db->path, &status);
    if (look == IV_LOOK_TROUBLE) {
        return iv_error_errno(err, "%s: cannot be opened", db->path);
    }
    if (look == IV_LOOK_FOUND && status.type != IV_FILE_REGULAR) {
        return iv_error_set(err, IV_ERROR_STORE, "%s: not a regular file, so it is no %s", db->path,
                            db->schema->what);
    }
    *ret_is_there = look == IV_LOOK_FOUND;
    return true;
}

/* Leftovers are removed before this process opens the file: closing a descriptor of a file drops
 * all locks that the process holds on it. */
static bool open_as(struct iv_db *db, enum iv_db_access access, struct iv_error *err)
{
    bool is_there = false;
    if (!check_path(db, &is_there, err)) {
        return false;
    }
    if (access != IV_DB_READ) {
        iv_newfile_clean(db->path);
    }
    if (is_there) {
        return access == IV_DB_READ ? open_to_read(db, err) : open_to_write(db, err);
    }
    if (access == IV_DB_CREATE) {
        return open_new(db, err);
    }
    return iv_error_set(err, IV_ERROR_ABSENT, "%s: there is no such %s", db->path,
                        db->schema->what);
}

bool iv_db_open(const char *path, const struct iv_db_schema *schema, enum iv_db_access access,
                unsigned wait, struct iv_db **ret_db, struct iv_error *err)
{
    struct iv_db *db IV_CLEANUP(iv_db_close) = allocate(sizeof(*db));
    *db = (struct iv_db){.schema = schema, .path = iv_strdup(path), .wait = wait};
    if (!open_as(db, access, err)) {
        return false;
    }
    *ret_db = db;
    db = NULL;
    return true;
}

/* --- transactions --------------------------------------------------------------------------- */

bool iv_db_begin(struct iv_db *db, struct iv_error *err)
{
    return ensure_handle(db, err) && begin(db, err);
}

/* A new file gets its name only now: no name, no store. */
bool iv_db_commit(struct iv_db *db, struct iv_error *err)
{
    return commit(db, err) && (db->newfile == NULL || publish(db, err));
}

bool iv_db_undo(struct iv_db *db, struct iv_error *err)
{
    return run_sql(db, "ROLLBACK", err);
}

int64_t iv_db_last_row(const struct iv_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

void iv_db_library(struct iv_buf *buf)
{
    iv_buf_printf(buf, "SQLite %s", sqlite3_libversion());
}
