import { type Failure, failure, fail, ok } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { SettingsFinding } from "../../schemas/interface-answer.ts";
import type { Driver, HardwareType, VendorMethod } from "../driver.ts";

/**
 * A hardware type of a package behind its own schema: what `properties` refuses is a finding, and what its code
 * throws is a Failure (IW-D02), so that a bug of one package stops its own nodes and no others.
 */
export function guardType(type: HardwareType): HardwareType {
  const { name, properties, offer, observes, performs, vendor, consoles } = type;
  return {
    name,
    properties,
    offer,
    observes,
    performs,
    ...(vendor === undefined ? {} : { vendor: vendor.map(guardMethod) }),
    ...(consoles === undefined ? {} : { consoles }),
    validate: (node) => findingsOf(type, node),
    open: (ports) => guardDriver(type.name, type.open(ports), () => ports.clock.now()),
  };
}

/** What can't be said can't be looked for: then its effect is one that nobody can see. */
function guardMethod(method: VendorMethod): VendorMethod {
  const { after } = method;
  if (after === undefined) return method;
  return {
    ...method,
    after(args) {
      try {
        return after(args);
      } catch {
        return {};
      }
    },
  };
}

function findingsOf(type: HardwareType, node: FleetNode): readonly SettingsFinding[] {
  const parsed = type.properties.safeParse(node.spec);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      path: path.map((key) => `/${String(key)}`).join(""),
      message: `${path.map(String).join(".")}: ${message}; see: ironwright schema driver ${type.name}`,
    }));
  }
  try {
    return type.validate(node);
  } catch (error) {
    return [{ path: "/driver", message: broken(type.name, "validate", error).message }];
  }
}

function guardDriver(name: string, driver: Driver, now: () => number): Driver {
  return {
    async observe(node, facets, signal) {
      try {
        return await driver.observe(node, facets, signal);
      } catch (error) {
        const why = broken(name, "observe", error);
        const at = now();
        const unknown = facets.map((facet) => [facet, { known: false, at, why }] as const);
        return {
          node: node.name,
          at,
          facets: Object.fromEntries(unknown),
          capabilities: {},
          transport: null,
          unreachable: why,
        };
      }
    },
    async perform(node, action, context) {
      try {
        return await driver.perform(node, action, context);
      } catch (error) {
        // It may have thrown after it sent: only looking tells.
        return {
          sent: "unknown",
          failure: { ...broken(name, "perform", error), kind: "ambiguous" },
        };
      }
    },
    async readVendor(node, call, signal) {
      try {
        const answered = await driver.readVendor?.(node, call, signal);
        if (answered?.ok !== true)
          return answered ?? fail(broken(name, "readVendor", "it has none"));
        // What can't be written as JSON is found here, and not where it is printed.
        const value: unknown = JSON.parse(JSON.stringify(answered.value) ?? "null");
        return ok(value);
      } catch (error) {
        return fail(broken(name, "readVendor", error));
      }
    },
    async openConsole(node, how) {
      try {
        const none = {
          kind: "failed",
          failure: broken(name, "openConsole", "it has none"),
        } as const;
        return (await driver.openConsole?.(node, how)) ?? none;
      } catch (error) {
        return { kind: "failed", failure: broken(name, "openConsole", error) };
      }
    },
    async close() {
      // What it leaves open ends with the process.
      await driver.close().catch(() => undefined);
    },
  };
}

function broken(type: string, verb: string, error: unknown): Failure {
  const cause = error instanceof Error ? error.message : String(error);
  const message = `the driver of hardware type ${type} threw in ${verb}(), which it must not; tell its authors`;
  return failure("stalled", "IW-D02", message, cause);
}
