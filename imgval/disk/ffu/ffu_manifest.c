/*
 * The manifest of an FFU: lines of "[Section]" and "Key = value", ASCII, CR LF. Keys and sections
 * are case-sensitive; what is unknown is ignored; of a repeated key the last one counts; a line
 * that is neither continues the last Description.
 *
 * Sections have no names of their own: [Store] and [Partition] may stand any number of times, and a
 * partition belongs to the store before it. So the parser only keeps what it is in (`place`), and
 * each pair goes to the function for that. When all lines were taken, what they claim is checked
 * for sense. Everything wrong is a fault and never the end: the image itself may be fine.
 */
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/disk/ffu/ffu_parts.h"

#include <inttypes.h>
#include <string.h>

#define PLATFORM_IDS_MAX 64
#define PLATFORM_ID_KEY "DevicePlatformId"

/* NOWHERE: in a section that is not known, or that was one too many; its pairs are passed over. */
enum place { NOWHERE, FULL_FLASH, STORE, PARTITION };

struct parser {
    struct iv_image *image;
    struct iv_faults *faults;
    struct iv_arena *arena;
    enum place place;
    bool seen_full_flash;
    bool in_description;
    struct iv_buf description;
    const char *ids[PLATFORM_IDS_MAX];
    struct iv_ffu_section *sections;
    size_t section_count;
    struct iv_image_claim *claim;
    uint64_t line;
};

/* A fault with the line in hand, for a person with the manifest in an editor. */
static bool wrong(struct parser *p, const char *what, const char *value)
{
    return iv_faults_add(
        p->faults, IV_FAULT_FFU_HEADER, NULL, "line %" PRIu64 " of the manifest: %s%s%s", p->line,
        what, value != NULL ? ": " : "", value != NULL ? iv_faults_shown(p->arena, value) : "");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* 0 where it is none, with a fault. */
static uint64_t number(struct parser *p, const char *key, const char *value, uint64_t max)
{
    uint64_t n = 0;
    if (!iv_parse_decimal(value, strlen(value), max, &n)) {
        (void)wrong(p, iv_arena_printf(p->arena, "%s is no number up to %" PRIu64, key, max),
                    value);
    }
    return n;
}

static bool boolean(struct parser *p, const char *key, const char *value)
{
    if (iv_ascii_ieq(value, "True")) {
        return true;
    }
    if (!iv_ascii_ieq(value, "False")) {
        (void)wrong(p, iv_arena_printf(p->arena, "%s is neither True nor False", key), value);
    }
    return false;
}

/* A GUID without its braces, in upper case; other text as it is. */
static const char *guid(struct parser *p, const char *value)
{
    size_t size = strlen(value);
    if (size < 2 || value[0] != '{' || value[size - 1] != '}') {
        return value;
    }
    char *text = iv_arena_strndup(p->arena, value + 1, size - 2);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    }
    return text;
}

/* Of the whole image. Values stay texts, as rules and reports want them as they were written; which
 * versions are right is for check_manifest() and the rules. */
static void full_flash_pair(struct parser *p, const char *key, const char *value)
{
    struct iv_image *image = p->image;
    uint64_t index;
    if (strcmp(key, "Version") == 0) {
        image->version = value;
    } else if (strcmp(key, "OSVersion") == 0) {
        image->os_version = value;
    } else if (strcmp(key, "Description") == 0) {
        iv_buf_clear(&p->description);
        iv_buf_puts(&p->description, value);
        p->in_description = true;
    } else if (strcmp(key, "AntiTheftVersion") == 0) {
        image->anti_theft_version = value;
    } else if (strcmp(key, "RulesVersion") == 0) {
        image->rules_version = value;
    } else if (strcmp(key, "StateSeparationLevel") == 0) {
        image->state_separation_level = value;
    } else if (strcmp(key, "CanFlashToRemovableMedia") == 0) {
        image->removable_media = boolean(p, key, value);
    } else if (strncmp(key, PLATFORM_ID_KEY, strlen(PLATFORM_ID_KEY)) == 0 &&
               iv_parse_decimal(key + strlen(PLATFORM_ID_KEY),
                                strlen(key + strlen(PLATFORM_ID_KEY)), PLATFORM_IDS_MAX - 1,
                                &index)) {
        p->ids[index] = value;
    }
}

static void store_pair(struct parser *p, const char *key, const char *value)
{
    struct iv_ffu_section *section = &p->sections[p->section_count - 1];
    if (strcmp(key, "SectorSize") == 0) {
        section->sector_size = number(p, key, value, UINT32_MAX);
    } else if (strcmp(key, "MinSectorCount") == 0) {
        section->sector_count = number(p, key, value, UINT32_MAX);
    } else if (strcmp(key, "StoreId") == 0) {
        section->store_id = guid(p, value);
    } else if (strcmp(key, "DevicePath") == 0) {
        section->device_path = value;
    } else if (strcmp(key, "IsMainOSStore") == 0) {
        section->main_os = boolean(p, key, value);
    }
}

