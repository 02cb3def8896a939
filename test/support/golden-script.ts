import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GoldenHouse } from "./golden-house.ts";
import { type Command, type Part, parseScript, showScript } from "./script-pages.ts";
import { tempDir } from "./temp-dir.ts";
import { type TempRepo, tempRepo } from "./temp-repo.ts";

/** What the text of a script is now, and what it is when it is run. */
export interface Played {
  readonly before: string;
  readonly after: string;
}

/** Plays a script from its first line; with `GOLDEN=write` the file is written anew. */
export async function playScript(path: string): Promise<Played> {
  const before = readFileSync(path, "utf8");
  const player = new Player(await tempRepo({}), tempDir());
  const parts: Part[] = [];
  for (const part of parseScript(before)) parts.push(await player.play(part));
  const after = showScript(parts);
  if (process.env["GOLDEN"] === "write") writeFileSync(path, after);
  return { before, after };
}

/** A question that the script's own text answers: `... Type yes: yes`. */
const ANSWER = /Type [a-z ]+: (.*)$/m;
const COMMIT = /^git add -A && git commit -qm "(.*)"$/;
/** For what was shown on another page. */
const SILENT = " > /dev/null 2>&1";
const SLEEP = /^sleep (\d+)([smhd])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

class Player {
  readonly #repo: TempRepo;
  readonly #house: GoldenHouse;
  readonly #stateDir: string;
  /** Ids of plans change with every field of a plan: in a script they are numbered. */
  readonly #plans: string[] = [];

  constructor(repo: TempRepo, stateDir: string) {
    this.#repo = repo;
    this.#stateDir = stateDir;
    this.#house = new GoldenHouse(repo.dir, stateDir);
  }

  async play(part: Part): Promise<Part> {
    switch (part.kind) {
      case "prose":
        break;
      case "document":
        this.#repo.write(part.path, part.text);
        break;
      case "edit":
        this.#edit(part.path, part.text);
        break;
      case "machine":
        this.#change(part.node, part.text);
        break;
      case "console": {
        const commands: Command[] = [];
        for (const command of part.commands)
          commands.push({ ...command, output: await this.#run(command) });
        return { ...part, commands };
      }
    }
    return part;
  }

  async #run({ line, output }: Command): Promise<string> {
    const [, subject] = COMMIT.exec(line) ?? [];
    if (subject !== undefined) {
      await this.#repo.commit(subject, Math.floor(this.#house.time.now / 1000));
      return "";
    }
    const [, count, unit = ""] = SLEEP.exec(line) ?? [];
    if (count !== undefined) {
      const { time } = this.#house;
      await time.run(time.clock().sleep(Number(count) * (UNIT_MS[unit] ?? 0)));
      return "";
    }
    return this.#ironwright(line, ANSWER.exec(output)?.[1] ?? null);
  }

  async #ironwright(line: string, answer: string | null): Promise<string> {
    const columns = /^COLUMNS=(\d+) /.exec(line);
    const silent = line.endsWith(SILENT);
    const typed = line.slice(columns?.[0].length ?? 0, silent ? -SILENT.length : undefined);
    const words = wordsOf(this.#realIds(typed));
    if (words[0] !== "ironwright") throw new Error(`a script has no command ${line}`);
    const how = { columns: Number(columns?.[1] ?? 100), answer };
    const printed = this.#numbered(await this.#house.run(words.slice(1), how));
    return silent ? (/^\[exit \d+\]\n/m.exec(printed)?.[0] ?? "") : printed;
  }

  #numbered(text: string): string {
    for (const [, id = ""] of text.matchAll(/^(?:PLAN (?:REFUSED +)?|## Plan )([0-9a-f]{8})\b/gm))
      if (!this.#plans.includes(id)) this.#plans.push(id);
    const places = text
      .replaceAll(this.#stateDir, "/var/lib/ironwright")
      .replaceAll(this.#repo.dir, "/srv/inventory");
    return this.#plans.reduce((said, id, at) => said.replaceAll(id, numberOf(at)), places);
  }

  #realIds(line: string): string {
    return this.#plans.reduce((said, id, at) => said.replaceAll(numberOf(at), id), line);
  }

  #edit(path: string, text: string): void {
    const lines = text.split("\n").slice(0, -1);
    const without = (sign: string): string =>
      lines.flatMap((line) => (line.startsWith(sign) ? [] : [`${line.slice(1)}\n`])).join("");
    const file = join(this.#repo.dir, path);
    const before = readFileSync(file, "utf8");
    const [head, tail, more] = before.split(without("+"));
    if (head === undefined || tail === undefined || more !== undefined)
      throw new Error(`${path} does not hold these lines exactly once:\n${without("+")}`);
    this.#repo.write(path, `${head}${without("-")}${tail}`);
  }

  #change(node: string, text: string): void {
    const state: unknown = JSON.parse(this.#house.machines.get(node) ?? "{}");
    const change: unknown = JSON.parse(text);
    this.#house.machines.set(node, JSON.stringify({ ...Object(state), ...Object(change) }));
  }
}

function numberOf(at: number): string {
  return `plan${String(at + 1).padStart(4, "0")}`;
}

/** The words of a command line; quotes hold words together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}
