import type { AppendFile } from "../../../engine/run/store/store-ports.ts";
import { type JournalLine, journalLineSchema } from "../../../schemas/store.ts";
import { type Before, MemoryFiles } from "../../support/memory-files.ts";

/** A disk whose journals are read over the shoulder of whoever writes them. */
export class LifeFiles extends MemoryFiles {
  readonly #wrote: (line: JournalLine) => void;

  constructor(files: Map<string, string>, before: Before, wrote: (line: JournalLine) => void) {
    super(files, before);
    this.#wrote = wrote;
  }

  override async openAppend(path: string): Promise<AppendFile> {
    const file = await super.openAppend(path);
    return {
      ...file,
      append: async (text) => {
        await file.append(text);
        for (const line of text.split("\n")) if (line !== "") this.#wrote(lineOf(line));
      },
    };
  }
}

/** A checksum, a blank, JSON. */
function lineOf(text: string): JournalLine {
  return journalLineSchema.parse(JSON.parse(text.slice(text.indexOf(" ") + 1)));
}