static void partition_number(struct parser *p, const char *key, const char *value)
{
    const struct {
        const char *key;
        uint64_t *number;
    } rows[] = {
        {"TotalSectors", &p->claim->total_sectors},
        {"UsedSectors", &p->claim->used_sectors},
        {"ByteAlignment", &p->claim->byte_alignment},
        {"ClusterSize", &p->claim->cluster_size},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        if (strcmp(key, rows[i].key) == 0) {
            *rows[i].number = number(p, key, value, UINT32_MAX);
        }
    }
}

static void partition_pair(struct parser *p, const char *key, const char *value)
{
    struct iv_image_claim *claim = p->claim;
    const struct {
        const char *key;
        bool *flag;
    } flags[] = {
        {"UseAllSpace", &claim->use_all_space},
        {"ReadOnly", &claim->read_only},
        {"Hidden", &claim->hidden},
        {"Bootable", &claim->bootable},
        {"RequiredToFlash", &claim->required_to_flash},
    };
    if (strcmp(key, "Name") == 0) {
        claim->name = value;
    } else if (strcmp(key, "Type") == 0) {
        claim->type = guid(p, value);
    } else if (strcmp(key, "Id") == 0) {
        claim->id = guid(p, value);
    } else if (strcmp(key, "FileSystem") == 0) {
        claim->file_system = value;
    } else {
        partition_number(p, key, value);
    }
    for (size_t i = 0; i < IV_COUNT(flags); i++) {
        if (strcmp(key, flags[i].key) == 0) {
            *flags[i].flag = boolean(p, key, value);
        }
    }
}

/* Older images have one store and do not say IsMainOSStore, so that is what holds unless it is
 * said. */
static void open_store(struct parser *p)
{
    if (p->section_count == IV_IMAGE_STORES_MAX) {
        (void)wrong(p, "more than 64 stores", NULL);
        p->place = NOWHERE;
        return;
    }
    p->place = STORE;
    p->sections[p->section_count++] = (struct iv_ffu_section){.main_os = true};
}

/* What the manifest claims; partitions.c reads what the table on the disk says, and rules compare
 * the two. */
static void open_partition(struct parser *p)
{
    struct iv_image *image = p->image;
    p->place = NOWHERE;
    if (p->section_count == 0) {
        (void)wrong(p, "a partition before the first store", NULL);
    } else if (image->claim_count == IV_IMAGE_CLAIMS_MAX) {
        (void)wrong(p, "more than 1024 partitions", NULL);
    } else {
        p->place = PARTITION;
        p->claim = &image->claims[image->claim_count++];
        *p->claim = (struct iv_image_claim){.store = p->section_count, .name = ""};
    }
}

static void take_section(struct parser *p, const char *name)
{
    p->in_description = false;
    p->place = NOWHERE;
    if (strcmp(name, "Store") == 0) {
        open_store(p);
    } else if (strcmp(name, "Partition") == 0) {
        open_partition(p);
    } else if (strcmp(name, "FullFlash") == 0) {
        if (p->seen_full_flash) {
            (void)wrong(p, "a second section FullFlash", NULL);
        }
        p->seen_full_flash = true;
        p->place = FULL_FLASH;
    }
}

static void take_pair(struct parser *p, const char *key, const char *value)
{
    p->in_description = false;
    switch (p->place) {
    case FULL_FLASH:
        full_flash_pair(p, key, value);
        break;
    case STORE:
        store_pair(p, key, value);
        break;
    case PARTITION:
        partition_pair(p, key, value);
        break;
    case NOWHERE:
        break;
    }
}

/* One line without its end; its bytes are the arena's and may be cut. */
static void take_line(struct parser *p, char *line, size_t size)
{
    char *original = line;
    while (size > 0 && is_blank(line[size - 1])) {
        size--;
    }
    line[size] = '\0';
    while (is_blank(*line)) {
        line++;
        size--;
    }
    if (size == 0) {
        return; /* a blank line ends nothing */
    }
    if (line[0] == '[' && line[size - 1] == ']') {
        line[size - 1] = '\0';
        take_section(p, line + 1);
        return;
    }
    size_t key = strcspn(line, " \t=");
    size_t equals = key + strspn(line + key, " \t");
    if (key > 0 && line[equals] == '=') {
        line[key] = '\0';
        char *value = line + equals + 1;
        take_pair(p, line, value + strspn(value, " \t"));
    } else if (p->in_description) {
        iv_buf_putc(&p->description, '\n');
        iv_buf_puts(&p->description, original);
    }
}

/* Sector size and the sum of the partitions, which must fit into the store. A partition that takes
 * all space needs a sector at least. */
