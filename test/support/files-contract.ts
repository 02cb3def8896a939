import { expect, test } from "vitest";
import type { FilesPort } from "../../engine/run/store/store-ports.ts";

/** One store, seen by processes of two hosts. */
export interface Seen {
  readonly dir: string;
  readonly mine: FilesPort;
  readonly theirs: FilesPort;
}

/** Larger than any value of etcd, and than one page of an answer; cut in the middle of characters. */
const BIG = "ü€𝄞 ".repeat(500_000);

async function written(files: FilesPort, dir: string, path: string, text: string): Promise<void> {
  await files.makeDir(`${dir}/tmp`);
  await files.makeDir(path.slice(0, path.lastIndexOf("/")));
  await files.create(`${dir}/tmp/b`, text);
  await files.rename(`${dir}/tmp/b`, path);
}

async function linked(files: FilesPort, dir: string, path: string, text: string): Promise<boolean> {
  await files.makeDir(`${dir}/tmp`);
  await files.makeDir(path.slice(0, path.lastIndexOf("/")));
  await files.create(`${dir}/tmp/l`, text);
  try {
    return await files.link(`${dir}/tmp/l`, path);
  } finally {
    await files.remove(`${dir}/tmp/l`);
  }
}

/** What the protocol relies on, of whatever keeps its files. */
export function filesContract(of: () => Promise<Seen>): void {
  test("what one host wrote another reads, whatever its size", async () => {
    const { dir, mine, theirs } = await of();
    const path = `${dir}/register/1`;
    for (const text of ["", "one", BIG, "two", BIG.slice(1)]) {
      await written(mine, dir, path, text);
      expect((await theirs.read(path)) === text).toBe(true);
      expect(await theirs.list(`${dir}/register`)).toEqual(["1"]);
    }
    await theirs.remove(path);
    await theirs.remove(path);
    expect([await mine.read(path), await mine.exists(path)]).toEqual([null, false]);
  });

  test("of those who take one name at once one has it, and its file stays as it is", async () => {
    const { dir, mine, theirs } = await of();
    const path = `${dir}/inst/x.dead`;
    for (const [files, name] of [
      [mine, "a"],
      [theirs, "b"],
    ] as const) {
      await files.makeDir(`${dir}/tmp`);
      await files.makeDir(`${dir}/inst`);
      await files.create(`${dir}/tmp/${name}`, name);
    }
    const taken = await Promise.all([
      mine.link(`${dir}/tmp/a`, path),
      theirs.link(`${dir}/tmp/b`, path),
    ]);
    const first = await mine.read(path);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await linked(mine, dir, path, "later")).toBe(false);
    expect(await theirs.read(path)).toBe(first);
  });

  test("a name of what is too big for one value is taken once, too", async () => {
    const { dir, mine, theirs } = await of();
    const path = `${dir}/machines/init.json`;
    expect(await linked(mine, dir, path, BIG)).toBe(true);
    expect(await linked(theirs, dir, path, `${BIG}2`)).toBe(false);
    expect((await theirs.read(path)) === BIG).toBe(true);
    await mine.remove(path);
    expect(await theirs.list(`${dir}/machines`)).toEqual([]);
  });

  test("a second name of a file holds what it held; of one that is gone there is none", async () => {
    const { dir, mine, theirs } = await of();
    const claim = `${dir}/nodes/ab/u/claim.1`;
    await written(mine, dir, claim, "claim");
    expect(await mine.link(claim, `${claim}.released`)).toBe(true);
    expect(await mine.link(claim, `${claim}.released`)).toBe(false);
    expect(await theirs.read(`${claim}.released`)).toBe("claim");
    await theirs.remove(claim);
    await expect(mine.link(claim, `${dir}/nodes/ab/u/other`)).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  test("names are those right below a directory, however many there are", async () => {
    const { dir, mine, theirs } = await of();
    const names = Array.from({ length: 120 }, (_, i) => `n${String(i).padStart(4, "0")}`);
    for (const name of names) await written(mine, dir, `${dir}/nodes/ab/${name}/claim.1`, "c");
    await written(mine, dir, `${dir}/nodes/ab.x/other/claim.1`, "c");
    await written(mine, dir, `${dir}/nodes/ac`, "c");
    expect([...(await theirs.list(`${dir}/nodes/ab`))].sort()).toEqual(names);
    expect([...(await theirs.list(`${dir}/nodes`))].sort()).toEqual(["ab", "ab.x", "ac"]);
    expect(await theirs.list(`${dir}/nodes/nothing`)).toEqual([]);
    await mine.removeAll(`${dir}/nodes/ab`);
    expect([...(await theirs.list(`${dir}/nodes`))].sort()).not.toContain("n0000");
    expect(await theirs.read(`${dir}/nodes/ab.x/other/claim.1`)).toBe("c");
  });

  test("a journal grows by its lines in order, is read whole, and is removed with all of them", async () => {
    const { dir, mine, theirs } = await of();
    const path = `${dir}/journal/i.jsonl`;
    await mine.makeDir(`${dir}/journal`);
    const file = await mine.openAppend(path);
    const lines = Array.from({ length: 150 }, (_, i) => `${i} ${"x".repeat((i * 997) % 1500)}\n`);
    for (const line of lines) await file.append(line);
    await file.append(BIG);
    await file.close();
    expect((await theirs.read(path)) === lines.join("") + BIG).toBe(true);
    const again = await theirs.openAppend(path);
    await again.append("last\n");
    await again.close();
    expect((await mine.read(path))?.endsWith("last\n")).toBe(true);
    expect(await mine.list(`${dir}/journal`)).toEqual(["i.jsonl"]);
    await theirs.remove(path);
    expect([await mine.exists(path), await mine.list(`${dir}/journal`)]).toEqual([false, []]);
  });
}
