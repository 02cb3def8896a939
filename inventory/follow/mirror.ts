import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as git from "isomorphic-git";
import { gitFiles } from "../git-files.ts";

/** What is followed, as the mirror has it; written once its objects are there. */
export const FOLLOWED = "refs/ironwright/followed";
/** Refs of fetches that run; each has its own, so that no lock of one that was killed is in the way. */
export const INCOMING = "refs/ironwright/incoming";
/** Where isomorphic-git writes the remote's refs before it has their objects; so these are not written at all. */
const TOLD = "refs/ironwright/told";
/** What a killed fetch left lies for so long, in case it is one of another engine and alive. Milliseconds. */
const LEFT_BEHIND_MS = 3_600_000;

/** The mirror's directory: one for each address and ref, for engines that share a state directory. */
export function mirrorDir(stateDir: string, url: string, ref: string): string {
  const name = createHash("sha256").update(`${url}\0${ref}`).digest("hex").slice(0, 16);
  return join(stateDir, "git", name);
}

/** Makes the mirror where there is none; half of one, of a killed start, is completed. */
export async function makeMirror(gitdir: string): Promise<void> {
  await mkdir(gitdir, { recursive: true });
  await git.init({ fs: mirrorFs, gitdir, bare: true, defaultBranch: "main" });
  for (const folder of ["objects/pack", "refs/heads", INCOMING])
    await mkdir(join(gitdir, folder), { recursive: true });
  const config = { fs: mirrorFs, gitdir, path: "remote.origin.fetch" };
  const value = `+refs/*:${TOLD}/*`;
  if ((await git.getConfig(config)) !== value) await git.setConfig({ ...config, value });
  const head = join(gitdir, "HEAD");
  if (!existsSync(head)) await mirrorFs.promises.writeFile(head, "ref: refs/heads/main\n");
}

/** Puts what was fetched anew in the place of a damaged mirror's; its directory stays, for it is watched. */
export async function replaceMirror(gitdir: string, fresh: string): Promise<void> {
  const aside = join(gitdir, `${randomBytes(4).toString("hex")}.tmp`);
  await mkdir(aside);
  for (const name of ["objects", "refs", "packed-refs", "shallow"]) {
    if (existsSync(join(gitdir, name))) await rename(join(gitdir, name), join(aside, name));
    if (existsSync(join(fresh, name))) await rename(join(fresh, name), join(gitdir, name));
  }
  await rm(aside, { recursive: true, force: true });
}

/** Where a mirror is fetched anew; one that a kill left there is swept away later. */
export function freshDir(gitdir: string): string {
  return `${gitdir}.${randomBytes(4).toString("hex")}.tmp`;
}

/** Written once all that the commit names is there: the next fetch says that it has this. */
export async function writeFollowed(gitdir: string, oid: string): Promise<void> {
  await git.writeRef({ fs: mirrorFs, gitdir, ref: FOLLOWED, value: oid, force: true });
}

/** Removes what killed fetches left in and beside the mirror, and refs that a power failure left without a text. */
export function sweepMirror(gitdir: string, now: number): void {
  const left = /\.(?:tmp|lock|keep)$|^tmp_/;
  for (const folder of ["..", "", "objects/pack", INCOMING]) {
    for (const name of namesIn(join(gitdir, folder))) {
      const path = join(gitdir, folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined || !(left.test(name) || folder === INCOMING)) continue;
      const empty = folder === INCOMING && found.size === 0;
      if (empty || now - found.mtimeMs > LEFT_BEHIND_MS)
        rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Another engine may sweep the same. */
function namesIn(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** A pack that is not what its last 20 bytes say; nothing of it was written. */
export class BrokenPack extends Error {}

/**
 * What isomorphic-git writes a mirror by: each file is whole under its name or not there, also after a kill
 * or a power failure, and a pack is held against its checksum, which isomorphic-git does not do.
 */
export const mirrorFs = {
  promises: Object.assign(
    { ...gitFiles.promises },
    {
      async writeFile(
        path: string,
        data: string | Uint8Array,
        how?: { encoding?: BufferEncoding },
      ) {
        if (path.includes(`/${TOLD}/`)) return;
        if (path.endsWith(".pack") && typeof data !== "string") checkPack(data);
        const aside = join(dirname(path), `.${randomBytes(6).toString("hex")}.tmp`);
        const file = await open(aside, "w", 0o644);
        try {
          await file.writeFile(data, how);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(aside, path);
      },
    },
  ),
};

function checkPack(pack: Uint8Array): void {
  const said = Buffer.from(pack.subarray(-20)).toString("hex");
  const is = createHash("sha1").update(pack.subarray(0, -20)).digest("hex");
  const begins = Buffer.from(pack.subarray(0, 4)).toString("latin1");
  if (begins !== "PACK" || said !== is)
    throw new BrokenPack("the pack is not what its checksum says");
}
