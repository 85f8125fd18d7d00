"""When things happen: demand by day, hours of the day, and the business clock of sales. Knows no people."""

from __future__ import annotations

import datetime as dt

import numpy as np

from data.demo.arrays import DAY, HOUR, Bools, Floats, Ints

__all__ = ["Calendar", "holidays_of"]

WEEKS = 104
GROWTH = 2.2  # demand at the end of the two years, as a multiple of that at the beginning
WEEKDAYS = (1.12, 1.2, 1.18, 1.12, 0.95, 0.36, 0.4)
AUGUST, LATE_DECEMBER, HOLIDAY = 0.7, 0.45, 0.45
OPENING, CLOSING, FRIDAYS_CLOSING = 9 * HOUR, 18 * HOUR, 16 * HOUR
# Open deals and returning leads need days after the last one: they are planned, and then have not happened yet.
HORIZON = 600

# Share of the web's demand by hour of the day in Berlin. Nothing happens between midnight and six: so no time
# falls into the hour that daylight saving skips or repeats.
HOURS = {
    "Europe": (0, 0, 0, 0, 0, 0, 2, 5, 9, 11, 11, 9, 6, 8, 9, 8, 7, 5, 3, 2, 2, 2, 1, 0.4),
    "America": (0, 0, 0, 0, 0, 0, 0.5, 0.5, 1, 1, 1, 1, 2, 4, 7, 9, 10, 9, 8, 8, 7, 6, 4, 3),
}


def _easter(year: int) -> dt.date:
    """Easter Sunday, by Gauss's rule as it holds from 1900 to 2099."""
    a, b, c = year % 19, year % 4, year % 7
    d = (19 * a + 24) % 30
    e = (2 * b + 4 * c + 6 * d + 5) % 7
    day = 22 + d + e
    if (d == 29 and e == 6) or (d == 28 and e == 6 and a > 10):
        day -= 7
    return dt.date(year, 3, 1) + dt.timedelta(days=day - 1)


def holidays_of(year: int) -> list[dt.date]:
    """The public holidays of all of Germany, in their order."""
    easter = _easter(year)
    moving = [easter + dt.timedelta(days=days) for days in (-2, 1, 39, 50)]
    fixed = [dt.date(year, month, day) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))]
    return sorted([*moving, *fixed])


class Calendar:
    """The two years up to `until`, from a Monday on. Days are counted from the first one.

    `end` is the first moment after the last day. `month` counts months from that of the first day.
    """

    def __init__(self, until: dt.date, noise: np.random.Generator) -> None:
        self.first = until - dt.timedelta(days=until.weekday() + 7 * WEEKS)
        self.days = (until - self.first).days + 1
        self.end = self.days * DAY
        count = self.days + HORIZON
        self.dates = [self.first + dt.timedelta(days=day) for day in range(count)]
        weekday = np.arange(count) % 7
        years = range(self.first.year, self.dates[-1].year + 1)
        known = {day for year in years for day in holidays_of(year)}
        holiday = np.array([day in known for day in self.dates])
        self.is_business: Bools = (weekday < 5) & ~holiday
        self.month: Ints = np.array(
            [(day.year - self.first.year) * 12 + day.month - self.first.month for day in self.dates]
        )
        self.demand = self._demand(weekday[: self.days], holiday[: self.days], noise)
        self._opening, self._worked, self._length = self._business_clock(weekday)
        self._quarter_end = self._quarter_ends()
        self._by_hour = {name: np.cumsum(weights) / np.sum(weights) for name, weights in HOURS.items()}

    def monday(self, weeks_before: int) -> int:
        """The day on which the week so many weeks before the last day's week begins."""
        return (self.days - 1) // 7 * 7 - 7 * weeks_before

    def _demand(self, weekday: Ints, holiday: Bools, noise: np.random.Generator) -> Floats:
        grown = GROWTH ** (np.arange(self.days) / self.days)
        dates = self.dates[: self.days]
        august = np.array([AUGUST if day.month == 8 else 1.0 for day in dates])
        turn = np.array([(day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 4) for day in dates])
        weekly = np.exp(noise.normal(0, 0.05, self.days // 7 + 1))[np.arange(self.days) // 7]
        daily = np.exp(noise.normal(0, 0.06, self.days))
        quiet = np.where(turn, LATE_DECEMBER, august) * np.where(holiday & (weekday < 5), HOLIDAY, 1.0)
        return np.asarray(grown * np.asarray(WEEKDAYS)[weekday] * quiet * weekly * daily)

    def _business_clock(self, weekday: Ints) -> tuple[Ints, Ints, Ints]:
        """Per business day: when it opens, the seconds worked before it, and its seconds."""
        days = np.flatnonzero(self.is_business)
        length = np.where(weekday[days] == 4, FRIDAYS_CLOSING, CLOSING) - OPENING
        return days * DAY + OPENING, np.concatenate([[0], np.cumsum(length)[:-1]]), length

    def at_work(self, after: Ints, hours: Floats) -> Ints:
        """The moment after so many business hours, counted from a moment; it lies within business hours."""
        latest = int(self._opening[-60])
        moment = np.minimum(after, latest)
        day = np.maximum(np.searchsorted(self._opening, moment, side="right") - 1, 0)
        inside = np.clip(moment - self._opening[day], 0, self._length[day])
        worked = self._worked[day] + inside + np.rint(np.minimum(hours, 400) * HOUR).astype(np.int64)
        day = np.searchsorted(self._worked, worked, side="right") - 1
        return np.asarray(self._opening[day] + worked - self._worked[day])

    def working_day(self, planned: Ints, rng: np.random.Generator) -> Ints:
        """A moment of work on the planned day; what was planned for free days is spread over the week after."""
        day = np.clip(planned // DAY, 0, len(self.dates) - 61)
        late = np.where(self.is_business[day], 0.0, rng.uniform(0, 40, len(day)))
        return self.at_work(day * DAY, rng.uniform(0.05, 7.9, len(day)) + late)

    def _quarter_ends(self) -> Ints:
        """Per day: the first day of the next quarter."""
        ends = np.zeros(len(self.dates), dtype=np.int64)
        following = len(self.dates) + 92
        for day in range(len(self.dates) - 1, -1, -1):
            ends[day] = following
            if self.dates[day].month % 3 == 1 and self.dates[day].day == 1:
                following = day
        return ends

    def days_to_quarter_end(self, day: Ints) -> Ints:
        """How many days the quarter still has after this one."""
        return np.asarray(self._quarter_end[day] - 1 - day)

    def time_of_day(self, is_american: Bools, rng: np.random.Generator) -> Ints:
        """Seconds since midnight at which people look at web pages."""
        drawn = rng.random(len(is_american))
        hour = np.where(
            is_american,
            np.searchsorted(self._by_hour["America"], drawn, side="right"),
            np.searchsorted(self._by_hour["Europe"], drawn, side="right"),
        )
        return np.asarray(np.minimum(hour, 23) * HOUR + rng.integers(0, HOUR, len(is_american)))
