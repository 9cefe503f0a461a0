#include "ffu_write.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH 32u

/* A payload block of a store and where on the disk it goes. */
struct entry {
    unsigned char *bytes;
    uint32_t *places; /* pairs: method, index */
    size_t place_count;
};

struct entries {
    struct entry *items;
    size_t count;
    struct fx_arena *arena;
    uint64_t block;
    bool dedupe;
    size_t flash_only; /* index of that GPT's first block */
    size_t final;
};

static void add_entry(struct entries *e, const unsigned char *bytes, uint32_t method,
                      uint32_t index)
{
    struct entry *entry = NULL;
    for (size_t i = 1; e->dedupe && i < e->count && entry == NULL; i++) {
        if (memcmp(e->items[i].bytes, bytes, (size_t)e->block) == 0) {
            entry = &e->items[i];
        }
    }
    if (entry == NULL) {
        entry = fx_arena_push(e->arena, (void **)&e->items, &e->count, sizeof(*entry));
        entry->bytes = fx_arena_alloc(e->arena, (size_t)e->block);
        entry->places = fx_arena_alloc(e->arena, 64 * 2 * sizeof(*entry->places));
        memcpy(entry->bytes, bytes, (size_t)e->block);
    }
    if (entry->place_count == 64) {
        fx_die("a block goes to more than 64 places");
    }
    entry->places[2 * entry->place_count] = method;
    entry->places[2 * entry->place_count + 1] = index;
    entry->place_count++;
}

/* The three phases in flashing order: zeros over both tables; what is required to flash, and its
 * table; the rest, and the final tables. */
static void collect(const struct fx_ffu *ffu, struct fx_store *store, struct entries *e)
{
    struct fx_disk *disk = &store->disk;
    uint64_t count = disk->size / store->block;
    unsigned char *bytes = fx_arena_alloc(ffu->arena, (size_t)store->block);
    bool tables = strcmp(disk->scheme, "none") != 0;
    *e = (struct entries){.arena = ffu->arena, .block = store->block};
    add_entry(e, bytes, 0, 0);
    e->items[0].places[2] = 2;
    e->items[0].places[3] = 0;
    e->items[0].place_count = 2;
    e->dedupe = ffu->dedupe;
    fx_disk_place(disk, store->partitions, store->partition_count);
    fx_disk_table(disk, store->partitions, store->partition_count, true);
    fx_disk_get(disk, 0, bytes, (size_t)store->block);
    e->flash_only = e->count;
    add_entry(e, bytes, 0, 0);
    fx_disk_table(disk, store->partitions, store->partition_count, false);
    for (uint64_t i = tables ? 1 : 0; i < count - (tables ? 1 : 0); i++) {
        if (ffu->all_sizes || fx_disk_has(disk, i * store->block, store->block)) {
            fx_disk_get(disk, i * store->block, bytes, (size_t)store->block);
            add_entry(e, bytes, 0, (uint32_t)i);
        }
    }
    e->dedupe = false;
    e->final = e->count;
    if (tables) {
        fx_disk_get(disk, 0, bytes, (size_t)store->block);
        add_entry(e, bytes, 0, 0);
        fx_disk_get(disk, disk->size - store->block, bytes, (size_t)store->block);
        add_entry(e, bytes, 2, 0);
    }
}

/* ---- manifest ------------------------------------------------------------------------------ */

static void manifest_partition(const struct fx_store *store, const struct fx_partition *p,
                               struct fx_buf *out)
{
    if (p->unlisted) {
        return;
    }
    uint64_t sectors = p->claimed != 0 ? p->claimed : p->size / store->disk.sector;
    fx_buf_printf(out, "[Partition]\r\nName          = %s\r\nType          = %s%s%s\r\n", p->name,
                  strcmp(store->disk.scheme, "gpt") == 0 ? "{" : "",
                  p->type == NULL ? "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7" : p->type,
                  strcmp(store->disk.scheme, "gpt") == 0 ? "}" : "");
    fx_buf_text(out, "Primary       = \r\n");
    if (p->fs != NULL) {
        fx_buf_printf(out, "FileSystem    = %s\r\n", p->fs);
    }
    if (p->all_space) {
        fx_buf_text(out, "UseAllSpace   = true\r\n");
    } else {
        fx_buf_printf(out, "TotalSectors  = %llu\r\n", (unsigned long long)sectors);
    }
    fx_buf_printf(out, "RequiredToFlash = %s\r\n", p->required ? "True" : "False");
}

