import { createServer, connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A wire to another port that can be made to lose what it carries. */
export interface BadWire {
  readonly endpoint: string;
  /** From the next bytes of a client on: they arrive, and the answer is lost with the connection. */
  loseAnswers(): void;
  /** From the next bytes of a client on: they are kept, and the client hears nothing. */
  hold(): void;
  /** What was kept first arrives now; answers how many bytes. */
  release(): number;
}

type Mood = "well" | "losing" | "holding";

/** Listens on a port that the system chose. */
export async function aBadWire(to: string): Promise<BadWire> {
  const { port, hostname } = new URL(to);
  let mood: Mood = "well";
  const held: { readonly up: Socket; readonly bytes: Buffer }[] = [];
  const open = new Set<Socket>();
  const server = createServer((down) => {
    const up = connect(Number(port), hostname);
    for (const socket of [down, up]) {
      open.add(socket);
      socket.on("error", () => undefined);
    }
    let isLost = false;
    down.on("data", (bytes) => {
      if (mood === "holding") held.push({ up, bytes });
      else {
        isLost ||= mood === "losing";
        up.write(bytes);
      }
    });
    up.on("data", (bytes) => {
      if (!isLost && mood !== "holding") down.write(bytes);
      else if (isLost) {
        // Heard, and not passed on.
        down.destroy();
      }
    });
    up.on("close", () => down.destroy());
    down.on("close", () => {
      if (mood !== "holding") up.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const mine = typeof address === "object" && address !== null ? address.port : 0;
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${mine}`,
    loseAnswers: () => (mood = "losing"),
    hold: () => (mood = "holding"),
    release: () => {
      const [first] = held;
      mood = "well";
      if (first === undefined) return 0;
      first.up.write(first.bytes);
      return first.bytes.length;
    },
  };
}
