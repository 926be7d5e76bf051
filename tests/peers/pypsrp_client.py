"""An unmodified pypsrp against the simulated organisation: prints what it saw, one JSON object per scenario.

Usage: pypsrp_client.py PORT DEVICE_ID MAILBOX_GUID
"""

import json
import sys
import threading
import uuid

from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

PORT, DEVICE_ID, MAILBOX = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def connect(password="P@ssw0rd!", path="powershell"):
    return WSMan(
        "127.0.0.1",
        port=PORT,
        path=path,
        ssl=False,
        auth="basic",
        encryption="never",
        username="CONTOSO\\connector",
        password=password,
        operation_timeout=5,
        read_timeout=20,
    )


def open_pool(wsman, **options):
    return RunspacePool(wsman, configuration_name="Microsoft.Exchange", **options)


def describe(shell, output):
    errors = [
        {"id": str(error.fq_error), "reason": error.reason, "message": str(error)}
        for error in shell.streams.error
    ]
    return {
        "state": shell.state,
        "count": len(output),
        "errors": errors,
        "warnings": [str(warning.message) for warning in shell.streams.warning],
    }


def run(pool, cmdlet, script=False, **parameters):
    shell = PowerShell(pool)
    if script:
        shell.add_script(cmdlet)
    else:
        shell.add_cmdlet(cmdlet)
    for name, value in parameters.items():
        shell.add_parameter(name, value)
    output = shell.invoke()
    return output, describe(shell, output)


def report(name, value):
    print(json.dumps({"scenario": name, **value}), flush=True)


def lists(pool):
    output, seen = run(pool, "Get-MobileDevice", ResultSize="Unlimited")
    ids = {item.adapted_properties["DeviceId"] for item in output}
    members = list(output[0].adapted_properties)
    report("list", {**seen, "distinct": len(ids), "members": members, "types": output[0].types})
    report("default limit", run(pool, "Get-MobileDevice")[1])
    report("explicit limit", run(pool, "Get-MobileDevice", ResultSize=5)[1])
    output, seen = run(pool, "Get-MobileDevice", Filter="DeviceAccessState -eq 'Blocked'", ResultSize="Unlimited")
    states = sorted({item.adapted_properties["DeviceAccessState"] for item in output})
    report("filter", {**seen, "states": states})
    report("null identity", run(pool, "Get-CASMailbox", Identity=None, ResultSize=3)[1])


def sets(pool):
    change = {"Add": [DEVICE_ID]}
    parameters = {
        "Identity": MAILBOX,
        "ActiveSyncAllowedDeviceIDs": change,
        "ActiveSyncBlockedDeviceIDs": {"Remove": [DEVICE_ID]},
        "Confirm": False,
    }
    report("set", run(pool, "Set-CASMailbox", **parameters)[1])
    report("set again", run(pool, "Set-CASMailbox", **parameters)[1])


def errors(pool):
    report("not found", run(pool, "Get-CASMailbox", Identity="nobody@contoso.com")[1])
    report("unknown cmdlet", run(pool, "Get-Mailbox")[1])
    report("unknown parameter", run(pool, "Get-MobileDevice", Colour="red")[1])
    report("unknown filter property", run(pool, "Get-MobileDevice", Filter="WhenChangedUTC -gt '1/1/2000'")[1])
    report("script", run(pool, "1 + 1", script=True)[1])
    report("prompt", run(pool, "Remove-MobileDevice", Identity=str(uuid.uuid4()))[1])
    report("no prompt", run(pool, "Remove-MobileDevice", Identity=str(uuid.uuid4()), Confirm=False)[1])


def several_at_once(wsman):
    with open_pool(wsman, max_runspaces=3) as pool:
        shells = []
        for _ in range(5):
            shell = PowerShell(pool)
            shell.add_cmdlet("Get-MobileDevice").add_parameter("ResultSize", 200)
            shell.begin_invoke()
            shells.append(shell)
        counts = [len(shell.end_invoke() or shell.output) for shell in shells]
        report("several at once", {"counts": counts})


def several_pools():
    counts = []

    def one():
        with connect() as wsman, open_pool(wsman) as pool:
            counts.append(run(pool, "Get-ExchangeServer")[1]["count"])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report("several pools", {"counts": counts})


def refused():
    try:
        with open_pool(connect(password="wrong")):
            report("wrong password", {"error": None})
    except AuthenticationError as error:
        report("wrong password", {"error": type(error).__name__})
    try:
        with RunspacePool(connect(), configuration_name="Microsoft.PowerShell"):
            report("wrong resource", {"error": None})
    except WSManFaultError as error:
        report("wrong resource", {"error": error.code})


def main():
    with connect() as wsman:
        with open_pool(wsman) as pool:
            lists(pool)
            sets(pool)
            errors(pool)
        several_at_once(wsman)
    several_pools()
    refused()


main()
