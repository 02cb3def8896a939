import { readFileSync } from "node:fs";

// Loaded before everything else (node --import): sets this process's wall clock off by as many milliseconds as
// STEP_CLOCK_FILE says, each time SIGUSR2 comes, while it runs. As a step of CLOCK_REALTIME does, it moves Date and nothing else.
const RealDate = Date;
let offMs = 0;
process.on("SIGUSR2", () => {
  offMs = Number(readFileSync(process.env.STEP_CLOCK_FILE, "utf8"));
});
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offMs);
    else super(...args);
  }
  static now() {
    return RealDate.now() + offMs;
  }
};
