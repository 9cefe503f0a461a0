/*
 * The day of a time: the calendar repeats itself every 400 years, of 146,097 days; years are
 * counted from March, so that the day which not all of them have is the last one.
 */
#include "imgval/base/clock.h"

#define DAY_SECONDS 86400
#define ERA_DAYS 146097 /* 400 years */
#define EPOCH 719468    /* days from 1 March of the year 0 to 1 January 1970 */
#define YEAR_MAX INT64_C(9999)

bool iv_clock_date(int64_t seconds, struct iv_date *ret_date)
{
    if (seconds < -EPOCH * (int64_t)DAY_SECONDS || seconds > YEAR_MAX * 366 * DAY_SECONDS) {
        return false;
    }
    int64_t days = (seconds + EPOCH * (int64_t)DAY_SECONDS) / DAY_SECONDS;
    int64_t of_era = days % ERA_DAYS;
    /* Of four years one has a day more, of 100 one has not, of 400 one has. */
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    /* From March on, five months have 153 days. */
    int64_t month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    int64_t year = days / ERA_DAYS * 400 + year_of_era + (month >= 10 ? 1 : 0);
    if (year > YEAR_MAX) {
        return false;
    }
    *ret_date = (struct iv_date){
        .year = (int)year,
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)day,
    };
    return true;
}

int iv_clock_day_number(const struct iv_date *date)
{
    return date->year * 10000 + date->month * 100 + date->day;
}
