/** What a quirk makes the driver do differently. */
export const BEHAVIOURS = {
  "serial-from-sku":
    "the machine's serial number is System.SKU (the service tag), not SerialNumber",
  "boot-fields-together":
    "a boot override is written with target, enabled and mode together, or is refused",
  "boot-mode-kept":
    "writing a boot target flips the boot mode: the mode that is read is written along",
  "usb-cd": "the virtual CD is the target UsbCd where the BMC allows it",
} as const;
export type Behaviour = keyof typeof BEHAVIOURS;

/** One fact about some machines. Every pattern that is given must match, letters' case aside. */
export interface Quirk {
  readonly id: string;
  /** Regular expressions over what the BMC says of itself. */
  readonly match: {
    readonly vendor?: string | undefined;
    readonly model?: string | undefined;
    readonly firmware?: string | undefined;
  };
  readonly not?: { readonly model: string } | undefined;
  readonly behaviours: readonly Behaviour[];
  /** What was seen. */
  readonly fact: string;
  /** Who saw it. */
  readonly source: string;
}

/** Facts about machines that differ from the standard. A new one is a new row, with its source. */
export const QUIRKS: readonly Quirk[] = [
  {
    id: "dell-service-tag",
    match: { vendor: "^dell" },
    behaviours: ["serial-from-sku"],
    fact: "SerialNumber is the board's; the service tag that people know is SKU",
    source: "OpenStack sushy, OEM extension for Dell",
  },
  {
    id: "ami-whole-boot",
    match: { vendor: "^(ami|american megatrends|asrockrack|redfish_compatible)" },
    behaviours: ["boot-fields-together"],
    fact: "a PATCH of Boot is refused unless it names target, enabled and mode",
    source: "OpenStack Ironic, redfish management interface",
  },
  {
    id: "supermicro-boot-mode",
    match: { vendor: "^super ?micro" },
    behaviours: ["boot-fields-together", "boot-mode-kept"],
    fact: "setting the boot target flips the boot mode; Enabled must always be sent",
    source: "OpenStack Ironic, redfish management interface",
  },
  {
    id: "supermicro-usb-cd",
    match: { vendor: "^super ?micro", model: "x1[12]" },
    not: { model: "ARS-111GL-NHR" },
    behaviours: ["usb-cd"],
    fact: "X11 and X12 boot the inserted virtual CD as UsbCd",
    source: "OpenStack sushy, ComputerSystem boot",
  },
];

/** What a BMC says of itself, as far as it does. */
export interface Make {
  readonly vendor?: string | undefined;
  readonly model?: string | undefined;
  readonly firmware?: string | undefined;
}

/** The behaviours that all matching quirks ask for. */
export function behavioursOf(
  make: Make,
  quirks: readonly Quirk[] = QUIRKS,
): ReadonlySet<Behaviour> {
  const fitting = quirks.filter((quirk) => fits(quirk, make));
  return new Set(fitting.flatMap((quirk) => quirk.behaviours));
}

function fits(quirk: Quirk, make: Make): boolean {
  if (quirk.not !== undefined && matches(quirk.not.model, make.model)) return false;
  const { vendor, model, firmware } = quirk.match;
  return [
    [vendor, make.vendor] as const,
    [model, make.model] as const,
    [firmware, make.firmware] as const,
  ].every(([pattern, text]) => pattern === undefined || matches(pattern, text));
}

function matches(pattern: string, text: string | undefined): boolean {
  return text !== undefined && new RegExp(pattern, "i").test(text);
}
