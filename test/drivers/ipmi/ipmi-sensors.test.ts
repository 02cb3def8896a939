import { expect, it, onTestFinished } from "vitest";
import { encodeFullSensor, type FullSensor } from "../../../drivers/ipmi/packets/sdr.ts";
import { ipmiRig, type IpmiRig } from "./support/ipmi-rig.ts";

const CALL = { method: "get_sensors", args: {} };

function sensor(id: number, change: Partial<FullSensor>): Buffer {
  return encodeFullSensor({
    id,
    owner: 0x20,
    lun: 0,
    number: id,
    sensorType: 1,
    unit: 1,
    isPercent: false,
    formula: {
      format: "unsigned",
      m: 1,
      b: 0,
      bExponent: 0,
      rExponent: 0,
      linearization: 0,
    },
    name: `Sensor ${id}`,
    ...change,
  });
}

async function rigOf(): Promise<IpmiRig> {
  const rig = await ipmiRig();
  onTestFinished(() => rig.close());
  rig.bmc.sdrs = [
    sensor(1, { name: "CPU Temp" }),
    // A record of another kind, and a sensor of another controller.
    Buffer.from("0200511203aabbcc", "hex"),
    sensor(3, { name: "Blade", owner: 0x30 }),
    sensor(4, { name: "Fan 1", sensorType: 4, unit: 18 }),
    sensor(5, { name: "Not fitted" }),
    sensor(6, { name: "Duty", sensorType: 0xc0, unit: 0, isPercent: true }),
  ];
  rig.bmc.readings = new Map([
    [1, 47],
    [4, null],
    [6, 30],
  ]);
  return rig;
}

it("get_sensors shows each sensor of the BMC with name, type, reading and unit", async () => {
  const rig = await rigOf();
  expect(await rig.driver.readVendor(rig.node, CALL)).toEqual({
    ok: true,
    value: [
      { name: "CPU Temp", type: "temperature", reading: 47, unit: "degrees C" },
      { name: "Fan 1", type: "fan", reading: null, unit: "RPM" },
      { name: "Not fitted", type: "temperature", reading: null, unit: "degrees C" },
      { name: "Duty", type: "sensor type c0h", reading: 30, unit: "percent" },
    ],
  });
});

it.each([0xd5, 0xcc, 0xcd, 0xff])(
  "a sensor that is answered by %i reads nothing, and the others go on",
  async (completion) => {
    const rig = await rigOf();
    rig.bmc.misbehave = ({ netFn, data }) =>
      netFn === 0x04 && data[0] === 1 ? { completion } : undefined;
    const read = await rig.driver.readVendor(rig.node, CALL);
    expect(read).toMatchObject({ ok: true, value: [{ reading: null }, {}, {}, { reading: 30 }] });
  },
);

it("a repository that changes meanwhile is read anew, and not for ever", async () => {
  const rig = await rigOf();
  let count = 0;
  rig.bmc.misbehave = ({ netFn, command }) => {
    if (netFn === 0x0a && command === 0x23) count += 1;
    if (count === 7) rig.bmc.sdrReservation += 1;
    return undefined;
  };
  expect(await rig.driver.readVendor(rig.node, CALL)).toMatchObject({ ok: true });
  rig.bmc.misbehave = ({ command }) => (command === 0x23 ? { completion: 0xc5 } : undefined);
  expect(await rig.driver.readVendor(rig.node, CALL)).toMatchObject({
    ok: false,
    failure: { cause: "completion code C5h" },
  });
});

it("records that lead in a circle come to an end", async () => {
  const rig = await rigOf();
  rig.bmc.sdrs = [sensor(1, {}), sensor(2, {}), sensor(1, {})];
  const read = await rig.driver.readVendor(rig.node, CALL);
  expect(read.ok).toBe(true);
});
