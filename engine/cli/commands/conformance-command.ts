import { resolve } from "node:path";
import { answer } from "../answer.ts";
import { type Command, CommandError } from "../command.ts";
import { EXIT } from "../exit-code.ts";

/** `conformance`: what every driver must hold, run over a package of somebody's. */
export const conformanceCommand: Command = {
  name: "conformance",
  arguments: "<package>",
  completes: "file",
  summary:
    "run the conformance suite of drivers over a package (its code runs, on its own benches)",
  options: [],
  examples: [
    "npx ironwright conformance .",
    "ironwright conformance my-driver",
    "ironwright conformance ./drivers/local.mjs --json",
  ],
  async run(input) {
    const { io, common, house } = input;
    const [name = ""] = input.args;
    const isText = !common.json && common.output === undefined;
    const ran = await house.conform(resolve(io.cwd, common.dir), name, (report) => {
      if (!isText) return;
      io.out(`${report.passed ? "ok  " : "FAIL"}  ${report.hardwareType}: ${report.name}\n`);
      if (report.message !== null) io.out(`      ${report.message.replaceAll("\n", "\n      ")}\n`);
    });
    if (!ran.ok) throw new CommandError(EXIT.invalid, ran.failure.message, ran.failure.code);
    const passed = ran.value.filter((report) => report.passed).length;
    const failed = ran.value.length - passed;
    const data = { package: name, passed, failed, cases: ran.value };
    answer(input, data, `${passed} passed, ${failed} failed\n`);
    return failed === 0 ? EXIT.done : EXIT.failed;
  },
};
