import type { NodeSpec } from "../../schemas/documents.ts";
import type { Note } from "./foreign-node.ts";

export type Bmc = NonNullable<NodeSpec["bmc"]>;

/** A BMC as far as an export tells of it. */
export interface Login {
  readonly bmc: Bmc;
  readonly notes: readonly Note[];
}

/** Paths behind a BMC's address that say no more than it does. */
const PLAIN_PATH = /^\/?(?:redfish(?:\/v1)?\/?)?$/;

/**
 * A Redfish address as we write it: scheme, host, port. Https where it has no scheme, as Ironic takes it; a user or
 * password in it is dropped. Null where it is none.
 */
export function redfishOrigin(
  text: string,
): { readonly origin: string; readonly notes: readonly Note[] } | null {
  const bare = text.includes("://") ? text : `https://${bracketed(text)}`;
  if (!/^https?:\/\//i.test(bare) || !URL.canParse(bare)) return null;
  const { origin, pathname, username, password } = new URL(bare);
  const notes: Note[] = [];
  if (username !== "" || password !== "")
    notes.push({
      field: "bmc address",
      why: "a user or a password stood in it, which no address carries here",
      todo: "bmc.username, and the password where bmc.password says",
    });
  if (!PLAIN_PATH.test(pathname))
    notes.push({
      field: "bmc address",
      why: "a path stood behind it; Redfish is asked for at /redfish/v1",
      todo: "nothing",
    });
  return { origin, notes };
}

/** A bare IPv6 address gets its brackets. */
export function bracketed(text: string): string {
  return /^[\da-f:]*:[\da-f:]*:[\da-f:.]*$/i.test(text) ? `[${text}]` : text;
}

/** The user and where the password is to be put; neither is of use without the other. */
export function userOf(username: string | undefined, file: string): Login {
  if (username === undefined)
    return {
      bmc: {},
      notes: [
        {
          field: "bmc.username",
          why: "the export names no user",
          todo: `bmc.username, and bmc.password: { file: "${file}" }`,
        },
      ],
    };
  if (username.includes(":"))
    return {
      bmc: {},
      notes: [
        {
          field: "bmc.username",
          why: "the user holds a colon, which no login over HTTP can carry",
          todo: "make another user on the BMC",
        },
      ],
    };
  return {
    bmc: { username, password: { file } },
    notes: [
      {
        field: "bmc.password",
        why: "passwords are never carried over, be they masked or in clear",
        todo: `write it into the file ${file} below a directory of secrets.dirs`,
      },
    ],
  };
}

export const NO_ADDRESS: Note = {
  field: "bmc.address",
  why: "the export names no address that can be read",
  todo: "write spec.bmc.address; validate refuses the document until then",
};
