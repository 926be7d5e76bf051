"""Makes the accounts of a Samba domain that was just provisioned.

Usage: samba_accounts.py SMB.CONF [ACCOUNT PASSWORD]... Each account gets the UPN `account@example.test`; `websvc` owns
the service HTTP/localhost.
"""

import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

parameters = LoadParm()
parameters.load(sys.argv[1])
domain = SamDB(session_info=system_session(), lp=parameters)
# Passwords of tests are short-lived and simple.
domain.set_pwdProperties(0)
domain.set_minPwdLength(1)
accounts = dict(zip(sys.argv[2::2], sys.argv[3::2]))
for name, password in [*accounts.items(), ("websvc", "0nly-for-its-key")]:
    domain.newuser(name, password)
found = domain.search(expression="(sAMAccountName=websvc)", attrs=[])[0]
change = ldb.Message(found.dn)
change["spn"] = ldb.MessageElement(["HTTP/localhost"], ldb.FLAG_MOD_ADD, "servicePrincipalName")
domain.modify(change)
