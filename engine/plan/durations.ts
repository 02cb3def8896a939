const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration of seconds in the words of a plan: `41 s`, `2 min`, `2 h 4 min`, `3 days`. */
export function inWords(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s <= 2 * MINUTE && s % MINUTE !== 0) return `${s} s`;
  if (s < MINUTE) return `${s} s`;
  if (s < 2 * HOUR && s % HOUR !== 0) return `${Math.round(s / MINUTE)} min`;
  if (s < 2 * DAY) {
    const hours = Math.floor(s / HOUR);
    const minutes = Math.round((s - hours * HOUR) / MINUTE);
    return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  }
  return `${Math.round(s / DAY)} days`;
}

/** Longest that the column `at most` says in minutes, and in hours: seven characters are its room. */
const MINUTES_MOST = 999 * MINUTE;
const HOURS_MOST = 99 * HOUR;

/** A deadline in the column `at most`: in one unit, and a minute is 60 s, as plans print it. */
export function atMost(seconds: number): string {
  if (seconds === MINUTE) return "60 s";
  if (seconds <= 2 * HOUR && seconds % HOUR === 0) return inWords(seconds);
  if (seconds < HOUR) return inWords(seconds);
  if (seconds <= MINUTES_MOST) return `${Math.round(seconds / MINUTE)} min`;
  if (seconds <= HOURS_MOST) return `${Math.round(seconds / HOUR)} h`;
  return inWords(seconds);
}
