import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6, SocketAddress } from "node:net";
import { codeOf } from "../net/fault-table.ts";

/** Where datagrams go to and come from. */
export interface Peer {
  readonly ip: string;
  readonly port: number;
}

type Listener = (bytes: Buffer) => void;

/** Bytes that the kernel keeps while this process is busy: a thousand BMCs may answer within a few milliseconds. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/** The UDP sockets of all BMCs of a process: one for IPv4, one for IPv6, each opened when it is first needed. */
export class UdpHub {
  readonly #sockets = new Map<"udp4" | "udp6", Socket>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #count = 0;

  /** Sends in this turn of the event loop, once the socket is bound; `failed` is told a code where nothing left the host. */
  send({ ip, port }: Peer, bytes: Buffer, failed: (code: string) => void): void {
    this.#socketFor(ip).send(bytes, port, ip, (error) => {
      if (error !== null) failed(codeOf(error));
    });
  }

  /** Hears what comes from a peer, until the answered function is called. */
  listen(peer: Peer, listener: Listener): () => void {
    const key = keyOf(peer);
    const all = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, all.add(listener));
    this.#counted(1);
    return () => {
      if (!all.delete(listener)) return;
      if (all.size === 0 && this.#listeners.get(key) === all) this.#listeners.delete(key);
      this.#counted(-1);
    };
  }

  close(): void {
    const all = [...this.#sockets.values()];
    this.#sockets.clear();
    this.#listeners.clear();
    for (const socket of all) socket.close();
  }

  /** A process that waits for nobody's answer may end. */
  #counted(more: number): void {
    this.#count += more;
    for (const socket of this.#sockets.values()) this.#hold(socket);
  }

  #hold(socket: Socket): void {
    if (this.#count > 0) socket.ref();
    else socket.unref();
  }

  #socketFor(ip: string): Socket {
    const type = isIPv6(ip) ? "udp6" : "udp4";
    const known = this.#sockets.get(type);
    if (known !== undefined) return known;
    const socket = createSocket({
      type,
      recvBufferSize: RECEIVE_BYTES,
      // Addresses are resolved and judged already; a look-up here would send in a later turn.
      lookup: (host, _options, done) => {
        done(null, host, type === "udp6" ? 6 : 4);
      },
    });
    socket.on("message", (bytes, from) => this.#heard(bytes, from));
    // Who waits is told by silence; a socket that could not be bound is no socket, and the next send makes another.
    socket.on("error", () => {
      if (this.#sockets.get(type) === socket) this.#sockets.delete(type);
      socket.close();
    });
    this.#sockets.set(type, socket);
    this.#hold(socket);
    return socket;
  }

  #heard(bytes: Buffer, from: RemoteInfo): void {
    const all = this.#listeners.get(keyOf({ ip: from.address, port: from.port }));
    for (const listener of all ?? []) listener(bytes);
  }
}

/** An IPv6 address is written in many ways; datagrams come from the shortest one. */
export function plainIp(ip: string): string {
  const [address = ip, zone] = ip.split("%");
  if (!isIPv6(address)) return ip;
  const { address: shortest } = new SocketAddress({ address, family: "ipv6" });
  return zone === undefined ? shortest : `${shortest}%${zone}`;
}

function keyOf({ ip, port }: Peer): string {
  return `${ip} ${port}`;
}
