/*
 * clock.h: clocks of which differences alone mean anything, and the day of a time. What the time is
 * now, time() of C says.
 */
#ifndef IMGVAL_BASE_CLOCK_H
#define IMGVAL_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds. */
int64_t iv_clock_ms(void);

/* Milliseconds of processor time that this process has used. */
uint64_t iv_clock_cpu_ms(void);

/* How often this process had to wait for a disk; always 0 where that is not known. */
uint64_t iv_clock_disk_reads(void);

void iv_clock_sleep_ms(unsigned ms);

struct iv_date {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

/* The day in UTC of a time in seconds since 1970. False: its year has not four digits. */
bool iv_clock_date(int64_t seconds, struct iv_date *ret_date);

/* As YYYYMMDD. */
int iv_clock_day_number(const struct iv_date *date);

#endif
