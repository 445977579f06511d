#!/usr/bin/env python3
"""Writes sessions.csv and conversions.csv for the growth-analytics project.

    ./generate_data.py                                     the committed sample, into data/
    ./generate_data.py --out /tmp/big --sessions 5000000   as much as you like

The same seed and size always give the same files. The data carries the faults of real tracking, which the
project's tests report: visits delivered twice, copies that disagree on is_paid, missing media, registrations
delivered twice, users who register twice, registrations before the first visit or without any.

Users are made one after the other and written in shuffled chunks, so memory does not grow with the size.
"""

import argparse
import contextlib
import datetime
import gzip
import io
import itertools
import pathlib
import random

# medium, relative frequency, whether visits are paid for
MEDIA = [
    ("ORGANIC SEARCH", 24, False),
    ("DIRECT", 21, False),
    ("PAID SEARCH", 17, True),
    ("IMPRESSION", 12, True),
    ("PAID SOCIAL", 8, True),
    ("ORGANIC SOCIAL", 5, False),
    ("EMAIL", 5, False),
    ("REFERRAL", 4, False),
    ("AFFILIATE", 2, True),
    ("DISPLAY", 2, True),
]
MEDIA_CUMULATIVE = list(itertools.accumulate(weight for _, weight, _ in MEDIA))

MINUTE, HOUR, DAY = 60, 3_600, 86_400
FIRST_DAY = datetime.date(2024, 1, 1)
PERIOD_DAYS = 425  # January 2024 to February 2025
FORMATTED_DAYS = PERIOD_DAYS + 1_000  # late sessions and registrations may fall well after the period

# How often a fault happens
MEDIUM_MISSING = 0.0005  # of sessions
PAID_FLAG_ODD = 0.01  # of sessions: is_paid is not what the medium suggests
SESSION_COPIED = 0.008  # of users: a session is delivered twice
COPY_DISAGREES = 0.002  # of users: and the copy has the other is_paid
REGISTERS = 0.42  # of users
BEFORE_FIRST_SESSION = 0.03  # of registrations
REGISTRATION_COPIED = 0.01  # of registrations
REGISTERS_AGAIN = 0.005  # of registrations
WITHOUT_SESSION = 0.06  # of registrations, in addition

CHUNK = 20_000  # sessions that are shuffled and written together


class Clock:
    """Formats seconds since the first day as a timestamp, by two table look-ups."""

    def __init__(self):
        self.days = [
            (FIRST_DAY + datetime.timedelta(days=day)).isoformat() + " " for day in range(FORMATTED_DAYS)
        ]
        self.times = [
            f"{second // HOUR:02}:{second // MINUTE % 60:02}:{second % MINUTE:02}" for second in range(DAY)
        ]
        self.end = FORMATTED_DAYS * DAY - 1

    def text(self, seconds):
        seconds = min(max(seconds, 0), self.end)
        return self.days[seconds // DAY] + self.times[seconds % DAY]


def gap(rng, means, cumulative):
    """A random number of seconds from a mix of exponential distributions."""
    mean = rng.choices(means, cum_weights=cumulative)[0]
    return int(rng.expovariate(1 / mean)) + 1


def session_line(clock, user, start, paid, medium):
    return f"{user},{clock.text(start)},{'true' if paid else 'false'},{medium}\n"


def sessions_of(rng, clock, user):
    """The lines of one user's sessions, and the times of the first and the last."""
    start = first = rng.randrange(PERIOD_DAYS * DAY)
    visits = []
    for _ in range(min(1 + int(rng.expovariate(1 / 1.9)), 40)):
        medium, _, paid = rng.choices(MEDIA, cum_weights=MEDIA_CUMULATIVE)[0]
        if rng.random() < MEDIUM_MISSING:
            medium = ""
        if rng.random() < PAID_FLAG_ODD:
            paid = not paid
        visits.append((start, paid, medium))
        last = start
        start += gap(rng, (30 * MINUTE, 6 * HOUR, 5 * DAY), (45, 75, 100))

    lines = [session_line(clock, user, *visit) for visit in visits]
    draw = rng.random()
    if draw < SESSION_COPIED:
        lines.append(lines[0])
    elif draw < SESSION_COPIED + COPY_DISAGREES:
        start, paid, medium = visits[-1]
        lines.append(session_line(clock, user, start, not paid, medium))
    return lines, first, last


def registrations_of(rng, clock, user, first, last):
    """The lines of one user's registrations: none, one, or, as a fault, two."""
    if rng.random() >= REGISTERS:
        return []
    if rng.random() < BEFORE_FIRST_SESSION:
        time = first - rng.randint(MINUTE, 3 * DAY)
    else:
        time = rng.choice((first, last)) + gap(rng, (15 * MINUTE, 4 * HOUR, 1 * DAY), (50, 80, 100))
    line = f"{user},{clock.text(time)}\n"

    draw = rng.random()
    if draw < REGISTRATION_COPIED:
        return [line, line]
    if draw < REGISTRATION_COPIED + REGISTERS_AGAIN:
        return [line, f"{user},{clock.text(time + rng.randint(10, DAY))}\n"]
    return [line]


def generate(rng, clock, wanted_sessions):
    """Yields chunks of (session lines, registration lines)."""
    user = 3_000_000_000_000_000_000
    written = 0
    while written < wanted_sessions:
        sessions, registrations = [], []
        chunk = min(CHUNK, wanted_sessions - written)
        while len(sessions) < chunk:
            user += rng.randint(1, 100_000_000_000)
            lines, first, last = sessions_of(rng, clock, user)
            sessions += lines
            own = registrations_of(rng, clock, user, first, last)
            registrations += own
            if own and rng.random() < WITHOUT_SESSION:
                user += rng.randint(1, 100_000_000_000)
                registrations.append(f"{user},{clock.text(rng.randrange(PERIOD_DAYS * DAY))}\n")
        del sessions[chunk:]
        written += chunk
        rng.shuffle(sessions)
        rng.shuffle(registrations)
        yield sessions, registrations


@contextlib.contextmanager
def open_csv(directory, name, compress):
    if not compress:
        with open(directory / name, "w", encoding="ascii", newline="\n") as file:
            yield file
        return
    # No name and no time in the gzip header: the same rows give the same bytes.
    with (
        open(directory / f"{name}.gz", "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="ascii", newline="\n") as file,
    ):
        yield file


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=here / "data", help="directory (default: data/)")
    parser.add_argument("--sessions", type=int, default=8_000, help="number of session rows (default: 8000)")
    parser.add_argument("--seed", type=int, default=7, help="seed of the random numbers (default: 7)")
    parser.add_argument("--gzip", action="store_true", help="write .csv.gz files")
    arguments = parser.parse_args()

    arguments.out.mkdir(parents=True, exist_ok=True)
    rng, clock = random.Random(arguments.seed), Clock()
    totals = [0, 0]
    with (
        open_csv(arguments.out, "sessions.csv", arguments.gzip) as sessions_file,
        open_csv(arguments.out, "conversions.csv", arguments.gzip) as conversions_file,
    ):
        sessions_file.write("userid,time_started,is_paid,medium\n")
        conversions_file.write("userid,registration_time\n")
        for sessions, registrations in generate(rng, clock, arguments.sessions):
            sessions_file.writelines(sessions)
            conversions_file.writelines(registrations)
            totals[0] += len(sessions)
            totals[1] += len(registrations)
    print(f"{totals[0]} sessions and {totals[1]} registrations in {arguments.out}")


if __name__ == "__main__":
    main()
