#include "disk_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ALIGNMENT (128u * 1024)
#define GPT_ENTRIES 128
#define DISK_GUID "AE420040-13DD-41F2-AE7F-0DC35854C8D7"
#define DEFAULT_TYPE "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"

static void put(unsigned char *at, unsigned n, uint64_t value)
{
    for (unsigned i = 0; i < n; i++) {
        at[i] = (unsigned char)(value >> (8 * i) & 0xFF);
    }
}

static void put_big(unsigned char *at, unsigned n, uint64_t value)
{
    for (unsigned i = 0; i < n; i++) {
        at[n - 1 - i] = (unsigned char)(value >> (8 * i) & 0xFF);
    }
}

void fx_put_guid(unsigned char out[16], const char *text)
{
    static const unsigned char order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t n = 0;
    for (const char *p = text; *p != '\0' && n < 16; p++) {
        if (*p == '-' || *p == '{' || *p == '}') {
            continue;
        }
        char digits[3] = {p[0], p[1], '\0'};
        char *end;
        out[order[n++]] = (unsigned char)strtoul(digits, &end, 16);
        if (*end != '\0' || p[1] == '\0') {
            fx_die("'%s' is no GUID", text);
        }
        p++;
    }
    if (n != 16) {
        fx_die("'%s' is no GUID", text);
    }
}

void fx_disk_open(struct fx_disk *disk, uint64_t size, uint64_t sector, const char *scheme,
                  struct fx_arena *arena)
{
    if (size == 0 || size % FX_PAGE != 0 || size > UINT64_C(64) << 30) {
        fx_die("a disk of %llu bytes: a multiple of 4096 up to 64G is needed",
               (unsigned long long)size);
    }
    *disk = (struct fx_disk){.size = size, .sector = sector, .scheme = scheme, .arena = arena};
    disk->pages = fx_arena_alloc(arena, (size_t)(size / FX_PAGE) * sizeof(*disk->pages));
}

void fx_disk_put(struct fx_disk *disk, uint64_t offset, const void *bytes, size_t n)
{
    const unsigned char *from = bytes;
    if (offset > disk->size || n > disk->size - offset) {
        fx_die("byte %llu lies past the end of the disk", (unsigned long long)offset + n);
    }
    while (n > 0) {
        size_t within = (size_t)(offset % FX_PAGE);
        size_t take = n < FX_PAGE - within ? n : FX_PAGE - within;
        unsigned char **page = &disk->pages[offset / FX_PAGE];
        if (*page == NULL) {
            *page = fx_arena_alloc(disk->arena, FX_PAGE);
        }
        memcpy(*page + within, from, take);
        from += take;
        offset += take;
        n -= take;
    }
}

void fx_disk_get(const struct fx_disk *disk, uint64_t offset, void *bytes, size_t n)
{
    unsigned char *to = bytes;
    while (n > 0) {
        size_t within = (size_t)(offset % FX_PAGE);
        size_t take = n < FX_PAGE - within ? n : FX_PAGE - within;
        const unsigned char *page = disk->pages[offset / FX_PAGE];
        if (page == NULL) {
            memset(to, 0, take);
        } else {
            memcpy(to, page + within, take);
        }
        to += take;
        offset += take;
        n -= take;
    }
}

bool fx_disk_has(const struct fx_disk *disk, uint64_t offset, uint64_t size)
{
    for (uint64_t at = offset / FX_PAGE; at < (offset + size) / FX_PAGE; at++) {
        if (disk->pages[at] != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- partitions ---------------------------------------------------------------------------- */

static uint64_t file_size(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fx_die("%s: cannot read", path);
    }
    long size = ftell(file);
    fclose(file);
    return (uint64_t)size;
}

/* Zeros are left out, so that what a file system does not use stays a hole. */
static void put_page(struct fx_disk *disk, uint64_t at, const unsigned char *bytes, size_t n,
                     bool sparse)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0 || !sparse) {
            fx_disk_put(disk, at, bytes, n);
            return;
        }
    }
}

