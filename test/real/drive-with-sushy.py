"""Drives one system of a Redfish service with sushy, as Ironic does: prints what it saw as JSON."""
import json
import sys
import time

import sushy
from sushy import auth

address, username, password = sys.argv[1:4]
root = sushy.Sushy(address, auth=auth.SessionOrBasicAuth(username, password), verify=False)
system = root.get_system_collection().get_members()[0]
seen = {"serial": system.serial_number, "before": system.power_state.value.lower()}
system.reset_system(sushy.RESET_TYPE_ON if hasattr(sushy, "RESET_TYPE_ON") else sushy.RESET_ON)
for _ in range(50):
    time.sleep(0.1)
    system.refresh(force=True)
    if system.power_state.value.lower() == "on":
        break
seen["after"] = system.power_state.value.lower()
system.set_system_boot_options(
    target=sushy.BOOT_SOURCE_TARGET_PXE,
    enabled=sushy.BOOT_SOURCE_ENABLED_CONTINUOUS,
    mode=sushy.BOOT_SOURCE_MODE_UEFI,
)
system.refresh(force=True)
seen["boot"] = [system.boot["target"].value.lower(), system.boot["enabled"].value.lower()]
seen["mode"] = system.boot["mode"].value.lower()
system.secure_boot.set_enabled(True)
system.secure_boot.refresh(force=True)
seen["secure_boot"] = system.secure_boot.enabled
drives = [drive for storage in system.storage.get_members() for drive in storage.drives]
seen["drives"] = [[drive.name, drive.serial_number, drive.capacity_bytes] for drive in drives]
seen["cpus"] = [cpu.total_cores for cpu in system.processors.get_members()]
seen["memory_gib"] = system.memory_summary.size_gib
seen["macs"] = sorted(system.ethernet_interfaces.summary)
seen["firmware"] = sorted(
    item.version for item in root.get_update_service().firmware_inventory.get_members()
)
print(json.dumps(seen))