static void manifest(const struct fx_ffu *ffu, struct fx_buf *out)
{
    if (ffu->manifest != NULL) {
        fx_buf_text(out, ffu->manifest);
        return;
    }
    fx_buf_printf(out, "[FullFlash]\r\nVersion       = 2.0\r\n%s", ffu->keys);
    const char *ids = ffu->manifest_platform != NULL ? ffu->manifest_platform : ffu->platform;
    for (unsigned i = 0; *ids != '\0'; i++) {
        size_t n = strcspn(ids, ",");
        fx_buf_printf(out, "DevicePlatformId%u = %.*s\r\n", i, (int)n, ids);
        ids += n + (ids[n] == ',' ? 1 : 0);
    }
    for (size_t s = 0; s < ffu->store_count; s++) {
        const struct fx_store *store = &ffu->stores[s];
        fx_buf_printf(out, "\r\n[Store]\r\nSectorSize    = %llu\r\n",
                      (unsigned long long)store->disk.sector);
        if (store->sectors == NULL) {
            fx_buf_printf(out, "MinSectorCount = %llu\r\n",
                          (unsigned long long)(store->disk.size / store->disk.sector));
        } else if (strcmp(store->sectors, "-") != 0) {
            fx_buf_printf(out, "MinSectorCount = %s\r\n", store->sectors);
        }
        for (size_t i = 0; i < store->partition_count; i++) {
            manifest_partition(store, &store->partitions[i], out);
        }
    }
}

/* ---- headers ------------------------------------------------------------------------------- */

/* `before`: bytes of the file before those of `out`. */
static void pad_at(struct fx_buf *out, uint64_t before, uint64_t unit)
{
    fx_buf_zero(out, (size_t)((unit - (before + out->len) % unit) % unit));
}

static void pad(struct fx_buf *out, uint64_t unit)
{
    pad_at(out, 0, unit);
}

static void text_field(struct fx_buf *out, const char *text, size_t n)
{
    size_t size = strlen(text);
    size = size < n ? size : n;
    fx_buf_put(out, text, size);
    fx_buf_zero(out, n - size);
}

static void u64(struct fx_buf *out, uint64_t value)
{
    fx_buf_u32(out, (uint32_t)(value & UINT32_MAX));
    fx_buf_u32(out, (uint32_t)(value >> 32));
}

static void store_header(const struct fx_ffu *ffu, size_t index, const struct entries *e,
                         size_t entry_size, struct fx_buf *out)
{
    const struct fx_store *store = &ffu->stores[index];
    char ids[192] = {0};
    strncat(ids, ffu->platform, sizeof(ids) - 2);
    for (char *c = ids; *c != '\0'; c++) {
        *c = *c == ',' ? '\1' : *c;
    }
    for (size_t i = 0; i < sizeof(ids); i++) {
        ids[i] = ids[i] == '\1' ? '\0' : ids[i];
    }
    fx_buf_u32(out, (uint32_t)store->update_type);
    fx_buf_u16(out, (unsigned)ffu->version);
    fx_buf_u16(out, 0);
    fx_buf_u16(out, 2);
    fx_buf_u16(out, 0);
    fx_buf_put(out, ids, sizeof(ids));
    fx_buf_u32(out, (uint32_t)store->block);
    fx_buf_u32(out, (uint32_t)e->count);
    fx_buf_u32(out, (uint32_t)entry_size);
    fx_buf_u32(out, (uint32_t)store->validation);
    fx_buf_u32(out, (uint32_t)store->validation * 16);
    fx_buf_u32(out, 0);
    fx_buf_u32(out, 1);
    fx_buf_u32(out, (uint32_t)e->flash_only);
    fx_buf_u32(out, 1);
    fx_buf_u32(out, (uint32_t)e->final);
    fx_buf_u32(out, (uint32_t)(e->count - e->final));
    if (ffu->version >= 2) {
        const char *path = store->device_path;
        fx_buf_u16(out, (unsigned)ffu->store_count);
        fx_buf_u16(out, (unsigned)index + 1);
        u64(out, e->count * store->block);
        fx_buf_u16(out, (unsigned)strlen(path));
        for (; *path != '\0'; path++) {
            fx_buf_u16(out, (unsigned char)*path);
        }
    }
    for (uint64_t i = 0; i < store->validation; i++) {
        fx_buf_u32(out, (uint32_t)i);
        fx_buf_u32(out, 0);
        fx_buf_u32(out, 4);
        fx_buf_u32(out, 0xABCD);
    }
}

