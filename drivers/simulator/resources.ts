import { type Machine, RESET_TYPES, type Shown } from "./machine.ts";

/** The Redfish resources of a simulated BMC, as DSP0268 has them; what a real one leaves out is left out. */
export type Json = Readonly<Record<string, unknown>>;

/** Where the service lives (DSP0266). */
export const V1 = "/redfish/v1";

/** What each property of Boot may be. */
export const BOOT_VALUES = {
  BootSourceOverrideTarget: ["None", "Pxe", "Hdd", "Cd", "BiosSetup", "UefiHttp", "Usb"],
  BootSourceOverrideMode: ["UEFI", "Legacy"],
  BootSourceOverrideEnabled: ["Disabled", "Once", "Continuous"],
} as const;

export function systemPath(name: string): string {
  return `${V1}/Systems/${name}`;
}

export function serviceRoot(uuid: string): Json {
  return {
    "@odata.type": "#ServiceRoot.v1_15_0.ServiceRoot",
    "@odata.id": `${V1}/`,
    Id: "RootService",
    Name: "Simulated Redfish service",
    RedfishVersion: "1.15.0",
    UUID: uuid,
    Vendor: "Ironwright",
    Product: "Simulated BMC",
    Systems: link(`${V1}/Systems`),
    Chassis: link(`${V1}/Chassis`),
    Managers: link(`${V1}/Managers`),
    SessionService: link(`${V1}/SessionService`),
    Tasks: link(`${V1}/TaskService`),
    UpdateService: link(`${V1}/UpdateService`),
    EventService: link(`${V1}/EventService`),
    Links: { Sessions: link(`${V1}/SessionService/Sessions`) },
  };
}

export function link(path: string): Json {
  return { "@odata.id": path };
}

export function collection(path: string, type: string, members: readonly string[]): Json {
  return {
    "@odata.type": `#${type}Collection.${type}Collection`,
    "@odata.id": path,
    Name: `${type} collection`,
    "Members@odata.count": members.length,
    Members: members.map(link),
  };
}

/** What of a system changes from one answer to the next. */
export interface SystemShown {
  readonly shown: Shown;
  readonly etag: string;
  /** Links and summaries of its hardware. */
  readonly hardware: Json;
}

export function system(machine: Machine, { shown, etag, hardware }: SystemShown): Json {
  const { spec, identity } = machine;
  const path = systemPath(spec.name);
  return {
    "@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem",
    "@odata.id": path,
    "@odata.etag": etag,
    Id: spec.name,
    Name: spec.name,
    SystemType: "Physical",
    Manufacturer: identity.manufacturer,
    Model: spec.model,
    SerialNumber: identity.serial,
    UUID: identity.uuid,
    LocationIndicatorActive: (machine.lights.get(path) ?? "Off") !== "Off",
    PowerState: shown.power,
    Status: { State: shown.power === "Off" ? "Disabled" : "Enabled", Health: "OK" },
    ...(machine.lastReset === null
      ? {}
      : { LastResetTime: new Date(machine.lastReset).toISOString() }),
    Boot: {
      BootSourceOverrideEnabled: shown.boot.enabled,
      BootSourceOverrideTarget: shown.boot.target,
      BootSourceOverrideMode: shown.boot.mode,
      ...Object.fromEntries(
        Object.entries(BOOT_VALUES).map(([name, values]) => [
          `${name}@Redfish.AllowableValues`,
          values,
        ]),
      ),
    },
    ...hardware,
    SecureBoot: link(`${path}/SecureBoot`),
    Bios: link(`${path}/Bios`),
    LogServices: link(`${path}/LogServices`),
    Links: {
      Chassis: [link(`${V1}/Chassis/${spec.name}`)],
      ManagedBy: [link(`${V1}/Managers/BMC`)],
    },
    Actions: {
      "#ComputerSystem.Reset": {
        target: `${path}/Actions/ComputerSystem.Reset`,
        "ResetType@Redfish.AllowableValues": RESET_TYPES,
      },
    },
  };
}

export function secureBoot(machine: Machine, shown: Shown, etag: string): Json {
  const path = `${systemPath(machine.spec.name)}/SecureBoot`;
  return {
    "@odata.type": "#SecureBoot.v1_1_0.SecureBoot",
    "@odata.id": path,
    "@odata.etag": etag,
    Id: "SecureBoot",
    Name: "UEFI Secure Boot",
    SecureBootEnable: shown.secureBoot,
    SecureBootCurrentBoot: machine.secureBoot.current ? "Enabled" : "Disabled",
    SecureBootMode: "UserMode",
  };
}

export function bios(machine: Machine, pending: boolean): Json {
  const path = `${systemPath(machine.spec.name)}/Bios`;
  return {
    "@odata.type": "#Bios.v1_2_0.Bios",
    "@odata.id": pending ? `${path}/Settings` : path,
    Id: pending ? "Settings" : "Bios",
    Name: pending ? "BIOS settings for the next power-on" : "BIOS settings",
    Attributes: pending ? machine.biosPending : machine.bios,
    ...(pending
      ? {}
      : {
          "@Redfish.Settings": {
            "@odata.type": "#Settings.v1_3_5.Settings",
            SettingsObject: link(`${path}/Settings`),
            SupportedApplyTimes: ["OnReset"],
          },
        }),
  };
}

