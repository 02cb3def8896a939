import { type Failure, failure } from "../../schemas/failure.ts";
import type { PortError } from "./start-simulator.ts";

/** Names what asked for a port of a machine's BMC: the flag, or the line of a document. */
export type PortBlame = (machine: string, kind: "TCP" | "UDP") => PortSource;

/** What asked for a port, and the way out. */
export interface PortSource {
  readonly source: string;
  readonly wayOut: string;
}

/** What the operating system says of a port, in words. */
const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use",
  EACCES: "is not for this user: ports below 1024 are root's",
  EADDRNOTAVAIL: "is no address of this host",
};

/** A port that a simulated BMC cannot have: which one, who asked for it, and the way out. */
export function portFailure({ machine, cause }: PortError, blame: PortBlame): Failure {
  const { code, address, port, syscall } = said(cause);
  const kind = syscall === "bind" ? "UDP" : "TCP";
  const { source, wayOut } = blame(machine, kind);
  const host = address.includes(":") ? `[${address}]` : address;
  const where = `${kind} ${host}:${port}`;
  const words = WORDS[code] ?? `cannot be had (${code})`;
  return failure("stalled", "IW-I04", `${source}: ${where} ${words}; ${wayOut}`);
}

function said(cause: unknown): Readonly<Record<"code" | "address" | "port" | "syscall", string>> {
  const of = (name: string): string =>
    typeof cause === "object" && cause !== null
      ? String(Object.entries(cause).find(([key]) => key === name)?.[1] ?? "")
      : "";
  return {
    code: of("code"),
    address: of("address"),
    port: of("port"),
    syscall: of("syscall"),
  };
}
