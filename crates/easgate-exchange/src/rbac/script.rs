//! The script that gives the account its rights.

use std::fmt::Write as _;

use super::{Family, Features, needs};
use crate::Kind;
use crate::list_change::quote;

/// What the script is to give.
#[derive(Debug, Clone)]
pub struct ScriptRequest {
    /// What is used.
    pub features: Features,
    /// How Exchange is run.
    pub kind: Kind,
    /// Which names the servers know.
    pub family: Family,
    /// The name of the role group and of the throttling policy, and the beginning of the roles' names.
    pub group: String,
    /// The account, `DOMAIN\user` or `user@domain`.
    pub account: String,
    /// How many shells the account may have open.
    pub shells: usize,
}

impl ScriptRequest {
    /// The script: Exchange Management Shell of any version, ASCII, safe to run again.
    ///
    /// No value that comes from outside stands anywhere but in a quoted string, in which nothing can end the string.
    #[must_use]
    pub fn script(&self) -> String {
        let mut text = String::from(HEAD);
        let features: Vec<&str> = self.features.iter().map(|feature| feature.name()).collect();
        // Writing into a string does not fail.
        let _ = writeln!(text, "# Features: {}", features.join(", "));
        let _ = writeln!(text, "\n$Group = {}", ascii_quote(&self.group));
        let _ = writeln!(text, "$Account = {}", ascii_quote(&self.account));
        let _ = writeln!(text, "$Shells = {}", self.shells);
        let _ = writeln!(text, "\n{WANTED}\n$Wanted = @(");
        for need in needs(&self.features, self.kind, self.family) {
            // PowerShell's own commands are in every session and in no role.
            if need.homes.is_empty() {
                continue;
            }
            let _ = writeln!(
                text,
                "    @{{ Cmdlet = {}; Roles = {}; Parameters = {} }}",
                ascii_quote(need.cmdlet),
                array(need.homes),
                array(&need.parameters)
            );
        }
        text.push_str(")\n");
        text.push_str(BODY);
        text
    }
}

fn array(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| ascii_quote(word)).collect();
    format!("@({})", words.join(", "))
}

/// `text` as a PowerShell expression of ASCII characters, whose value is `text` whatever it holds.
fn ascii_quote(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return quote(text);
    }
    let mut units = [0_u16; 2];
    let parts: Vec<String> = text
        .chars()
        .flat_map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                vec![quote(&c.to_string())]
            } else {
                let units = c.encode_utf16(&mut units);
                units.iter().map(|unit| format!("[char]0x{unit:04x}")).collect()
            }
        })
        .collect();
    format!("(''+{})", parts.join("+"))
}

const HEAD: &str = "\
# Gives the account of easgate exactly the rights that it uses, and nothing else.
#
# Run it once in the Exchange Management Shell, as a member of Organization Management. It can be run again, after an
# upgrade of Exchange or of easgate: what is there is kept, what is missing is added, what is too much is taken away.
#
# It makes
#   - management roles with the cmdlets and parameters below, each a child of a built-in role,
#   - a role group with these roles, whose member is the account,
#   - a throttling policy for the account alone.
#
# To take everything back: remove the role group (Remove-RoleGroup), the roles (Remove-ManagementRole), the association
# (Set-ThrottlingPolicyAssociation -ThrottlingPolicy $null) and the policy (Remove-ThrottlingPolicy).
";

const WANTED: &str = "\
# The cmdlets, the built-in roles that may lend them (the first that has the cmdlet does), and the parameters.
# What a version of Exchange does not have is left out with a warning.";

const BODY: &str = r#"
$ErrorActionPreference = 'Stop'

# The account must be there before anything is changed.
$User = Get-User -Identity $Account

