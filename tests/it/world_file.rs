//! The enrolments of an invented company as the file that an administrator would write.

use std::collections::BTreeSet;

use easgate_simulator::world::World;

/// Writes the CSV: every enrolment that tells an EAS id, and every licensed or unlicensed user of the directory.
pub(crate) fn csv(world: &World) -> String {
    let mut text =
        String::from("user_principal_name,eas_device_id,compliance_state,device_name,licensed,groups\n");
    // A phone that was enrolled twice has two records and one row.
    let mut written = BTreeSet::new();
    for user in world.users.iter().filter(|user| user.in_directory) {
        text.push_str(&format!("{},,,,{},\n", user.upn, user.licensed));
        let managed = |agent: &str, state: &str| agent != "eas" && agent != "unknown" && state == "managed";
        for (_, record) in user.enrollments() {
            let own =
                record.other_user.is_none() && record.reports_eas_id && !record.eas_device_id.is_empty();
            let key = (user.upn.to_lowercase(), record.eas_device_id.to_lowercase());
            if own && managed(&record.agent, &record.state) && written.insert(key) {
                text.push_str(&format!(
                    "{},{},{},,{},\n",
                    user.upn, record.eas_device_id, record.compliance, user.licensed
                ));
            }
        }
    }
    text
}
