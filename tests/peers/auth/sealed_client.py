"""An unmodified pypsrp against an acceptor: runs one cmdlet and prints how many objects came.

Usage: sealed_client.py URL ntlm|kerberos USER PASSWORD [CA.pem]. Kerberos takes the ticket of the cache that
KRB5CCNAME names; USER and PASSWORD are then empty.
"""

import sys
import types
from urllib.parse import urlsplit

# pyspnego asks for it when it is loaded, and calls it only to turn a password into a ticket.
sys.modules.setdefault("krb5", types.ModuleType("krb5"))

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

url, authentication, user, password, *authority = sys.argv[1:]
address = urlsplit(url)
connection = WSMan(
    address.hostname,
    port=address.port,
    path=address.path.lstrip("/"),
    ssl=address.scheme == "https",
    cert_validation=authority[0] if authority else True,
    encryption="auto",
    auth=authentication,
    username=user or None,
    password=password or None,
    negotiate_service="HTTP",
    negotiate_hostname_override="localhost",
)
with connection, RunspacePool(connection, configuration_name="Microsoft.Exchange") as pool:
    shell = PowerShell(pool)
    shell.add_cmdlet("Get-MobileDevice").add_parameter("ResultSize", "Unlimited")
    print(len(shell.invoke()))
