import { z } from "zod";
import { secretRefSchema } from "./documents.ts";
import { etcdSettingsSchema, noEndpoints } from "./etcd-settings.ts";
import { gitUrlProblem } from "./git-url.ts";

const verifySchema = z
  .strictObject({
    /** SSH keys: ssh-keygen(1), ALLOWED SIGNERS. */
    allowedSigners: z.string().min(1).optional(),
    /** Files of public keys, as `gpg --export` writes them, armored or not. */
    openpgpKeys: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(
    ({ allowedSigners, openpgpKeys }) => allowedSigners !== undefined || openpgpKeys !== undefined,
    {
      message: "it must name allowedSigners, openpgpKeys, or both",
    },
  );
/** Whose signatures count: `git.verify`. */
export type Verify = z.infer<typeof verifySchema>;

/**
 * `ironwright.yaml`, environment `IRONWRIGHT_*`, flags: the later wins. Unknown keys are errors.
 * Every limit here protects hardware or people; each default says why beside it.
 */
export const settingsSchema = z
  .strictObject({
    /** The store's id, written by `init`, committed. */
    store: z.string().optional(),
    /** The fleet's id, written by `init`, kept for ever: uuids of nodes are derived from it. */
    fleet: z.string().optional(),
    /** State directory, relative to the repository root. */
    state: z.string().default(".ironwright"),
    /** Directory of the documents, relative to the repository root. */
    inventory: z.string().default("inventory"),
    mode: z.enum(["manage", "observe"]).default("manage"),
    /** This engine's name; the host's name when left out. */
    instance: z.string().optional(),
    /** What `watch` follows. */
    git: z
      .strictObject({
        /** A repository elsewhere; the one at hand when left out. */
        url: z
          .string()
          .superRefine((url, context) => {
            const message = gitUrlProblem(url);
            if (message !== null) context.addIssue({ code: "custom", message });
          })
          .optional(),
        /** A branch, a tag or a commit; HEAD when left out. */
        ref: z.string().min(1).optional(),
        pollSeconds: z.number().int().min(1).default(30),
        /** Seconds for one fetch, at whose end it is cut off; the first one of a large repository may need more. */
        timeoutSeconds: z.number().min(1).max(3600).default(60),
        /** For http and https; ssh has its keys. */
        credentials: z
          .strictObject({ username: z.string().min(1), password: secretRefSchema })
          .optional(),
        /** Commits must be signed; a relative path is a file of the commit in force, an absolute one is this host's. */
        verify: verifySchema.optional(),
      })
      .prefault({}),
    lease: z
      .strictObject({
        backend: z.enum(["file", "etcd"]).default("file"),
        /** A property of the store: `init` writes it there, and a differing value is an error. */
        ttlSeconds: z.number().int().min(5).max(600).default(30),
      })
      .prefault({}),
    etcd: etcdSettingsSchema,
    listen: z.string().optional(),
    /** Nodes worked on at once by `apply`, and BMCs read at once by `plan`. */
    concurrency: z.number().int().min(1).max(4096).default(64),
    powerSync: z
      .strictObject({ intervalSeconds: z.number().int().min(10).default(60) })
      .prefault({}),
    breaker: z
      .strictObject({
        /** Percent of the fleet that may turn to drift, unreachable or unauthorised in one round. */
        percent: z.number().min(0).max(100).default(5),
        /** And never fewer than this many nodes; the larger of the two counts. */
        nodes: z.number().int().min(1).default(20),
      })
      .prefault({}),
    removal: z
      .strictObject({
        percent: z.number().min(0).max(100).default(5),
        nodes: z.number().int().min(0).default(3),
      })
      .prefault({}),
    limits: z
      .strictObject({
        /** Concurrent requests to one BMC: many serve fewer than four at a time. */
        perBmc: z.number().int().min(1).max(16).default(2),
        /** Requests in flight over all BMCs. */
        global: z.number().int().min(1).max(10_000).default(256),
        /** Seconds between two resets of one machine: power supplies and disks need rest. */
        resetSpacingSeconds: z.number().min(0).default(15),
        /** Seconds between two power-ons in one rack: inrush current trips breakers. */
        powerOnSpacingSeconds: z.number().min(0).default(2),
        /** Seconds for one request, connection included; at its end the socket is destroyed. */
        requestSeconds: z.number().min(1).max(300).default(30),
        connectSeconds: z.number().min(1).max(60).default(10),
        /** Largest answer read from a BMC. */
        answerBytes: z
          .number()
          .int()
          .min(1024)
          .default(4 * 1024 * 1024),
        /** Refusals of one secret in one round before it is tried nowhere else. */
        refusalsPerSecret: z.number().int().min(1).default(3),
        /** Seconds that a BMC may need until a request accepted before its session ended has taken effect. */
        settleSeconds: z.number().min(0).max(120).default(5),
      })
      .prefault({}),
    timeouts: z
      .strictObject({
        /** Seconds until a machine shows its new power state. */
        powerSeconds: z.number().min(1).default(120),
        /** Seconds that a graceful stop gets before it is forced. */
        softOffSeconds: z.number().min(1).default(600),
        manageSeconds: z.number().min(1).default(60),
        settingSeconds: z.number().min(1).default(60),
        /** Seconds until a ramdisk's agent must have answered: a server's own tests take ten minutes and more. */
        agentSeconds: z.number().min(1).default(1800),
        /** Seconds that a list may stand at a `hold` step before it has failed; 0: for ever. */
        holdSeconds: z.number().min(0).default(0),
        /** Seconds between two looks while waiting for an after-state (the first comes sooner). */
        lookSeconds: z.number().min(0.05).default(2),
      })
      .prefault({}),
    bmc: z.strictObject({ networks: z.array(z.string()).optional() }).prefault({}),
    secrets: z
      .strictObject({
        dirs: z.array(z.string()).default([]),
        /** Name -> command; asked in batches: names in on stdin, JSON out. */
        providers: z
          .record(
            z.string(),
            z.strictObject({
              command: z.array(z.string()).min(1),
              timeoutSeconds: z.number().default(30),
            }),
          )
          .default({}),
      })
      .prefault({}),
    drivers: z.array(z.string()).default([]),
    watch: z
      .strictObject({
        maxImpact: z.enum(["none", "in-place", "reboot", "destructive"]).default("in-place"),
        /** Looks that a BMC may leave unanswered before its node has a fault (Ironic's power_state_sync_max_retries). */
        silentLooks: z.number().int().min(1).default(3),
        /** Seconds that acts which run may take to come to their end once the daemon is told to leave. */
        drainSeconds: z.number().min(0).default(60),
        /**
         * Seconds that the last reading of what costs requests of its own stands, on a node that is in sync; 0: it is read at
         * every look. Lights are set by hand, BIOS and secure boot change with a boot, the hardware with a screwdriver.
         */
        facetSeconds: z
          .strictObject({
            bios: z.number().min(0).default(3600),
            secureBoot: z.number().min(0).default(3600),
            indicators: z.number().min(0).default(900),
            inventory: z.number().min(0).default(86_400),
          })
          .prefault({}),
      })
      .prefault({}),
    witness: z.string().optional(),
  })
  .superRefine(noEndpoints);

/** The settings in force, defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;

/** How long the last reading of each facet stands that costs requests of its own. */
export type FacetSeconds = Settings["watch"]["facetSeconds"];

/** The settings that a bare repository has. */
export function defaultSettings(): Settings {
  return settingsSchema.parse({});
}
