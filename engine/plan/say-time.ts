import { inWords } from "./durations.ts";

/** Says instants as people at a console read them, in one time zone. */
export interface TimeWords {
  /** `03:12` today, `yesterday 22:40`, `21 Nov 22:40` before. */
  when(at: number): string;
  /** `03:12:40`, with the day when it is not today. */
  exact(at: number): string;
  /** `03:12, 2 h 4 min ago` today; before that the day says enough. */
  whenAgo(at: number): string;
  /** Less than a minute ago: too little to be told. */
  isNow(at: number): boolean;
  /** `3 days`: how long since. */
  since(at: number): string;
}

/** Times as seen from `now`, in an IANA time zone. */
export function timeWords(now: number, timeZone: string): TimeWords {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const read = (at: number): Record<string, string> =>
    Object.fromEntries(parts.formatToParts(at).map((part) => [part.type, part.value]));
  const day = (at: number): string => {
    const { day: d, month, year } = read(at);
    return `${d} ${month} ${year}`;
  };
  const today = day(now);
  const yesterday = day(now - 24 * 3_600_000);
  const prefix = (at: number): string => {
    const date = day(at);
    if (date === today) return "";
    if (date === yesterday) return "yesterday ";
    return `${date.endsWith(today.slice(-5)) ? date.slice(0, -5) : date} `;
  };
  const when = (at: number): string => {
    const { hour, minute } = read(at);
    return `${prefix(at)}${hour}:${minute}`;
  };
  const since = (at: number): string => inWords((now - at) / 1000);
  return {
    when,
    since,
    isNow: (at) => now - at < 60_000,
    exact: (at) => `${when(at)}:${read(at)["second"] ?? "00"}`,
    whenAgo: (at) => (prefix(at) === "" ? `${when(at)}, ${since(at)} ago` : when(at)),
  };
}
