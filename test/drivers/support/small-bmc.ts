import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Hardware } from "../../../drivers/simulator/hardware.ts";
import {
  hardwareLinks,
  hardwareResource,
  type ShownHardware,
  updateResource,
} from "../../../drivers/simulator/hardware-resources.ts";
import { Subscriptions } from "../../../drivers/simulator/subscriptions.ts";
import { isObject } from "../../../drivers/net/read-json.ts";
import { objectAt, textAt } from "../../../drivers/redfish/resource.ts";

/** What a small BMC does wrong, request by request: answers true when it has dealt with the request. */
export type Misbehave = (request: SeenRequest, response: ServerResponse) => boolean;

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
  readonly socket: Socket;
}

interface SmallSystem {
  power: string;
  target: string;
  enabled: string;
  mode: string;
  secureBoot: boolean;
  led: string;
  serial: string;
  revision: number;
}

export interface SmallBmcOptions {
  readonly systems?: number;
  readonly username?: string;
  readonly password?: string;
  /** Default: sessions. */
  readonly sessions?: boolean;
  readonly sessionsMax?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly vendor?: string;
  readonly wantsEtag?: boolean;
  readonly resetTypes?: readonly string[] | "action-info" | "silent";
  readonly extra?: Record<string, unknown>;
  /** It has an EventService. */
  readonly events?: boolean;
  /** What its systems consist of; nothing is said of it when left out. */
  readonly hardware?: Hardware;
}

/** A Redfish service of a few resources, for driver tests: obedient unless `misbehave` says otherwise. */
export interface SmallBmc {
  readonly url: string;
  readonly port: number;
  readonly systems: SmallSystem[];
  /** Every request as `GET /path`. */
  readonly log: SeenRequest[];
  readonly sessions: Map<string, string>;
  misbehave: Misbehave;
  hardware: Hardware | undefined;
  logged(): string[];
  mutations(): string[];
  close(): Promise<void>;
}

export const SYSTEM_1 = "/redfish/v1/Systems/1";

