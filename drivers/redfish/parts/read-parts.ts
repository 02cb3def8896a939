import type { Cpu, Nic } from "../../../schemas/machine-inventory.ts";
import type { JsonObject } from "../../net/read-json.ts";
import { linkAt, objectAt, textAt } from "../resource.ts";
import { countAt, nameOf, type PartSource, saidAt, wordAt } from "./part-source.ts";

/** Processors of one machine, accelerators counted in. */
const PROCESSORS_MAX = 64;

/** Network interfaces of one machine, virtual functions counted in. */
const NICS_MAX = 128;

/** DSP0268 Processor.InstructionSet, as `uname -m` has it. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  "x86-64": "x86_64",
  x86: "i686",
  "ARM-A64": "aarch64",
};

const GIB_BYTES = 1024 ** 3;

/** The CPUs of a system, summed over its sockets; ProcessorSummary where the processors are not told. */
export async function readCpu(source: PartSource, system: JsonObject): Promise<Cpu> {
  const summary = objectAt(system, "ProcessorSummary");
  const parts = await source.members("processors", linkAt(system, "Processors"), PROCESSORS_MAX);
  const bodies = (parts ?? []).map(({ body }) => body);
  // One that could not be read may be a CPU: then no sum is known.
  const whole = parts !== null && !bodies.includes(null);
  const cpus = bodies.filter((body) => body !== null && isCpu(body));
  const told = whole && cpus.length > 0;
  const sum = (key: string): number | null =>
    told ? total(cpus.map((c) => countAt(c, key))) : null;
  const all = (values: readonly (string | null)[]): string | null =>
    [...new Set(values.filter((value) => value !== null))].join(", ") || null;
  return {
    socketCount: told ? cpus.length : countAt(summary, "Count"),
    coreCount: sum("TotalCores") ?? countAt(summary, "CoreCount"),
    threadCount: sum("TotalThreads") ?? countAt(summary, "LogicalProcessorCount"),
    model: all(cpus.map((cpu) => saidAt(cpu, "Model"))) ?? saidAt(summary, "Model"),
    architecture: all(cpus.map(architectureOf)),
  };
}

/** DSP0268 Processor.ProcessorType: GPUs and FPGAs are processors too. */
function isCpu(body: JsonObject): boolean {
  return (textAt(body, "ProcessorType") ?? "CPU") === "CPU";
}

function architectureOf(cpu: JsonObject | null): string | null {
  const word = wordAt(cpu, "InstructionSet");
  return word === null ? null : (ARCHITECTURES[word] ?? word);
}

/** Null where one of them is not known. */
function total(counts: readonly (number | null)[]): number | null {
  return counts.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}

/** Bytes of memory by DSP0268 MemorySummary; null where the BMC says none. */
export function readMemoryBytes(system: JsonObject): number | null {
  const gib = objectAt(system, "MemorySummary")["TotalSystemMemoryGiB"];
  if (typeof gib !== "number" || !Number.isFinite(gib) || gib <= 0) return null;
  return Math.round(gib * GIB_BYTES);
}

/** The network interfaces of a system. */
export async function readNics(
  source: PartSource,
  system: JsonObject,
): Promise<readonly Nic[] | null> {
  const path = linkAt(system, "EthernetInterfaces");
  const parts = await source.members("network interfaces", path, NICS_MAX);
  if (parts === null) return null;
  return parts.map((part) => ({
    // HPE calls every one of them "" or the same: the id is what tells them apart.
    name: nameOf(part, "Id"),
    mac: macOf(part.body),
    speedMbps: countAt(part.body, "SpeedMbps"),
    link: linkOf(part.body),
  }));
}

function macOf(body: JsonObject | null): string | null {
  const word = textAt(body, "MACAddress") ?? textAt(body, "PermanentMACAddress") ?? "";
  const mac = word.toLowerCase().replaceAll("-", ":");
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) && !/^(00|ff)(:\1){5}$/.test(mac) ? mac : null;
}

/** DSP0268 EthernetInterface.LinkStatus. */
function linkOf(body: JsonObject | null): Nic["link"] {
  const word = textAt(body, "LinkStatus");
  if (word === "LinkUp") return "up";
  return word === "LinkDown" || word === "NoLink" ? "down" : null;
}