export function logServices(name: string): Json {
  const path = `${systemPath(name)}/LogServices`;
  return collection(path, "LogService", [`${path}/SEL`]);
}

export function logService(name: string): Json {
  const path = `${systemPath(name)}/LogServices/SEL`;
  return {
    "@odata.type": "#LogService.v1_4_0.LogService",
    "@odata.id": path,
    Id: "SEL",
    Name: "System event log",
    Entries: link(`${path}/Entries`),
  };
}

/** Newest first, as most BMCs have it. */
export function logEntries(machine: Machine): Json {
  const path = `${systemPath(machine.spec.name)}/LogServices/SEL/Entries`;
  const members = machine.log.toReversed().map(({ at, message }, index) => ({
    "@odata.id": `${path}/${machine.log.length - index}`,
    "@odata.type": "#LogEntry.v1_15_0.LogEntry",
    Id: String(machine.log.length - index),
    Name: "Log entry",
    EntryType: "SEL",
    Severity: "OK",
    Created: new Date(at).toISOString(),
    Message: message,
  }));
  return {
    ...collection(path, "LogEntry", []),
    "Members@odata.count": members.length,
    Members: members,
  };
}

export function chassis(machine: Machine): Json {
  const { spec, identity } = machine;
  return {
    "@odata.type": "#Chassis.v1_23_0.Chassis",
    "@odata.id": `${V1}/Chassis/${spec.name}`,
    Id: spec.name,
    Name: `Chassis of ${spec.name}`,
    ChassisType: "RackMount",
    IndicatorLED: machine.lights.get(`${V1}/Chassis/${spec.name}`) ?? "Off",
    Manufacturer: identity.manufacturer,
    Model: spec.model,
    SerialNumber: identity.serial,
    Links: {
      ComputerSystems: [link(systemPath(spec.name))],
      ManagedBy: [link(`${V1}/Managers/BMC`)],
    },
  };
}

/** Firmware of every simulated BMC. */
export const MANAGER_FIRMWARE = "1.0.0";

export function manager(machines: readonly Machine[]): Json {
  return {
    "@odata.type": "#Manager.v1_18_0.Manager",
    "@odata.id": `${V1}/Managers/BMC`,
    Id: "BMC",
    Name: "Simulated BMC",
    ManagerType: "BMC",
    FirmwareVersion: MANAGER_FIRMWARE,
    Model: "Simulated BMC",
    UUID: "5d3c1e0a-0000-4000-8000-00000000b3c0",
    Status: { State: "Enabled", Health: "OK" },
    Links: {
      ManagerForServers: machines.map(({ spec }) => link(systemPath(spec.name))),
      ManagerForChassis: machines.map(({ spec }) => link(`${V1}/Chassis/${spec.name}`)),
    },
  };
}

export function sessionService(timeoutMs: number): Json {
  return {
    "@odata.type": "#SessionService.v1_1_8.SessionService",
    "@odata.id": `${V1}/SessionService`,
    Id: "SessionService",
    Name: "Session service",
    ServiceEnabled: true,
    SessionTimeout: Math.round(timeoutMs / 1000),
    Sessions: link(`${V1}/SessionService/Sessions`),
  };
}

export function session(id: string, user: string): Json {
  return {
    "@odata.type": "#Session.v1_6_0.Session",
    "@odata.id": `${V1}/SessionService/Sessions/${id}`,
    Id: id,
    Name: "User session",
    UserName: user,
  };
}

export function taskService(): Json {
  return {
    "@odata.type": "#TaskService.v1_2_0.TaskService",
    "@odata.id": `${V1}/TaskService`,
    Id: "TaskService",
    Name: "Tasks",
    Tasks: link(`${V1}/TaskService/Tasks`),
  };
}

/** A task as its BMC shows it. */
export interface TaskShown {
  readonly id: string;
  readonly state: "Running" | "Completed";
}

export function taskPath(id: string): string {
  return `${V1}/TaskService/Tasks/${id}`;
}

export function task({ id, state }: TaskShown): Json {
  return {
    "@odata.type": "#Task.v1_7_3.Task",
    "@odata.id": taskPath(id),
    Id: id,
    Name: "Firmware update",
    TaskState: state,
    TaskStatus: "OK",
    PercentComplete: state === "Completed" ? 100 : 40,
  };
}

/** DSP0266 error response with a message of the Base registry. */
export function errorBody(id: string, message: string): Json {
  return {
    error: {
      code: `Base.1.15.${id}`,
      message,
      "@Message.ExtendedInfo": [
        {
          "@odata.type": "#Message.v1_1_2.Message",
          MessageId: `Base.1.15.${id}`,
          Message: message,
          Severity: "Critical",
          Resolution: "See the message.",
        },
      ],
    },
  };
}
