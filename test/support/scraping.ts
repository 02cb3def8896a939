import type { Rack } from "./rack.ts";
import type { Running } from "./run-cli.ts";

/** What Prometheus would read, by series. */
export type Scraped = ReadonlyMap<string, number>;

/** A daemon, and what Prometheus would read from it. */
export interface Watched {
  readonly daemon: Running;
  /** Scrapes until it is so. */
  readonly until: (isSo: (values: Scraped) => boolean) => Promise<Scraped>;
}

/** A daemon over a simulated rack. */
export async function watched(rack: Rack): Promise<Watched> {
  const daemon = rack.start(
    { IRONWRIGHT_LISTEN: "127.0.0.1:0", IRONWRIGHT_INSTANCE: "a" },
    "watch",
  );
  let told = "";
  daemon.child.stderr?.on("data", (chunk: Buffer) => (told += chunk.toString()));
  const url = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(told)?.[0];
  const scrape = async (): Promise<Scraped> => {
    const text = await (await fetch(`${url() ?? ""}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice("ironwright_".length, at), Number(line.slice(at + 1))];
      }),
    );
  };
  while (url() === undefined) await pause();
  const until = async (isSo: (values: Scraped) => boolean) => {
    for (;;) {
      const values = await scrape();
      if (isSo(values)) return values;
      if (daemon.child.exitCode !== null) throw new Error((await daemon.ended).err);
      await pause();
    }
  };
  return { daemon, until };
}

function pause(): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, 100);
  });
}
