import { madeUpMachines } from "../../drivers/simulator/machines-for.ts";
import { startSimulator } from "../../drivers/simulator/start-simulator.ts";

// BMCs for a benchmark: as many as asked for, one port each; their addresses as one line of JSON. `ipmi`: those of IPMI.
const [count = "1", face] = process.argv.slice(2);
const simulator = await startSimulator({
  password: "calvin",
  machines: madeUpMachines(Number(count)),
  layout: face === "ipmi" ? "one-port" : "port-per-bmc",
  ...(face === "ipmi" ? { ipmi: {} } : {}),
});
const addresses = face === "ipmi" ? simulator.ipmiAddresses : simulator.addresses;
process.stdout.write(`${JSON.stringify([...addresses])}\n`);
