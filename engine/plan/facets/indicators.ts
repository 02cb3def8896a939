import {
  INDICATOR_COMPONENTS,
  type IndicatorComponent,
  indicatorName,
  type IndicatorReading,
  type Indicators,
  type IndicatorState,
} from "../../../schemas/indicators.ts";
import { known } from "../../../schemas/observation.ts";
import {
  type Difference,
  type Facet,
  RANKS,
  unknownToOthers,
  unsupported,
  whyUnknown,
} from "./facet.ts";

/** One light as git wants it. */
interface Wish {
  readonly component: IndicatorComponent;
  /** Null for every light of the component. */
  readonly id: string | null;
  readonly state: IndicatorState;
}

type Seen = Readonly<Record<string, IndicatorReading>>;

/** The lights that people find a machine by. They say nothing of what runs, so that no state of the node suspends them. */
export const indicatorsFacet: Facet = {
  name: "indicators",
  observes: ["indicators"],
  driftDefault: () => "enforce",
  value: (observation) => known(observation, "indicators"),

  compare({ node, observation }) {
    const wishes = wishesOf(node.spec.indicators ?? {});
    if (wishes.length === 0) return { kind: "undeclared" };
    const desired = node.spec.indicators;
    const seen = known(observation, "indicators");
    if (seen === undefined)
      return { kind: "unknown", desired, why: whyUnknown(observation, "indicators") };
    const differences = wishes.flatMap((wish) => differencesOf(wish, seen));
    if (differences.length === 0) return { kind: "same", desired };
    return { kind: "differs", desired, differences };
  },

  close(view, { path, desired, observed }) {
    const { observation, settings } = view;
    const unknown = unknownToOthers(view, "management.setIndicator");
    if (unknown !== null) return { kind: "blocked", blocked: unknown };
    const { component, id } = atPath(path);
    const seen = known(observation, "indicators") ?? {};
    const name = indicatorName(component, id ?? "");
    const light = id === null ? undefined : seen[name];
    if (id === null || light === undefined) return unsupported(noLight(component, id, seen));
    const state = light.states.find((one) => one === desired);
    if (state === undefined)
      return unsupported(
        `the indicator ${name} can't be set to ${String(desired)}; its BMC offers ${light.states.join(", ") || "only to read it"}`,
      );
    return {
      kind: "steps",
      drafts: [
        {
          action: { verb: "management.setIndicator", component, id, state },
          impact: "in-place",
          before: { [`indicators/${name}`]: observed },
          after: { [`indicators/${name}`]: state },
          timeoutSeconds: settings.timeouts.settingSeconds,
          why: `${name} ${state}`,
          rank: RANKS.bootDevice,
        },
      ],
    };
  },
};

function wishesOf(indicators: Indicators): readonly Wish[] {
  return INDICATOR_COMPONENTS.flatMap((component): readonly Wish[] => {
    const said = indicators[component];
    if (said === undefined) return [];
    if (typeof said === "string") return [{ component, id: null, state: said }];
    return Object.entries(said).map(([id, state]) => ({ component, id, state }));
  });
}

/** A light that is not there is a difference too: git wants it, and it is named. */
function differencesOf({ component, id, state }: Wish, seen: Seen): readonly Difference[] {
  const path = `/indicators/${component}`;
  const names = Object.keys(seen).filter(
    (name) => name.startsWith(`${component}/`) && seen[name]?.shared !== true,
  );
  const wanted = id === null ? names : [indicatorName(component, id)];
  if (wanted.length === 0) return [{ path, desired: state, observed: null }];
  return wanted.flatMap((name) => {
    const observed = seen[name]?.state ?? null;
    if (observed === state) return [];
    const below = name.slice(component.length + 1);
    return [
      {
        path: `${path}/${below.replaceAll("~", "~0").replaceAll("/", "~1")}`,
        desired: state,
        observed,
      },
    ];
  });
}

function atPath(path: string): {
  readonly component: IndicatorComponent;
  readonly id: string | null;
} {
  const [, , word = "", ...rest] = path.split("/");
  const component = INDICATOR_COMPONENTS.find((one) => one === word) ?? "system";
  const id = rest.length === 0 ? null : rest.join("/").replaceAll("~1", "/").replaceAll("~0", "~");
  return { component, id };
}

function noLight(component: IndicatorComponent, id: string | null, seen: Seen): string {
  const what = id === null ? `no indicator of its ${component}` : `no indicator ${component}/${id}`;
  const there = Object.keys(seen);
  return `its BMC offers ${what}${there.length === 0 ? "" : `; there are ${there.join(", ")}`}`;
}
