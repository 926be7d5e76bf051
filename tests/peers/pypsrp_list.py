"""Reads every Get-MobileDevice object with an unmodified pypsrp: prints how many, and the CPU seconds that this took.

Usage: pypsrp_list.py PORT
"""

import json
import sys
import time

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan


def main():
    connection = WSMan(
        "127.0.0.1",
        port=int(sys.argv[1]),
        path="PowerShell",
        ssl=False,
        auth="basic",
        encryption="never",
        username="CONTOSO\\connector",
        password="P@ssw0rd!",
    )
    start = time.process_time()
    with connection as wsman, RunspacePool(wsman, configuration_name="Microsoft.Exchange") as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Get-MobileDevice").add_parameter("ResultSize", "Unlimited")
        devices = shell.invoke()
    ids = {device.adapted_properties["DeviceId"] for device in devices}
    print(json.dumps({"devices": len(ids), "cpu_seconds": time.process_time() - start}))


if __name__ == "__main__":
    main()
