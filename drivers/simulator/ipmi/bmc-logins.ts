import type { DriverClock } from "../../driver.ts";
import type { ActNote, Controller } from "./controller.ts";
import { systemGuid } from "./device-commands.ts";
import type { IpmiUser } from "./command.ts";
import { Login15 } from "./login15.ts";
import { Login20 } from "./login20.ts";
import type { LoginNote, LoginSite } from "./login-site.ts";
import type { SessionSlots } from "./session-slots.ts";

/** What a BMC's logins are made from. */
export interface LoginPlan {
  readonly slots: SessionSlots;
  /** The BMC itself: its lies meet logins. */
  readonly own: Controller;
  readonly users: readonly IpmiUser[];
  readonly kg: Buffer | null;
  readonly clock: DriverClock;
  readonly suites: () => readonly number[];
  readonly random: (bytes: number) => Buffer;
  readonly note: (act: ActNote) => void;
}

/** Bytes of a password that nobody has. */
const WRONG_BYTES = 16;

/** The two ways by which one logs in at a BMC. */
export class BmcLogins {
  readonly login15: Login15;
  readonly login20: Login20;

  constructor(plan: LoginPlan) {
    const site = siteOf(plan);
    this.login15 = new Login15(site);
    this.login20 = new Login20(site);
  }
}

function siteOf({ slots, own, users, kg, clock, suites, random, note }: LoginPlan): LoginSite {
  return {
    slots,
    users,
    kg,
    now: () => clock.now(),
    suites,
    guid: () => systemGuid(own.site()),
    passwordOf: (user) => {
      const isRefused = own.fault("wrong-password") !== null;
      return isRefused ? random(WRONG_BYTES) : Buffer.from(user.password, "utf8");
    },
    random,
    newId: (isTaken) => {
      for (;;) {
        const id = random(4).readUInt32LE();
        if (id !== 0 && !slots.has(id) && !isTaken(id)) return id;
      }
    },
    note: (login) => note(noteOf(login)),
  };
}

function noteOf({ username, status, session }: LoginNote): ActNote {
  return {
    machine: null,
    session: session === null ? null : String(session),
    path: "Login",
    body: { username },
    status,
    effect: status === 0 ? "session opened" : "refused",
  };
}