static void write_content(struct fx_disk *disk, const struct fx_partition *p)
{
    unsigned char bytes[FX_PAGE];
    uint64_t at = p->start;
    size_t n;
    if (p->file != NULL) {
        FILE *file = fopen(p->file, "rbe");
        if (file == NULL) {
            fx_die("%s: cannot read", p->file);
        }
        while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0) {
            put_page(disk, at, bytes, n, true);
            at += n;
        }
        fclose(file);
        return;
    }
    struct fx_stream stream;
    fx_stream_open(&stream, &p->content);
    while ((n = fx_stream_read(&stream, bytes, sizeof(bytes))) > 0) {
        put_page(disk, at, bytes, n, false);
        at += n;
    }
}

void fx_disk_place(struct fx_disk *disk, struct fx_partition *partitions, size_t count)
{
    uint64_t at = ALIGNMENT;
    for (size_t i = 0; i < count; i++) {
        struct fx_partition *p = &partitions[i];
        if (p->phantom) {
            continue;
        }
        uint64_t content = p->file != NULL ? file_size(p->file) : p->content.size;
        at += p->logical ? ALIGNMENT : 0; /* room for its boot record */
        p->start = p->start == 0 ? at : p->start;
        if (p->size == 0 && p->all_space) {
            p->size = (disk->size - ALIGNMENT) / ALIGNMENT * ALIGNMENT - p->start;
        } else if (p->size == 0) {
            p->size = content;
        }
        p->size = (p->size + disk->sector - 1) / disk->sector * disk->sector;
        if (content > p->size) {
            fx_die("partition %s is too small for its content", p->name);
        }
        write_content(disk, p);
        at = (p->start + p->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}

static void gpt_entry(unsigned char *e, const struct fx_disk *disk, const struct fx_partition *p,
                      size_t number)
{
    char id[37];
    snprintf(id, sizeof(id), "00000000-1111-2222-3333-%012llX",
             (unsigned long long)number & 0xFFFFFFFFFFFF);
    fx_put_guid(e, p->type == NULL ? DEFAULT_TYPE : p->type);
    fx_put_guid(e + 16, p->id == NULL ? id : p->id);
    put(e + 32, 8, p->start / disk->sector);
    put(e + 40, 8, (p->start + p->size) / disk->sector - 1);
    put(e + 48, 8, p->attributes);
    for (size_t i = 0; p->name[i] != '\0' && i < 36; i++) {
        e[56 + 2 * i] = (unsigned char)p->name[i];
    }
}

static void gpt_header(struct fx_disk *disk, uint64_t lba, uint64_t other, uint64_t entries_lba,
                       const unsigned char *entries)
{
    unsigned char h[92] = "EFI PART";
    uint64_t last = (disk->size - disk->after) / disk->sector - 1;
    uint64_t span = GPT_ENTRIES * 128 / disk->sector;
    put(h + 8, 4, 0x10000);
    put(h + 12, 4, sizeof(h));
    put(h + 24, 8, lba);
    put(h + 32, 8, other);
    put(h + 40, 8, 2 + span);
    put(h + 48, 8, last - 1 - span);
    fx_put_guid(h + 56, DISK_GUID);
    put(h + 72, 8, entries_lba);
    put(h + 80, 4, GPT_ENTRIES);
    put(h + 84, 4, 128);
    put(h + 88, 4, crc32(0, entries, GPT_ENTRIES * 128));
    put(h + 16, 4, crc32(0, h, sizeof(h)));
    fx_disk_put(disk, lba * disk->sector, h, sizeof(h));
    fx_disk_put(disk, entries_lba * disk->sector, entries, GPT_ENTRIES * 128);
}

static void write_gpt(struct fx_disk *disk, const struct fx_partition *partitions, size_t count,
                      bool flash_only)
{
    static unsigned char entries[GPT_ENTRIES * 128];
    unsigned char mbr[512] = {0};
    uint64_t last = (disk->size - disk->after) / disk->sector - 1;
    size_t used = 0;
    memset(entries, 0, sizeof(entries));
    for (size_t i = 0; i < count; i++) {
        if (!partitions[i].phantom && (!flash_only || partitions[i].required)) {
            if (used == GPT_ENTRIES) {
                fx_die("too many partitions");
            }
            gpt_entry(entries + 128 * used++, disk, &partitions[i], i + 1);
        }
    }
    mbr[446 + 4] = 0xEE;
    put(mbr + 446 + 8, 4, 1);
    put(mbr + 446 + 12, 4, last > UINT32_MAX ? UINT32_MAX : last);
    mbr[510] = 0x55;
    mbr[511] = 0xAA;
    fx_disk_put(disk, 0, mbr, sizeof(mbr));
    gpt_header(disk, 1, last, 2, entries);
    if (!flash_only) {
        gpt_header(disk, last, 1, last - GPT_ENTRIES * 128 / disk->sector, entries);
    }
}

static void mbr_entry(unsigned char *sector, size_t index, unsigned type, unsigned status,
                      uint64_t start, uint64_t sectors)
{
    unsigned char *e = sector + 446 + 16 * index;
    e[0] = (unsigned char)status;
    e[4] = (unsigned char)type;
    put(e + 8, 4, start);
    put(e + 12, 4, sectors);
}

/* Three primary partitions at most before the extended one; each logical one has its record in the
 * alignment before it. The name table is the partition of type 70. */
static void write_mbr(struct fx_disk *disk, const struct fx_partition *partitions, size_t count)
{
    unsigned char mbr[512] = {0};
    unsigned char names[12 + 96 * 64] = {0};
    uint64_t meta = 0;
    uint64_t base = 0;
    uint64_t record = 0;
    size_t primary = 0;
    unsigned named = 0;
    put(mbr + 440, 4, 0x12345678);
    mbr[510] = 0x55;
    mbr[511] = 0xAA;
    for (size_t i = 0; i < count; i++) {
        const struct fx_partition *p = &partitions[i];
        unsigned type = p->type == NULL ? 7 : (unsigned)strtoul(p->type, NULL, 16);
        uint64_t start = p->start / disk->sector;
        uint64_t sectors = p->size / disk->sector;
        if (p->phantom) {
            continue;
        }
        if (p->logical) {
            unsigned char ebr[512] = {0};
            uint64_t at = start - 64;
            ebr[510] = 0x55;
            ebr[511] = 0xAA;
            mbr_entry(ebr, 0, type, 0, 64, sectors);
            if (base == 0) {
                base = at;
                mbr_entry(mbr, primary++, 5, 0, at, disk->size / disk->sector - at);
            } else {
                unsigned char link[512];
                fx_disk_get(disk, record * disk->sector, link, sizeof(link));
                mbr_entry(link, 1, 5, 0, at - base, sectors + 64);
                fx_disk_put(disk, record * disk->sector, link, sizeof(link));
            }
            fx_disk_put(disk, at * disk->sector, ebr, sizeof(ebr));
            record = at;
        } else if (primary < 4) {
            mbr_entry(mbr, primary++, type, p->attributes != 0 ? 0x80 : 0, start, sectors);
        } else {
            fx_die("an MBR has four places");
        }
        if (type == 0x70) {
            meta = p->start;
        } else if (named < 64) {
            unsigned char *e = names + 12 + 96 * named++;
            put(e, 8, p->start);
            for (size_t k = 0; p->name[k] != '\0' && k < 36; k++) {
                e[8 + 2 * k] = (unsigned char)p->name[k];
            }
            put(e + 80, 8, i + 1);
        }
    }
    if (meta != 0) {
        put(names, 4, 0x00080001);
        put(names + 4, 4, 64);
        put(names + 8, 4, named);
        fx_disk_put(disk, meta, names, sizeof(names));
    }
    fx_disk_put(disk, 0, mbr, sizeof(mbr));
}

void fx_disk_table(struct fx_disk *disk, const struct fx_partition *partitions, size_t count,
                   bool flash_only)
{
    if (strcmp(disk->scheme, "gpt") == 0) {
        write_gpt(disk, partitions, count, flash_only);
    } else if (strcmp(disk->scheme, "mbr") == 0) {
        write_mbr(disk, partitions, count);
    } else if (strcmp(disk->scheme, "none") != 0) {
        fx_die("scheme=%s: gpt, mbr or none", disk->scheme);
    }
}

/* ---- files --------------------------------------------------------------------------------- */

void fx_disk_write(const struct fx_disk *disk, struct fx_buf *out)
{
    size_t at = out->len;
    fx_buf_zero(out, (size_t)disk->size);
    fx_disk_get(disk, 0, out->data + at, (size_t)disk->size);
}

static void finish(unsigned char *bytes, size_t n, size_t field)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += bytes[i];
    }
    put_big(bytes + field, 4, ~sum & UINT32_MAX);
}