static void put_entries(const struct entries *e, struct fx_buf *out)
{
    for (size_t i = 0; i < e->count; i++) {
        fx_buf_u32(out, (uint32_t)e->items[i].place_count);
        fx_buf_u32(out, 1);
        for (size_t k = 0; k < 2 * e->items[i].place_count; k++) {
            fx_buf_u32(out, e->items[i].places[k]);
        }
    }
}

/* ---- lies ---------------------------------------------------------------------------------- */

struct places {
    uint64_t table, image, manifest;
    uint64_t store[FX_STORES_MAX], entries[FX_STORES_MAX], payload[FX_STORES_MAX];
};

void fx_ffu_lie(struct fx_ffu *ffu, const char *text, bool flip, bool late)
{
    const char *plus = strchr(text, '+');
    const char *colon = strchr(text, ':');
    if (ffu->lie_count == FX_LIES_MAX || plus == NULL || colon == NULL || plus > colon) {
        fx_die("'%s': PLACE+OFFSET:HEX is needed", text);
    }
    struct fx_change *lie = &ffu->lies[ffu->lie_count++];
    *lie = (struct fx_change){.place = fx_arena_copy(ffu->arena, text, (size_t)(plus - text)),
                              .offset = strtoull(plus + 1, NULL, 0),
                              .flip = flip,
                              .late = late};
    for (const char *p = colon + 1; p[0] != '\0' && p[1] != '\0'; p += 2) {
        char digits[3] = {p[0], p[1], '\0'};
        fx_buf_byte(&lie->bytes, (unsigned)strtoul(digits, NULL, 16));
    }
}

static uint64_t place_of(const struct places *p, const char *name)
{
    const struct {
        const char *name;
        uint64_t place;
    } rows[] = {{"file", 0},         {"security", 0},     {"catalog", 32},
                {"table", p->table}, {"image", p->image}, {"manifest", p->manifest}};
    const struct {
        const char *name;
        const uint64_t *places;
    } numbered[] = {{"store", p->store}, {"entries", p->entries}, {"payload", p->payload}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].place;
        }
    }
    for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
        size_t n = strlen(numbered[i].name);
        unsigned long number =
            strncmp(numbered[i].name, name, n) == 0 ? strtoul(name + n, NULL, 10) : 0;
        if (number >= 1 && number <= FX_STORES_MAX) {
            return numbered[i].places[number - 1];
        }
    }
    fx_die("unknown place '%s'", name);
}

static void apply(const struct fx_ffu *ffu, const struct places *places, bool late,
                  struct fx_buf *out)
{
    for (size_t i = 0; i < ffu->lie_count; i++) {
        const struct fx_change *lie = &ffu->lies[i];
        uint64_t at = place_of(places, lie->place) + lie->offset;
        if (lie->late != late) {
            continue;
        }
        if (at > out->len || lie->bytes.len > out->len - at) {
            fx_die("byte %llu lies past the end of the file", (unsigned long long)at);
        }
        for (size_t k = 0; k < lie->bytes.len; k++) {
            unsigned char *byte = &out->data[at + k];
            *byte = lie->flip ? *byte ^ lie->bytes.data[k] : lie->bytes.data[k];
        }
    }
}

/* ---- the file ------------------------------------------------------------------------------ */

void fx_ffu_open(struct fx_ffu *ffu, struct fx_arena *arena)
{
    *ffu = (struct fx_ffu){
        .arena = arena,
        .version = 1,
        .chunk = 128 * 1024,
        .platform = "Contoso.MSM8994.P6211",
        .keys = "OSVersion     = 10.0.10586.107\r\nAntiTheftVersion = 1.1\r\n",
        .digest = "sha1",
        .truncate = INT64_MIN,
    };
}

