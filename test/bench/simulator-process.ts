import { madeUpMachines } from "../../drivers/simulator/machines-for.ts";
import { startSimulator } from "../../drivers/simulator/start-simulator.ts";

// BMCs for a benchmark: as many as asked for, one port each; their addresses as one line of JSON.
const simulator = await startSimulator({
  password: "calvin",
  machines: madeUpMachines(Number(process.argv[2] ?? "1")),
  layout: "port-per-bmc",
});
process.stdout.write(`${JSON.stringify([...simulator.addresses])}\n`);
