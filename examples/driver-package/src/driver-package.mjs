// @ts-check
import { outletType } from "./outlet-type.mjs";

/**
 * What ironwright looks for when its settings say `drivers: [ironwright-driver-outlet]`.
 * @type {import("ironwright/driver").DriverPackage}
 */
export const driverPackage = { apiVersion: 1, hardwareTypes: [outletType] };
