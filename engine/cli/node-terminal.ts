import type { RawTerminal } from "./raw-terminal.ts";

/** The terminal or the pipes of this process. It is raw from `listen` to `release`, and released also when the process ends. */
export function nodeTerminal(): RawTerminal {
  const { stdin, stdout } = process;
  const gone = new AbortController();
  let end = (): void => undefined;
  let isHeard = false;
  let last = 0;
  return {
    isTty: stdin.isTTY,
    gone: gone.signal,
    listen(hear) {
      const onData = (bytes: Buffer): void => hear(bytes);
      const onEnd = (): void => hear(null);
      const onHangup = (): void => gone.abort();
      end = () => {
        end = () => undefined;
        isHeard = false;
        stdin.off("data", onData).off("end", onEnd).off("error", onEnd);
        if (stdin.isTTY) stdin.setRawMode(false);
        // What waits for a key keeps the process alive.
        stdin.pause();
        hold(stdin, false);
        process.off("SIGHUP", onHangup).off("SIGQUIT", onHangup).off("exit", end);
      };
      process.on("SIGHUP", onHangup).on("SIGQUIT", onHangup).on("exit", end);
      if (stdin.isTTY) stdin.setRawMode(true);
      isHeard = true;
      hold(stdin, true);
      stdin.on("data", onData).on("end", onEnd).on("error", onEnd);
      stdin.resume();
    },
    pause: () => void stdin.pause(),
    resume: () => {
      if (isHeard) stdin.resume();
    },
    write: (bytes) => {
      stdout.write(stdout.isTTY && isHeard ? withBareLinefeeds(bytes, last) : bytes);
      last = bytes.at(-1) ?? last;
    },
    release: () => end(),
  };
}

/** A file and /dev/null are no stream that a process could wait for. */
function hold(stdin: object, isHeld: boolean): void {
  if (isHeld && "ref" in stdin && typeof stdin.ref === "function") stdin.ref();
  if (!isHeld && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
}

const LINEFEED = 0x0a;
const VERTICAL_TAB = 0x0b;
const RETURN = 0x0d;

/**
 * Node's raw mode lets the system put a carriage return before each linefeed, which tears the menus of firmware: they go
 * straight down by a linefeed alone. A vertical tab does the same on every terminal since the VT100, and is left as it is.
 */
export function withBareLinefeeds(bytes: Uint8Array, before: number): Uint8Array {
  return bytes.map((byte, at) => {
    const isBare = byte === LINEFEED && (at === 0 ? before : bytes[at - 1]) !== RETURN;
    return isBare ? VERTICAL_TAB : byte;
  });
}
