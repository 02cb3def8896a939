/** What a quirk makes the driver do differently. */
export const BEHAVIOURS = {
  "efi-disk-is-remote-media":
    "with EFI, booting from disk is the selector 9 (primary remote media), in both directions",
} as const;
export type Behaviour = keyof typeof BEHAVIOURS;

/** One fact about some BMCs, found by the IANA enterprise number that Get Device ID says. */
interface Quirk {
  readonly id: string;
  readonly manufacturers: readonly number[];
  readonly behaviours: readonly Behaviour[];
  /** What was seen. */
  readonly fact: string;
  /** Who saw it. */
  readonly source: string;
}

/** Makers by their IANA enterprise number, as people call them; only those that make BMCs or servers. */
const MANUFACTURERS: Readonly<Record<number, string>> = {
  2: "IBM",
  11: "HP",
  343: "Intel",
  674: "Dell",
  2011: "Huawei",
  5771: "Cisco",
  7244: "Quanta",
  10368: "Fujitsu",
  10876: "Supermicro",
  15370: "Gigabyte",
  19046: "Lenovo",
  20301: "IBM",
  20974: "American Megatrends",
  37945: "Inspur",
  42817: "OpenBMC",
  47196: "HPE",
  47488: "Supermicro",
  49622: "ASRock Rack",
};

/** The maker of a BMC; undefined for one that nobody here has met. */
export function manufacturerName(iana: number): string | undefined {
  return MANUFACTURERS[iana];
}

/** Facts about BMCs that differ from the specification. A new one is a new row, with its source. */
export const QUIRKS: readonly Quirk[] = [
  {
    id: "supermicro-efi-disk",
    manufacturers: [10876, 47488],
    behaviours: ["efi-disk-is-remote-media"],
    fact: "a UEFI boot from disk is 24h in the boot flags, once and persistent alike",
    source: "OpenStack Ironic, ipmitool management interface",
  },
];

/** The behaviours that all matching quirks ask for. */
export function behavioursOf(manufacturer: number): ReadonlySet<Behaviour> {
  const fitting = QUIRKS.filter(({ manufacturers }) => manufacturers.includes(manufacturer));
  return new Set(fitting.flatMap(({ behaviours }) => behaviours));
}
