"""Compares `upkeep windows` with python-dateutil's rules and the zoneinfo module.

usage: windows_oracle.py PROGRAM SEED ROUNDS
Random rules in zones with strange clocks, around their changes, both ways.
Prints how many windows and openings were compared; exits 1 with the first
difference."""
import json, random, signal, subprocess, sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo
from dateutil.rrule import rrulestr

program, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rnd = random.Random(seed)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
         "Africa/Casablanca", "Asia/Kolkata", "America/Sao_Paulo", "UTC"]
AHEAD = 30
EPOCH = datetime(1970, 1, 1)
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(values, most):
    return ",".join(map(str, sorted(rnd.sample(values, rnd.randint(1, most)))))


def rule(start):
    frequency = rnd.choice(["DAILY"] * 4 + ["WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "MINUTELY"])
    parts, own = ["FREQ=" + frequency], rnd.random() < 0.4
    if own:
        parts.insert(0, start.strftime("DTSTART=%Y%m%dT%H%M%S"))
        if rnd.random() < 0.6:
            parts.append("INTERVAL=%d" % rnd.choice([1, 2, 3, 5, 7]))
        if rnd.random() < 0.3:
            parts.append("COUNT=%d" % rnd.choice([3, 50, 400]))
    if frequency == "MINUTELY":
        parts.append("BYHOUR=" + some(list(range(24)), 2))
        parts.append("BYMINUTE=" + some(list(range(0, 60, 5)), 4))
    days = rnd.random()
    if frequency == "WEEKLY" or days < 0.3:
        parts.append("BYDAY=" + ",".join(rnd.sample(WEEKDAYS, rnd.randint(1, 5))))
    elif frequency in ("MONTHLY", "YEARLY") and days < 0.6:
        parts.append("BYDAY=" + ",".join(rnd.choice(["1", "2", "-1", "-2"]) + d for d in rnd.sample(WEEKDAYS, 2)))
    elif frequency in ("MONTHLY", "YEARLY") or days < 0.5:
        parts.append("BYMONTHDAY=" + some([1, 2, 13, 25, 28, 29, 30, 31, -1, -2, -7], 5))
    if rnd.random() < 0.2 or frequency == "YEARLY":
        parts.append("BYMONTH=" + some(list(range(1, 13)), 8))
    if frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY") and rnd.random() < 0.8:
        parts.append("BYHOUR=" + some([0, 1, 2, 2, 3, 4, 22, 23][:7] + [12], 3))
        parts.append("BYMINUTE=" + some([0, 15, 30, 59], 2))
    if rnd.random() < 0.15:
        parts.append("BYSETPOS=" + rnd.choice(["1", "-1", "2", "1,-1"]))
    if rnd.random() < 0.2:
        parts.append("WKST=" + rnd.choice(["SU", "WE"]))
    return ";".join(parts), own


def offset(zone, second):
    return int(datetime.fromtimestamp(second, zone).utcoffset().total_seconds())


def utc_of(zone, local):
    """The second that clocks show `local` first, or the end of the gap."""
    seconds = int((local - EPOCH).total_seconds())
    before = int(local.replace(tzinfo=zone, fold=0).utcoffset().total_seconds())
    after = int(local.replace(tzinfo=zone, fold=1).utcoffset().total_seconds())
    if after <= before:  # once, or twice: the first has the earlier offset
        return seconds - before, False
    low, high = seconds - after, seconds - before
    if offset(zone, low) == after and offset(zone, seconds - after) == after and \
       datetime.fromtimestamp(seconds - after, zone).replace(tzinfo=None) == local:
        return seconds - after, False
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    return high, True


def wanted(text, own, zone, length, at):
    start = datetime(1970, 1, 1)
    if own:
        first, text = text.split(";", 1)
        start = datetime.strptime(first, "DTSTART=%Y%m%dT%H%M%S")
    day = timedelta(days=1)
    low, high = at - length - 2 * day, at + AHEAD * day + 2 * day
    if not own:  # the year before says the same, and dateutil is slow
        start = datetime(low.year - 1, 1, 1)
    out, t = [], int((at - EPOCH).total_seconds())
    for local in rrulestr(text, dtstart=start).between(low, high, inc=True):
        opens, gap = utc_of(zone, local)
        closes = opens + int(length.total_seconds())
        if gap:
            closes = min(closes, utc_of(zone, local + length)[0])
        if closes <= opens or closes <= t or opens >= t + AHEAD * 86400:
            continue
        if out and opens <= out[-1][1]:
            out[-1][1] = max(out[-1][1], closes)
        else:
            out.append([opens, closes])
    return out


def moment():
    """Some days before a change of clocks, often."""
    year = rnd.randint(2009, 2032)
    return datetime(year, rnd.choice([3, 3, 4, 10, 10, 11, 12, 2, 6]), rnd.randint(1, 28), rnd.randint(0, 23))


def give_up(*_):
    raise TimeoutError


# dateutil looks for what never comes until the year 9999: such rules are left out
signal.signal(signal.SIGVTALRM, give_up)
windows_seen = openings_seen = left_out = 0
for number in range(rounds):
    at, rows = moment(), []
    while len(rows) < 40:
        zone = rnd.choice(ZONES)
        text, own = rule(at - timedelta(days=rnd.randint(0, 400), hours=rnd.randint(0, 23), minutes=rnd.choice([0, 30])))
        length = timedelta(minutes=rnd.choice([1, 30, 60, 90, 180, 480, 1500]))
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.5)
        try:
            rows.append((text, zone, length, wanted(text, own, ZoneInfo(zone), length, at)))
        except (ValueError, TimeoutError):  # the former: dateutil refuses what gives nothing
            left_out += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    with open("upkeep.yaml", "w") as file:
        file.write("version: 1\ntargets:\n  t: { engine: sqlite, connect: t.db }\nwindows:\n")
        for i, (text, zone, length, _) in enumerate(rows):
            file.write('  w%d: { rrule: "%s", duration: %dmin, timezone: %s }\n' % (i, text, length.seconds // 60 + length.days * 1440, zone))
    said = subprocess.run([program, "windows", "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"), "--ahead", "%dd" % AHEAD, "--format", "json"],
                          capture_output=True, text=True)
    if said.returncode:
        sys.exit("exit code %d\n%s" % (said.returncode, said.stderr))
    for (text, zone, length, want), got in zip(rows, json.loads(said.stdout)["windows"]):
        windows_seen += 1
        openings_seen += len(want)
        got = [[a // 10**6, b // 10**6] for a, b in got["open"]]
        if got != want:
            show = lambda spans: [[datetime.fromtimestamp(s, timezone.utc).isoformat() for s in span] for span in spans][:6]
            extra, lost = [g for g in got if g not in want], [w for w in want if w not in got]
            sys.exit("seed %d at %s: %s, %s, %s\n  lost  %s\n  extra %s" % (seed, at, text, zone, length, show(lost), show(extra)))
print("%d windows, %d openings; %d rules left out" % (windows_seen, openings_seen, left_out))