/* Everything that the hashes cover, which starts at `base` of the file. */
static void body(struct fx_ffu *ffu, uint64_t base, struct fx_buf *out, struct places *places)
{
    struct fx_buf text = {0};
    struct entries *all = fx_arena_alloc(ffu->arena, ffu->store_count * sizeof(*all));
    for (size_t i = 0; i < ffu->store_count; i++) {
        collect(ffu, &ffu->stores[i], &all[i]);
    }
    manifest(ffu, &text);
    fx_buf_u32(out, ffu->long_header ? 28 : 24);
    fx_buf_text(out, "ImageFlash  ");
    fx_buf_u32(out, (uint32_t)text.len);
    fx_buf_u32(out, (uint32_t)(ffu->chunk / 1024));
    if (ffu->long_header) {
        fx_buf_u32(out, (uint32_t)ffu->records);
    }
    places->manifest = out->len;
    fx_buf_put(out, text.data, text.len);
    fx_buf_fini(&text);
    for (uint64_t i = 0; i < ffu->records; i++) {
        static const char *const parts[] = {"Contoso", "Phone",   "CT-100", "1.0",
                                            "SKU1",    "Contoso", "Board"};
        for (size_t k = 0; k < 7; k++) {
            fx_buf_u32(out, (uint32_t)strlen(parts[k]));
        }
        for (size_t k = 0; k < 7; k++) {
            text_field(out, parts[k], strlen(parts[k]));
        }
    }
    pad(out, ffu->chunk);
    for (size_t i = 0; i < ffu->store_count; i++) {
        struct fx_buf entries = {0};
        put_entries(&all[i], &entries);
        places->store[i] = out->len;
        store_header(ffu, i, &all[i], entries.len, out);
        places->entries[i] = out->len;
        fx_buf_put(out, entries.data, entries.len);
        fx_buf_fini(&entries);
        pad_at(out, base, ffu->stores[i].block);
    }
    for (size_t i = 0; i < ffu->store_count; i++) {
        places->payload[i] = out->len;
        for (size_t k = 0; k < all[i].count; k++) {
            fx_buf_put(out, all[i].items[k].bytes, (size_t)ffu->stores[i].block);
        }
    }
}

static void hash_chunks(const unsigned char *bytes, size_t n, size_t chunk, struct fx_buf *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *last = calloc(1, chunk);
    for (size_t at = 0; at < n && last != NULL; at += chunk) {
        const unsigned char *from = bytes + at;
        if (n - at < chunk) {
            memcpy(last, from, n - at);
            from = last;
        }
        EVP_Digest(from, chunk, digest, NULL, EVP_sha256(), NULL);
        fx_buf_put(out, digest, HASH);
    }
    free(last);
}

static void security_header(uint64_t chunk, size_t catalog, size_t table, struct fx_buf *out)
{
    fx_buf_u32(out, 32);
    fx_buf_text(out, "SignedImage ");
    fx_buf_u32(out, (uint32_t)(chunk / 1024));
    fx_buf_u32(out, 0x800C);
    fx_buf_u32(out, (uint32_t)catalog);
    fx_buf_u32(out, (uint32_t)table);
}

static void shift(struct places *p, uint64_t by)
{
    p->image += by;
    p->manifest += by;
    for (size_t i = 0; i < FX_STORES_MAX; i++) {
        p->store[i] += by;
        p->entries[i] += by;
        p->payload[i] += by;
    }
}

/* The covered part, its hashes and the catalog of them, for an image header at `base`. */
static void parts(struct fx_ffu *ffu, uint64_t base, struct places *places, struct fx_buf *covered,
                  struct fx_buf *table, struct fx_buf *catalog)
{
    *places = (struct places){0};
    covered->len = 0;
    table->len = 0;
    catalog->len = 0;
    body(ffu, base, covered, places);
    apply(ffu, places, false, covered);
    hash_chunks(covered->data, covered->len, (size_t)ffu->chunk, table);
    if (ffu->table < 0) {
        table->len -=
            (size_t)-ffu->table * HASH < table->len ? (size_t)-ffu->table * HASH : table->len;
    } else {
        fx_buf_zero(table, (size_t)ffu->table * HASH);
    }
    if (!ffu->no_catalog) {
        fx_catalog_write(table->data, table->len, ffu->digest, ffu->signer, catalog);
    }
}

static void spoil(const struct fx_ffu *ffu, struct fx_buf *out)
{
    for (uint64_t i = 0; i < ffu->append; i++) {
        fx_buf_byte(out, (unsigned)(0x41 + i % 26));
    }
    if (ffu->truncate != INT64_MIN) {
        int64_t n = ffu->truncate < 0 ? (int64_t)out->len + ffu->truncate : ffu->truncate;
        if (n < 0 || (uint64_t)n > out->len) {
            fx_die("cannot cut a file of %zu bytes there", out->len);
        }
        out->len = (size_t)n;
    }
}

