import type { DiskHints } from "../../schemas/documents.ts";
import type { Note } from "./foreign-node.ts";
import { mayBeSecret, SECRET } from "./may-be-secret.ts";
import { hintsOf } from "./root-hints.ts";
import { type Fields, isSaid, mapOf, textOf } from "./values.ts";

/** What becomes of `properties`. */
export interface Properties {
  readonly rootDevice: DiskHints | undefined;
  readonly kept: Record<string, unknown> | undefined;
  readonly notes: readonly Note[];
}

/** Properties stay properties, capabilities as a map; the root device has a place of its own. */
export function propertiesOf(properties: Fields): Properties {
  const { root_device: root, capabilities, ...rest } = properties;
  const { hints, notes } = hintsOf("properties.root_device", mapOf(root));
  const { able, secret } = capabilitiesOf(capabilities);
  const plain = Object.entries(rest).filter(
    ([key, value]) => isSaid(value) && !mayBeSecret(key, textOf(value)),
  );
  const scalars = plain.filter(([, value]) => typeof value !== "object");
  const left = Object.keys(rest).filter(
    (key) => isSaid(rest[key]) && !scalars.some(([name]) => name === key),
  );
  const kept = {
    ...Object.fromEntries(scalars.map(([key, value]) => [key, numberOr(value)])),
    ...(isSaid(able) ? { capabilities: able } : {}),
  };
  return {
    rootDevice: hints,
    kept: isSaid(kept) ? kept : undefined,
    notes: [
      ...notes,
      ...bootNotes(able),
      ...secret.map((key) => ({ field: `properties.capabilities.${key}`, ...SECRET })),
      ...left.map((key) => ({
        field: `properties.${textOf(key) ?? ""}`,
        why: "it is a structure, or may hold a secret",
        todo: "write what of it people need into properties",
      })),
    ],
  };
}

/** `boot_mode:uefi,secure_boot:true` as a map, also where it is one already. */
function capabilitiesOf(value: unknown): {
  readonly able: Readonly<Record<string, string>>;
  /** Keys of those that are left out. */
  readonly secret: readonly string[];
} {
  const text = textOf(value);
  const entries =
    text === undefined || /^[[{]/.test(text)
      ? Object.entries(mapOf(value)).map(([key, item]) => [key, textOf(item) ?? String(item)])
      : text.split(",").map((pair) => {
          const [key = "", ...rest] = pair.split(":");
          return [key.trim(), rest.join(":").trim()];
        });
  const named = entries.flatMap(([key = "", item = ""]) =>
    key === "" || key === "__proto__" ? [] : [[key, item] as const],
  );
  const secret = named.filter(([key, item]) => mayBeSecret(key, item)).map(([key]) => key);
  return {
    able: Object.fromEntries(named.filter(([key]) => !secret.includes(key))),
    secret: secret.map((key) => textOf(key) ?? ""),
  };
}

/** Where the declared boot is not the machine's own, an apply would set it; an import sets nothing. */
export function bootNotes(able: Readonly<Record<string, string>>): readonly Note[] {
  const mode = able["boot_mode"];
  const secure = able["secure_boot"];
  const words = [
    ...(mode === "uefi" || mode === "bios" ? [`mode: ${mode}`] : []),
    ...(secure === "true" || secure === "True" ? ["secureBoot: true"] : []),
  ];
  if (words.length === 0) return [];
  return [
    {
      field: "capabilities boot_mode, secure_boot",
      why: "declared here, an apply would set them where the machine is otherwise, and it may not boot then",
      todo: `boot: { ${words.join(", ")} }, when the first plan is empty`,
    },
  ];
}

/** Ironic holds sizes as text now and then. */
function numberOr(value: unknown): unknown {
  const text = textOf(value);
  return text !== undefined && /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : (text ?? value);
}
