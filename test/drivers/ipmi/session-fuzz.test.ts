import { expect, it, onTestFinished } from "vitest";
import { Session15, Session20 } from "../../../drivers/ipmi/live-session.ts";
import { CIPHER_SUITES } from "../../../drivers/ipmi/packets/algorithms.ts";
import { decodeDatagram, ipmiDatagram } from "../../../drivers/ipmi/packets/datagram.ts";
import { sessionKeys } from "../../../drivers/ipmi/packets/rakp-keys.ts";
import { encodeSession15 } from "../../../drivers/ipmi/packets/session15.ts";
import { sealSession20 } from "../../../drivers/ipmi/packets/session20.ts";
import { known } from "../../../schemas/observation.ts";
import { COUNT, FUZZ_MS, GROWTH_MAX, mutated, randomOf, SEED } from "./packets/fuzzing.ts";
import { ipmiRig } from "./support/ipmi-rig.ts";

const PASSWORD = Buffer.from("calvin");
const keys = sessionKeys(CIPHER_SUITES[0]!, Buffer.alloc(32, 3));
const payload = Buffer.from("811c63200401000021100040", "hex");

it(
  `sessions take none of ${COUNT} random and mutated packets, and still take the true one`,
  { timeout: FUZZ_MS },
  () => {
    const random = randomOf(SEED);
    const two = new Session20({ bmcId: 1, consoleId: 2 }, keys);
    const old = new Session15(
      { id: 5, authType: "md5", isPerMessageAuthOff: false, inbound: 1, outbound: 10 },
      PASSWORD,
    );
    const packet20 = { type: "ipmi", sessionId: 2, sequence: 3, payload } as const;
    const packet15 = { authType: "md5", sessionId: 5, sequence: 12, payload } as const;
    const true20 = ipmiDatagram(sealSession20(packet20, keys, Buffer.alloc(16, 1)));
    const true15 = ipmiDatagram(encodeSession15(packet15, PASSWORD));
    // RMCP's own header is under no code: another number there changes nothing of a packet.
    const isTrue = (bytes: Buffer): boolean =>
      [true20, true15].some((one) => one.subarray(4).equals(bytes.subarray(4)));
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < COUNT; at += 1) {
      const bytes = mutated(random, [true20, true15]);
      const datagram = decodeDatagram(bytes);
      if (!datagram.ok || isTrue(bytes)) continue;
      const taken = [two, old].filter((session) => "payload" in session.unseal(datagram.value));
      expect(taken.length, `packet ${at} of SEED=${SEED}: ${bytes.toString("hex")}`).toBe(
        isSame15(bytes) ? taken.length : 0,
      );
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(GROWTH_MAX);
    const read = decodeDatagram(true20);
    expect(read.ok && two.unseal(read.value)).toEqual({ payload });
    expect(read.ok && two.unseal(read.value), "the same again").toMatchObject({
      drop: { kind: "late" },
    });
  },
);

/** Nor does a pad behind it. */
function isSame15(bytes: Buffer): boolean {
  const read = decodeDatagram(bytes);
  return read.ok && read.value.kind === "ipmi15" && read.value.session.payload.equals(payload);
}

it("a BMC that sends mutated packets before each answer is read all the same", async () => {
  const rig = await ipmiRig();
  onTestFinished(() => rig.close());
  const random = randomOf(SEED);
  // Packets of a login are signed by nobody: what is changed there is another login.
  await rig.driver.observe(rig.node, ["power"]);
  rig.bmc.reply = (bytes, request) => [
    ...Array.from({ length: 5 }, () => mutated(random, [bytes, request])),
    bytes,
  ];
  for (let count = 0; count < 200; count += 1) {
    rig.bmc.isOn = random() < 0.5;
    const seen = await rig.driver.observe(rig.node, ["power"]);
    expect(known(seen, "power"), `read ${count} of SEED=${SEED}`).toBe(rig.bmc.isOn ? "on" : "off");
  }
});