export async function startSmallBmc(options: SmallBmcOptions = {}): Promise<SmallBmc> {
  const state = newState(options);
  const listener: RequestListener = (request, response) => {
    void take(state, request, response);
  };
  const server =
    options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const bmc = Object.assign(state.bmc, {
    port,
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  return bmc;
}

async function take(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const seen: SeenRequest = {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body: await readBody(request),
    socket: request.socket,
  };
  state.bmc.log.push(seen);
  if (!state.bmc.misbehave(seen, response)) answer(state, seen, response);
}

interface State {
  readonly options: SmallBmcOptions;
  readonly bmc: SmallBmc;
  readonly subscriptions: Subscriptions;
  made: number;
}

function newState(options: SmallBmcOptions): State {
  const systems = Array.from({ length: options.systems ?? 1 }, (_, index) => ({
    power: "Off",
    target: "None",
    enabled: "Disabled",
    mode: "UEFI",
    secureBoot: false,
    led: "Off",
    serial: `SN${index + 1}`,
    revision: 1,
  }));
  const log: SeenRequest[] = [];
  const bmc: SmallBmc = {
    url: "",
    port: 0,
    systems,
    log,
    sessions: new Map(),
    misbehave: () => false,
    hardware: options.hardware,
    logged: () => log.map((seen) => `${seen.method} ${seen.path}`),
    mutations: () =>
      log
        .filter((seen) => seen.method !== "GET" && !seen.path.includes("/Sessions"))
        .map((seen) => `${seen.method} ${seen.path} ${JSON.stringify(seen.body)}`),
    close: () => Promise.resolve(),
  };
  return { options, bmc, subscriptions: new Subscriptions(), made: 0 };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString();
  return text === "" ? null : JSON.parse(text);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === null ? "" : JSON.stringify(body));
}

export function redfishError(id: string, message = "no"): unknown {
  return {
    error: {
      code: `Base.1.8.${id}`,
      message,
      "@Message.ExtendedInfo": [{ MessageId: `Base.1.8.${id}`, Message: message }],
    },
  };
}

function allowed(state: State, seen: SeenRequest): boolean {
  const { username, password } = state.options;
  if (username === undefined) return true;
  const token = seen.headers["x-auth-token"];
  if (typeof token === "string") return [...state.bmc.sessions.values()].includes(token);
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return seen.headers.authorization === basic;
}

function elsewhere(
  { subscriptions, options }: State,
  { method, path, body }: SeenRequest,
  response: ServerResponse,
): void {
  if (options.events !== true || !subscriptions.owns(path))
    return sendJson(response, 404, redfishError("ResourceMissingAtURI"));
  const asking = { body: isObject(body) ? body : {}, ignores: false };
  const answered =
    method === "GET" ? subscriptions.read(path) : subscriptions.write(method, path, asking).answer;
  sendJson(response, answered.status, answered.body ?? null, { ...answered.headers });
}

const SESSIONS = "/redfish/v1/SessionService/Sessions";

function answer(state: State, seen: SeenRequest, response: ServerResponse): void {
  const { method, path } = seen;
  if (path === "/redfish/v1/" && method === "GET") return sendJson(response, 200, root(state));
  if (path === SESSIONS && method === "POST") return login(state, seen, response);
  if (!allowed(state, seen)) {
    return sendJson(response, 401, redfishError("NoValidSession"));
  }
  if (path.startsWith(`${SESSIONS}/`)) return session(state, seen, response);
  if (path === "/redfish/v1/Systems") {
    const members = state.bmc.systems.map((_, index) => ({
      "@odata.id": `/redfish/v1/Systems/${index + 1}`,
    }));
    return sendJson(response, 200, { Members: members });
  }
  if (path === "/redfish/v1/Managers/1") {
    return sendJson(response, 200, { FirmwareVersion: "1.2.3" });
  }
  const update = updateResource(path, shownOf(state, "1"));
  if (update !== null) return sendJson(response, 200, update);
  const match = /^\/redfish\/v1\/Systems\/(\d+)(\/.*)?$/.exec(path);
  const system = state.bmc.systems[Number(match?.[1] ?? 0) - 1];
  if (system === undefined) return elsewhere(state, seen, response);
  onSystem(state, { seen, system, below: match?.[2] ?? "" }, response);
}

function root(state: State): unknown {
  return {
    "@odata.id": "/redfish/v1/",
    RedfishVersion: "1.8.0",
    ...(state.options.vendor === undefined ? {} : { Vendor: state.options.vendor }),
    Systems: { "@odata.id": "/redfish/v1/Systems" },
    ...(state.bmc.hardware === undefined
      ? {}
      : { UpdateService: { "@odata.id": "/redfish/v1/UpdateService" } }),
    ...(state.options.events === true
      ? { EventService: { "@odata.id": "/redfish/v1/EventService" } }
      : {}),
    ...(state.options.sessions === false ? {} : { Links: { Sessions: { "@odata.id": SESSIONS } } }),
  };
}

function login(state: State, seen: SeenRequest, response: ServerResponse): void {
  const body = isObject(seen.body) ? seen.body : {};
  const { username, password } = state.options;
  if (body["UserName"] !== username || body["Password"] !== password) {
    return sendJson(response, 401, redfishError("ResourceAtUriUnauthorized"));
  }
  if (state.bmc.sessions.size >= (state.options.sessionsMax ?? 8)) {
    return sendJson(response, 503, redfishError("SessionLimitExceeded"));
  }
  state.made += 1;
  const uri = `${SESSIONS}/${state.made}`;
  state.bmc.sessions.set(uri, `token-${state.made}`);
  sendJson(
    response,
    201,
    { "@odata.id": uri },
    { location: uri, "x-auth-token": `token-${state.made}` },
  );
}

function session(state: State, seen: SeenRequest, response: ServerResponse): void {
  if (!state.bmc.sessions.has(seen.path)) return sendJson(response, 404, redfishError("Missing"));
  if (seen.method === "DELETE") {
    state.bmc.sessions.delete(seen.path);
    response.writeHead(204).end();
  } else sendJson(response, 200, { "@odata.id": seen.path });
}

interface OnSystem {
  readonly seen: SeenRequest;
  readonly system: SmallSystem;
  readonly below: string;
}

function onSystem(state: State, at: OnSystem, response: ServerResponse): void {
  const { seen, system, below } = at;
  const etag = `"${system.revision}"`;
  const path = seen.path.slice(0, seen.path.length - below.length);
  if (seen.method === "GET") {
    const body = readable(state, at, path);
    if (body === undefined) return sendJson(response, 404, redfishError("ResourceMissingAtURI"));
    return sendJson(response, 200, body, below === "" ? { etag } : {});
  }
  const unmet = state.options.wantsEtag === true ? unmetCondition(seen, etag) : null;
  if (unmet !== null) return sendJson(response, unmet, null);
  change(system, isObject(seen.body) ? seen.body : {});
  response.writeHead(204).end();
}

/** What a system answers to a GET below its path; undefined where nothing is there. */
function readable(state: State, { system, below }: OnSystem, path: string): unknown {
  const bodies: Readonly<Record<string, () => unknown>> = {
    "": () => systemBody(state, system, path),
    "/SecureBoot": () => ({
      SecureBootEnable: system.secureBoot,
      SecureBootCurrentBoot: system.secureBoot ? "Enabled" : "Disabled",
    }),
    "/ResetActionInfo": () => ({
      Parameters: [{ Name: "ResetType", AllowableValues: ["On", "ForceOff"] }],
    }),
    "/Bios": () => ({ Attributes: { Turbo: "On", Cores: 8, Deep: { a: 1 } } }),
  };
  const [shown] = shownOf(state, path.split("/").at(-1) ?? "");
  const part = shown === undefined ? null : hardwareResource(shown, below.split("/").slice(1));
  return bodies[below]?.() ?? part?.body;
}

function shownOf(state: State, name: string): readonly ShownHardware[] {
  const { hardware } = state.bmc;
  return hardware === undefined ? [] : [{ name, hardware, lit: new Set() }];
}

function unmetCondition(seen: SeenRequest, etag: string): number | null {
  if (seen.method !== "PATCH") return null;
  if (seen.headers["if-match"] === undefined) return 428;
  return seen.headers["if-match"] === etag ? null : 412;
}

function change(system: SmallSystem, body: Readonly<Record<string, unknown>>): void {
  system.revision += 1;
  const boot = objectAt(body, "Boot");
  system.target = textAt(boot, "BootSourceOverrideTarget") ?? system.target;
  system.enabled = textAt(boot, "BootSourceOverrideEnabled") ?? system.enabled;
  system.mode = textAt(boot, "BootSourceOverrideMode") ?? system.mode;
  if (typeof body["SecureBootEnable"] === "boolean") system.secureBoot = body["SecureBootEnable"];
  system.led = textAt(body, "IndicatorLED") ?? system.led;
  if (body["ResetType"] === "On" || body["ResetType"] === "ForceOn") system.power = "On";
  if (body["ResetType"] === "ForceOff" || body["ResetType"] === "GracefulShutdown") {
    system.power = "Off";
  }
}

function systemBody(state: State, system: SmallSystem, path: string): unknown {
  const types = state.options.resetTypes ?? [
    "On",
    "ForceOff",
    "GracefulShutdown",
    "PushPowerButton",
  ];
  return {
    "@odata.id": path,
    Manufacturer: "Contoso",
    Model: "3500RX",
    SerialNumber: system.serial,
    SKU: `TAG-${system.serial}`,
    UUID: `38947555-7742-3448-3784-82334782383${system.serial.slice(-1)}`,
    PowerState: system.power,
    IndicatorLED: system.led,
    Boot: {
      BootSourceOverrideTarget: system.target,
      BootSourceOverrideEnabled: system.enabled,
      BootSourceOverrideMode: system.mode,
      "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd", "Cd", "UsbCd"],
      "BootSourceOverrideMode@Redfish.AllowableValues": ["UEFI", "Legacy"],
    },
    SecureBoot: { "@odata.id": `${path}/SecureBoot` },
    Bios: { "@odata.id": `${path}/Bios` },
    Links: { ManagedBy: [{ "@odata.id": "/redfish/v1/Managers/1" }] },
    Actions: {
      "#ComputerSystem.Reset": {
        target: `${path}/Actions/ComputerSystem.Reset`,
        ...(types === "action-info"
          ? { "@Redfish.ActionInfo": `${path}/ResetActionInfo` }
          : types === "silent"
            ? {}
            : { "ResetType@Redfish.AllowableValues": types }),
      },
    },
    ...shownOf(state, path.split("/").at(-1) ?? "").map(hardwareLinks)[0],
    ...state.options.extra,
  };
}