static void check_store(struct parser *p, size_t index)
{
    const struct iv_ffu_section *section = &p->sections[index];
    if (section->sector_size != 512 && section->sector_size != 4096) {
        (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                            "SectorSize of store %zu in the manifest is %" PRIu64
                            ": it must be 512 or 4096",
                            index + 1, section->sector_size);
    }
    uint64_t total = 0;
    for (size_t i = 0; i < p->image->claim_count; i++) {
        const struct iv_image_claim *claim = &p->image->claims[i];
        if (claim->store != index + 1) {
            continue;
        }
        total += claim->use_all_space ? 1 : claim->total_sectors; /* 1024 times 32 bits */
        if (!claim->use_all_space && claim->used_sectors > claim->total_sectors) {
            (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                                "UsedSectors of partition %s in the manifest is %" PRIu64
                                ": more than its TotalSectors of %" PRIu64,
                                iv_faults_shown(p->arena, claim->name), claim->used_sectors,
                                claim->total_sectors);
        }
    }
    if (section->sector_count != 0 && total > section->sector_count) {
        (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                            "the partitions of store %zu in the manifest have %" PRIu64
                            " sectors together: more than its MinSectorCount of %" PRIu64,
                            index + 1, total, section->sector_count);
    }
}

/* A partition has a name, and either a size or all the space; the latter only one in each store can
 * have. */
static void check_claims(struct parser *p)
{
    size_t greedy = 0;
    for (size_t i = 0; i < p->image->claim_count; i++) {
        const struct iv_image_claim *claim = &p->image->claims[i];
        const char *name = iv_faults_shown(p->arena, claim->name);
        if (claim->name[0] == '\0') {
            (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                                "partition %zu of the manifest has no Name", i + 1);
        }
        if (claim->use_all_space == (claim->total_sectors != 0)) {
            (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                                "partition %s of the manifest must have either TotalSectors or "
                                "UseAllSpace",
                                name);
        }
        greedy += claim->use_all_space ? 1 : 0;
    }
    if (greedy > p->section_count) {
        (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                            "%zu partitions of the manifest have UseAllSpace: a store has room for "
                            "one",
                            greedy);
    }
}

static void check_manifest(struct parser *p)
{
    if (!p->seen_full_flash) {
        (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                            "the manifest has no section FullFlash");
    } else if (p->image->version == NULL || strcmp(p->image->version, "2.0") != 0) {
        (void)iv_faults_add(
            p->faults, IV_FAULT_FFU_HEADER, NULL, "Version in the manifest is %s: it must be 2.0",
            p->image->version == NULL ? "missing" : iv_faults_shown(p->arena, p->image->version));
    }
    if (p->section_count == 0) {
        (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                            "the manifest has no section Store");
    }
    for (size_t i = 0; i < p->section_count; i++) {
        check_store(p, i);
    }
    check_claims(p);
}

/* Bytes that no manifest holds become '?', so that every value is a plain string. */
static void clean(struct parser *p, char *text, size_t size)
{
    bool said = false;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c != 0 && c < 0x80) {
            continue;
        }
        if (!said) {
            (void)iv_faults_add(p->faults, IV_FAULT_FFU_HEADER, NULL,
                                "byte %zu of the manifest is %u: it must be ASCII", i, c);
            said = true;
        }
        text[i] = '?';
    }
}

/* DevicePlatformId0, 1, ...: up to the first number that is missing. */
static void keep_ids(struct parser *p)
{
    p->image->platform_ids = IV_NEW_ARRAY(p->arena, const char *, PLATFORM_IDS_MAX);
    for (size_t i = 0; i < PLATFORM_IDS_MAX && p->ids[i] != NULL; i++) {
        p->image->platform_ids[p->image->platform_id_count++] = p->ids[i];
    }
}

void iv_ffu_manifest(const char *text, size_t size, struct iv_image *image,
                     struct iv_faults *faults, struct iv_ffu_section **ret_sections,
                     size_t *ret_count)
{
    struct parser p = {.image = image, .faults = faults, .arena = faults->arena};
    p.sections = IV_NEW_ARRAY(p.arena, struct iv_ffu_section, IV_IMAGE_STORES_MAX);
    image->claims = IV_NEW_ARRAY(p.arena, struct iv_image_claim, IV_IMAGE_CLAIMS_MAX);
    char *copy = IV_NEW_ARRAY(p.arena, char, size + 1);
    memcpy(copy, text, size);
    clean(&p, copy, size);
    for (size_t at = 0; at < size;) {
        size_t length = strcspn(copy + at, "\n");
        size_t bare = length > 0 && copy[at + length - 1] == '\r' ? length - 1 : length;
        p.line++;
        take_line(&p, copy + at, bare);
        at += length + 1;
    }
    if (p.description.size > 0) {
        image->description = iv_arena_strdup(p.arena, iv_buf_text(&p.description));
    }
    iv_buf_fini(&p.description);
    keep_ids(&p);
    check_manifest(&p);
    *ret_sections = p.sections;
    *ret_count = p.section_count;
}