void fx_ffu_write(struct fx_ffu *ffu, struct fx_buf *out)
{
    struct fx_buf covered = {0};
    struct fx_buf table = {0};
    struct fx_buf catalog = {0};
    struct places places = {0};
    uint64_t base = 0;
    for (size_t i = 0; i < ffu->lie_count; i++) {
        const char *place = ffu->lies[i].place;
        bool front = strcmp(place, "file") == 0 || strcmp(place, "security") == 0 ||
                     strcmp(place, "catalog") == 0 || strcmp(place, "table") == 0;
        ffu->lies[i].late = ffu->lies[i].late || front;
    }
    /* Blocks are padded by their place in the file, which the size of the table decides. */
    for (int round = 0; round < 4; round++) {
        parts(ffu, base, &places, &covered, &table, &catalog);
        uint64_t end = 32 + catalog.len + table.len;
        uint64_t next = (end + ffu->chunk - 1) / ffu->chunk * ffu->chunk + ffu->spare * ffu->chunk;
        if (next == base) {
            break;
        }
        base = next;
    }
    security_header(ffu->chunk, catalog.len, table.len, out);
    fx_buf_put(out, catalog.data, catalog.len);
    places.table = out->len;
    fx_buf_put(out, table.data, table.len);
    pad(out, ffu->chunk);
    fx_buf_zero(out, (size_t)(ffu->spare * ffu->chunk));
    shift(&places, out->len);
    fx_buf_put(out, covered.data, covered.len);
    fx_buf_fini(&covered);
    fx_buf_fini(&table);
    fx_buf_fini(&catalog);
    apply(ffu, &places, true, out);
    spoil(ffu, out);
}

/* ---- large files --------------------------------------------------------------------------- */

static void write_at(FILE *file, const void *bytes, size_t n, uint64_t at)
{
    if (fseeko(file, (off_t)at, SEEK_SET) != 0 || fwrite(bytes, 1, n, file) != n) {
        fx_die("cannot write");
    }
}

void fx_ffu_generate(const char *path, uint64_t size, uint64_t seed)
{
    enum { BLOCK = 128 * 1024 };
    static uint64_t bytes[BLOCK / 8];
    struct fx_buf head = {0};
    struct fx_buf table = {0};
    struct fx_buf catalog = {0};
    struct fx_buf front = {0};
    struct fx_arena arena = {0};
    struct fx_ffu ffu;
    uint64_t blocks = size / BLOCK;
    uint64_t state = fx_random_seed(seed, 0);
    fx_ffu_open(&ffu, &arena);
    fx_buf_u32(&head, 24);
    fx_buf_text(&head, "ImageFlash  ");
    size_t at = head.len;
    fx_buf_zero(&head, 4);
    fx_buf_u32(&head, BLOCK / 1024);
    fx_buf_printf(&head,
                  "[FullFlash]\r\nVersion = 2.0\r\nDevicePlatformId0 = %s\r\n[Store]\r\n"
                  "SectorSize = 512\r\nMinSectorCount = %llu\r\n",
                  ffu.platform, (unsigned long long)(blocks * (BLOCK / 512)));
    fx_buf_poke(&head, at, 4, head.len - 24);
    pad(&head, BLOCK);
    struct fx_store store = {.block = BLOCK};
    struct entries entries = {.count = (size_t)blocks, .final = (size_t)blocks};
    ffu.stores[0] = store;
    ffu.store_count = 1;
    store_header(&ffu, 0, &entries, (size_t)blocks * 16, &head);
    for (uint32_t i = 0; i < blocks; i++) {
        fx_buf_u32(&head, 1);
        fx_buf_u32(&head, 1);
        fx_buf_u32(&head, 0);
        fx_buf_u32(&head, i);
    }
    pad(&head, BLOCK);
    hash_chunks(head.data, head.len, BLOCK, &table);
    size_t hashes = table.len + (size_t)blocks * HASH;
    fx_catalog_write("", 0, "sha1", NULL, &catalog); /* for its length */
    uint64_t base = (32 + catalog.len + hashes + BLOCK - 1) / BLOCK * BLOCK;
    FILE *file = fopen(path, "wbx");
    if (file == NULL) {
        fx_die("%s: cannot create", path);
    }
    write_at(file, head.data, head.len, base);
    for (uint64_t i = 0; i < blocks; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        for (size_t k = 0; k < BLOCK / 8; k++) {
            bytes[k] = fx_random(&state);
        }
        EVP_Digest(bytes, BLOCK, digest, NULL, EVP_sha256(), NULL);
        fx_buf_put(&table, digest, HASH);
        write_at(file, bytes, BLOCK, base + head.len + i * BLOCK);
    }
    catalog.len = 0;
    fx_catalog_write(table.data, table.len, "sha1", NULL, &catalog);
    security_header(BLOCK, catalog.len, table.len, &front);
    fx_buf_put(&front, catalog.data, catalog.len);
    fx_buf_put(&front, table.data, table.len);
    write_at(file, front.data, front.len, 0);
    if (fclose(file) != 0) {
        fx_die("%s: cannot write", path);
    }
    fx_buf_fini(&head);
    fx_buf_fini(&table);
    fx_buf_fini(&catalog);
    fx_buf_fini(&front);
    fx_arena_fini(&arena);
}
