import { bootAct } from "../acts/boot-act.ts";
import { cleanAct } from "../acts/clean-act.ts";
import { consoleAct } from "../acts/console-act.ts";
import { ledAct } from "../acts/led-act.ts";
import { powerAct } from "../acts/power-act.ts";
import { requestActs } from "../acts/request-acts.ts";
import { vendorAct } from "../acts/vendor-act.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit-code.ts";

/** `node VERB NODE`: what a person does to one node now. A new act is a file in `acts/` and a row here. */
const ACTS: readonly Command[] = [
  powerAct,
  bootAct,
  ...requestActs,
  cleanAct,
  ledAct,
  consoleAct,
  vendorAct,
];

export const nodeCommand: Command = {
  name: "node",
  summary: "acts on one node, under its lease (but for its console) and recorded in its history",
  options: [],
  examples: ["ironwright node power off r2-n17", "ironwright node power --help"],
  parts: ACTS,
  run: () => Promise.resolve(EXIT.usage),
};
