import type { CommandInput } from "./command.ts";

/** Who types: the person behind sudo first; cron and containers set no USER, the system knows it still. */
export function person({ io, house }: Pick<CommandInput, "io" | "house">): string {
  const { SUDO_USER, USER, LOGNAME } = io.env;
  return SUDO_USER ?? USER ?? LOGNAME ?? house.user;
}

/** The person and the host, as history and stops name them. */
export function personAt(input: Pick<CommandInput, "io" | "house">): string {
  return `${person(input)}@${input.house.host}`;
}