# 1. Which built-in role lends which cmdlet here.
$Plan = @{}
foreach ($Entry in $Wanted) {
    $Lender = $null
    foreach ($Role in $Entry.Roles) {
        $Source = @(Get-ManagementRoleEntry "$Role\$($Entry.Cmdlet)" -ErrorAction SilentlyContinue)
        if ($Source.Count -gt 0) { $Lender = $Role; break }
    }
    if ($Lender -eq $null) {
        Write-Warning "$($Entry.Cmdlet) is in none of the roles $($Entry.Roles -join ', '); it is left out."
        continue
    }
    $Known = @($Source[0].Parameters | ForEach-Object { "$_" })
    $Have = @($Entry.Parameters | Where-Object { $Known -contains $_ })
    $Lack = @($Entry.Parameters | Where-Object { $Known -notcontains $_ })
    if ($Lack.Count -gt 0) {
        Write-Warning "$($Entry.Cmdlet) has no $($Lack -join ', ') in this version; left out."
    }
    if (-not $Plan.ContainsKey($Lender)) { $Plan[$Lender] = @{} }
    $Plan[$Lender][$Entry.Cmdlet] = $Have
}

# 2. A role for each lender: everything that is not wanted goes, everything that is wanted has its parameters alone.
$Roles = @()
foreach ($Lender in @($Plan.Keys)) {
    $Name = "$Group - $Lender"
    $Roles += $Name
    if (@(Get-ManagementRole $Name -ErrorAction SilentlyContinue).Count -eq 0) {
        New-ManagementRole -Name $Name -Parent $Lender | Out-Null
    }
    $Entries = @(Get-ManagementRoleEntry "$Name\*")
    foreach ($Entry in $Entries) {
        if (-not $Plan[$Lender].ContainsKey($Entry.Name)) {
            Remove-ManagementRoleEntry "$Name\$($Entry.Name)" -Confirm:$false
        }
    }
    foreach ($Cmdlet in @($Plan[$Lender].Keys)) {
        Add-ManagementRoleEntry "$Name\$Cmdlet" -Parameters $Plan[$Lender][$Cmdlet] -Overwrite -Confirm:$false
    }
}

# 3. The role group with these roles and no other, and the account in it.
if (@(Get-RoleGroup $Group -ErrorAction SilentlyContinue).Count -eq 0) {
    New-RoleGroup -Name $Group -Roles $Roles -Members $Account | Out-Null
} else {
    $Assignments = @(Get-ManagementRoleAssignment -RoleAssignee $Group)
    $Assigned = @()
    foreach ($Assignment in $Assignments) {
        if ($Roles -contains "$($Assignment.Role)") {
            $Assigned += "$($Assignment.Role)"
        } else {
            Remove-ManagementRoleAssignment $Assignment.Name -Confirm:$false
        }
    }
    foreach ($Role in $Roles) {
        if ($Assigned -notcontains $Role) {
            New-ManagementRoleAssignment -SecurityGroup $Group -Role $Role | Out-Null
        }
    }
    $Members = @(Get-RoleGroupMember $Group | ForEach-Object { "$($_.Guid)" })
    if ($Members -notcontains "$($User.Guid)") {
        Add-RoleGroupMember $Group -Member $Account
    }
}

# 4. Remote PowerShell for the account.
Set-User -Identity $Account -RemotePowerShellEnabled $true

# 5. A throttling policy of its own: the shells of the service, of the command line beside it, and of sessions that a
#    server has not yet ended. What is not named here stays as the organisation has it.
if (@(Get-ThrottlingPolicy $Group -ErrorAction SilentlyContinue).Count -eq 0) {
    New-ThrottlingPolicy -Name $Group | Out-Null
}
Set-ThrottlingPolicy $Group -PowerShellMaxConcurrency $Shells -PowerShellMaxCmdletQueueDepth ($Shells * 3)
Set-ThrottlingPolicyAssociation -Identity $Account -ThrottlingPolicy $Group

Write-Host "Done. Rights reach a new session after some minutes. Then: easgate rbac verify"
"#;