static void vhd_footer(const struct fx_disk *disk, bool dynamic, unsigned char f[512])
{
    memset(f, 0, 512);
    memcpy(f, "conectix", 8);
    put_big(f + 8, 4, 2);
    put_big(f + 12, 4, 0x10000);
    put_big(f + 16, 8, dynamic ? 512 : UINT64_MAX);
    memcpy(f + 28, "fxmk", 4);
    put_big(f + 32, 4, 0x10000);
    memcpy(f + 36, "Wi2k", 4);
    put_big(f + 40, 8, disk->size);
    put_big(f + 48, 8, disk->size);
    uint64_t sectors = disk->size / 512; /* geometry: 16 heads, 63 sectors a track */
    put_big(f + 56, 2, sectors / (16 * 63) < 65535 ? sectors / (16 * 63) : 65535);
    f[58] = 16;
    f[59] = 63;
    put_big(f + 60, 4, dynamic ? 3 : 2);
    memset(f + 68, 0x5A, 16);
    finish(f, 512, 64);
}

static void vhd_dynamic(const struct fx_disk *disk, uint64_t block, const unsigned char *footer,
                        struct fx_buf *out)
{
    uint64_t count = (disk->size + block - 1) / block;
    size_t table = 512 + 1024;
    size_t table_size = (size_t)((count * 4 + 511) / 512 * 512);
    size_t bitmap = (size_t)((block / 512 / 8 + 511) / 512 * 512);
    unsigned char h[1024] = "cxsparse";
    memset(h + 8, 0xFF, 8);
    put_big(h + 16, 8, table);
    put_big(h + 24, 4, 0x10000);
    put_big(h + 28, 4, count);
    put_big(h + 32, 4, block);
    finish(h, sizeof(h), 36);
    fx_buf_put(out, footer, 512);
    fx_buf_put(out, h, sizeof(h));
    fx_buf_zero(out, table_size);
    memset(out->data + table, 0xFF, table_size);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t left = disk->size - i * block;
        uint64_t size = left < block ? left : block;
        if (!fx_disk_has(disk, i * block, size)) {
            continue;
        }
        put_big(out->data + table + 4 * i, 4, out->len / 512);
        fx_buf_zero(out, bitmap + (size_t)block);
        memset(out->data + out->len - block - bitmap, 0xFF, bitmap);
        fx_disk_get(disk, i * block, out->data + out->len - block, (size_t)size);
    }
}

void fx_vhd_write(const struct fx_disk *disk, const char *kind, uint64_t block, struct fx_buf *out)
{
    unsigned char footer[512];
    bool dynamic = strcmp(kind, "dynamic") == 0;
    if (!dynamic && strcmp(kind, "fixed") != 0) {
        fx_die("kind=%s: fixed or dynamic", kind);
    }
    vhd_footer(disk, dynamic, footer);
    if (dynamic) {
        vhd_dynamic(disk, block, footer, out);
    } else {
        fx_disk_write(disk, out);
    }
    fx_buf_put(out, footer, sizeof(footer));
}
