//! Who gets what, and why.

use std::fmt::Write;

use expect_test::expect;

use super::check;
use super::world::World;

/// Returns what each pair of agent and state gives for each compliance state.
fn table(settings: &str) -> String {
    let mut table = String::new();
    for agent in ["mdm", "eas", "msSense"] {
        for state in [
            "managed",
            "unreported",
            "discovered",
            "retirePending",
            "unhealthy",
        ] {
            for compliance in [
                "compliant",
                "inGracePeriod",
                "noncompliant",
                "unknown",
                "error",
                "conflict",
                "configManager",
                "new",
            ] {
                let agent_ = if agent == "mdm" {
                    String::new()
                } else {
                    format!("agent={agent}")
                };
                let state_ = if state == "managed" {
                    String::new()
                } else {
                    format!("state={state}")
                };
                let world = format!("{settings}\nphone ana A1\nrecord ana A1 {compliance} {agent_} {state_}");
                let outcome = World::parse(&world).outcome();
                let decision = outcome.split('[').next().unwrap().trim();
                let decision = decision.trim_start_matches("ana A1 ");
                writeln!(table, "{agent:7} {state:13} {compliance:13} {decision}").unwrap();
            }
        }
    }
    // Lines that differ in the compliance state alone, and say the same, are one.
    let mut short: Vec<(String, Vec<&str>, String)> = vec![];
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (pair, decision) = (words[..2].join(" "), words[3..].join(" "));
        match short
            .last_mut()
            .filter(|last| last.0 == pair && last.2 == decision)
        {
            Some(last) => last.1.push(words[2]),
            None => short.push((pair, vec![words[2]], decision)),
        }
    }
    short
        .iter()
        .map(|(pair, states, decision)| format!("{pair}: {} = {decision}\n", states.join(", ")))
        .collect()
}

#[test]
fn agent_and_state_and_compliance_decide_together() {
    expect![[r#"
        mdm managed: compliant = allow compliant
        mdm managed: inGracePeriod = allow gracePeriod
        mdm managed: noncompliant = block notCompliant
        mdm managed: unknown = untouched notEvaluatedUnknown
        mdm managed: error = untouched notEvaluatedError
        mdm managed: conflict = untouched notEvaluatedConflict
        mdm managed: configManager = untouched notEvaluatedConfigManager
        mdm managed: new = untouched notEvaluatedOtherState
        mdm unreported: compliant = allow compliant
        mdm unreported: inGracePeriod = allow gracePeriod
        mdm unreported: noncompliant = block notCompliant
        mdm unreported: unknown = untouched notEvaluatedUnknown
        mdm unreported: error = untouched notEvaluatedError
        mdm unreported: conflict = untouched notEvaluatedConflict
        mdm unreported: configManager = untouched notEvaluatedConfigManager
        mdm unreported: new = untouched notEvaluatedOtherState
        mdm discovered: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        mdm retirePending: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        mdm unhealthy: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = untouched notEvaluatedManagement
        eas managed: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        eas unreported: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        eas discovered: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        eas retirePending: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        eas unhealthy: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        msSense managed: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = untouched notEvaluatedManagement
        msSense unreported: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = untouched notEvaluatedManagement
        msSense discovered: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        msSense retirePending: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = quarantine notEnrolled
        msSense unhealthy: compliant, inGracePeriod, noncompliant, unknown, error, conflict, configManager, new = untouched notEvaluatedManagement
    "#]].assert_eq(&table(""));
}

#[test]
fn what_config_manager_means_is_a_setting() {
    let phone = "phone ana A1\nrecord ana A1 configManager";
    check(
        &format!("{phone}\nset config_manager=compliant"),
        &expect![[r#"
        ana A1 allow compliant [+allow Quarantine -> Allow]
    "#]],
    );
    check(
        &format!("{phone}\nset config_manager=noncompliant"),
        &expect![[r#"
            ana A1 block notCompliant [+block Quarantine -> Block]
        "#]],
    );
}

#[test]
fn a_device_that_is_not_enrolled_is_quarantined_where_exchange_does_so_itself() {
    check(
        "default quarantine\nphone ana A1",
        &expect![[r#"
        ana A1 quarantine notEnrolled
    "#]],
    );
    check(
        "default allow\nphone ana A1",
        &expect![[r#"
        ana A1 block notEnrolled [+block Allow -> Block]
    "#]],
    );
    check(
        "default block\nphone ana A1",
        &expect![[r#"
        ana A1 block notEnrolled
    "#]],
    );
    check(
        "default allow\nrule DeviceType iPhone quarantine\nphone ana A1",
        &expect![[r#"
            ana A1 quarantine notEnrolled
        "#]],
    );
    check(
        "default quarantine\nrule DeviceModel iphone15c2 allow\nphone ana A1",
        &expect![[r#"
            ana A1 block notEnrolled [+block Allow -> Block]
        "#]],
    );
    check(
        "default quarantine\nset unmanaged=block\nphone ana A1",
        &expect![[r#"
            ana A1 block notEnrolled [+block Quarantine -> Block]
        "#]],
    );
    check(
        "default block\nset unmanaged=block\nphone ana A1",
        &expect![[r#"
        ana A1 block notEnrolled
    "#]],
    );
    // Our own entries do not count when Exchange is asked what it does without us.
    check(
        "default quarantine\nphone ana A1\nours ana block A1",
        &expect![[r#"
            ana A1 quarantine notEnrolled [-block Block -> Quarantine]
        "#]],
    );
    check(
        "default allow\nphone ana A1\nours ana block A1",
        &expect![[r#"
        ana A1 block notEnrolled
    "#]],
    );
}

#[test]
fn targeting_goes_by_groups_and_exempt_beats_targeted() {
    check(
        "
        set include=pilot,staff exclude=board
        user ana groups=pilot
        user ben groups=staff,board
        user cid groups=other
        phone ana A1
        phone ben B1
        phone cid C1
        ",
        &expect![[r#"
            ana A1 quarantine notEnrolled
            ben B1 untouched exempt
            cid C1 untouched notTargeted
        "#]],
    );
    check(
        "set exclude=board\nuser ana groups=BOARD\nphone ana A1\nours ana allow A1",
        &expect![[r#"
            ana A1 untouched exempt [-allow Allow -> Quarantine]
        "#]],
    );
}

#[test]
fn a_user_without_a_licence_is_left_to_the_default_rule() {
    check(
        "user ana unlicensed\nphone ana A1\nphone ana A2\nours ana block A1\nforeign ana block A2",
        &expect![[r#"
            ana A1 untouched notLicensed [-block Block -> Quarantine]
            ana A2 untouched notLicensed
        "#]],
    );
    check(
        "set require_license=false\nuser ana unlicensed\nphone ana A1",
        &expect![[r#"
            ana A1 quarantine notEnrolled
        "#]],
    );
}

#[test]
fn the_owner_is_found_by_any_address() {
    check(
        "
        mailbox ana smtp=a.smith@mail.example
        user ana upn=ana@corp.example mail=A.Smith@MAIL.example
        phone ana A1
        record ana A1 compliant
        ",
        &expect![[r#"
            ana A1 allow compliant [+allow Quarantine -> Allow]
        "#]],
    );
    check(
        "nouser ana\nphone ana A1\nours ana allow A1",
        &expect![[r#"
        ana A1 untouched ownerUnknown
    "#]],
    );
    check(
        "
        user ana
        user ben mail=ana@x.example
        phone ana A1
        record ana A1 noncompliant
        ",
        &expect![[r#"
            ana A1 untouched ownerAmbiguous
        "#]],
    );
}

#[test]
fn what_is_never_decided_is_counted_with_its_reason() {
    check(
        "
        mailbox HealthMailbox7f
        mailbox extest_1a2b
        mailbox CAS_{0b1c}
        mailbox arbitration kind=system
        mailbox info kind=shared
        mailbox blue kind=room
        mailbox car kind=equipment
        mailbox cloud kind=remote
        mailbox odd kind=SchedulingMailbox
        nomailbox left
        phone HealthMailbox7f A1
        phone extest_1a2b A2
        phone CAS_{0b1c} A3
        phone arbitration A4
        phone info A5
        phone blue A6
        phone car A7
        phone cloud A8
        phone odd A9
        phone left A10
        phone ana validate
        phone ana 0000
        phone ana O1 type=OutlookService
        phone ana O2 client=REST
        phone ana A11 upgrade
        ",
        &expect![[r#"
            ana 0000 untouched placeholderId
            ana A11 untouched mailboxMoving
            ana O1 untouched outlook
            ana O2 untouched outlook
            ana validate untouched placeholderId
            arbitration A4 untouched systemMailbox
            blue A6 untouched roomMailbox
            car A7 untouched equipmentMailbox
            CAS_{0b1c} A3 untouched systemMailbox
            cloud A8 untouched remoteMailbox
            extest_1a2b A2 untouched systemMailbox
            HealthMailbox7f A1 untouched systemMailbox
            info A5 untouched sharedMailbox
            odd A9 untouched otherMailbox
            - A10 untouched ownerWithoutMailbox
        "#]],
    );
}

#[test]
fn outlook_with_an_enrolment_is_decided_as_any_other() {
    check(
        "phone ana O1 type=Outlook\nrecord ana O1 noncompliant",
        &expect![[r#"
            ana O1 block notCompliant [+block Quarantine -> Block]
        "#]],
    );
    // One id, once Outlook's and once the phone's own: it is the phone's.
    check(
        "phone ana S1 type=Outlook\nphone ana s1 type=iPhone",
        &expect![[r#"
            ana S1 quarantine notEnrolled
        "#]],
    );
}

#[test]
fn an_id_known_only_under_another_user_is_left_alone() {
    check(
        "phone ana A1\nrecord ben A1 compliant",
        &expect![[r#"
        ana A1 untouched idOfAnotherUser
    "#]],
    );
    check(
        "phone ana A1\nrecord - A1 compliant",
        &expect![[r#"
        ana A1 untouched idOfAnotherUser
    "#]],
    );
    // A phone that two people share has a record under each.
    check(
        "phone ana A1\nphone ben a1\nrecord ana A1 compliant\nrecord ben A1 noncompliant",
        &expect![[r#"
            ana A1 allow compliant [+allow Quarantine -> Allow]
            ben a1 block notCompliant [+block Quarantine -> Block]
        "#]],
    );
}

#[test]
fn of_several_records_the_newest_counts_unless_they_agree() {
    check(
        "phone ana A1\nrecord ana A1 noncompliant at=5\nrecord ana a1 compliant at=9",
        &expect![[r#"
            ana A1 allow compliant [+allow Quarantine -> Allow]
        "#]],
    );
    check(
        "phone ana A1\nrecord ana A1 compliant at=5\nrecord ana a1 noncompliant at=9",
        &expect![[r#"
            ana A1 block notCompliant [+block Quarantine -> Block]
        "#]],
    );
    check(
        "phone ana A1\nrecord ana A1 compliant at=5\nrecord ana a1 noncompliant at=5",
        &expect![[r#"
            ana A1 untouched ambiguousDevice
        "#]],
    );
    check(
        "phone ana A1\nrecord ana A1 compliant\nrecord ana a1 noncompliant at=5",
        &expect![[r#"
            ana A1 untouched ambiguousDevice
        "#]],
    );
    check(
        "phone ana A1\nrecord ana A1 compliant\nrecord ana a1 compliant at=5",
        &expect![[r#"
            ana A1 allow compliant [+allow Quarantine -> Allow]
        "#]],
    );
    // What only EAS has seen says nothing of management, however new it is.
    check(
        "phone ana A1\nrecord ana A1 compliant at=5\nrecord ana a1 unknown at=9 agent=eas",
        &expect![[r#"
            ana A1 allow compliant [+allow Quarantine -> Allow]
        "#]],
    );
}

#[test]
fn platform_exceptions_decide_whether_a_device_is_managed_or_not() {
    check(
        "set family=iPhone:allow\nphone ana A1\nphone ana A2\nrecord ana A2 noncompliant",
        &expect![[r#"
            ana A1 allow platformException [+allow Quarantine -> Allow]
            ana A2 allow platformException [+allow Quarantine -> Allow]
        "#]],
    );
    check(
        "set family=iphone:block\nphone ana A1\nrecord ana A1 compliant",
        &expect![[r#"
            ana A1 block platformException [+block Quarantine -> Block]
        "#]],
    );
    check(
        "set family=iPhone:quarantine\nphone ana A1\nrecord ana A1 compliant",
        &expect![[r#"
            ana A1 quarantine platformException
        "#]],
    );
    // With unmanaged = block, what is compliant gets in all the same, and what is not evaluated stays as it is.
    check(
        "
        set family=iPhone:block unmanaged=block
        phone ana A1
        phone ana A2
        phone ana A3
        record ana A1 compliant
        record ana A2 error
        ",
        &expect![[r#"
            ana A1 allow compliant [+allow Quarantine -> Allow]
            ana A2 untouched notEvaluatedError
            ana A3 block platformException [+block Quarantine -> Block]
        "#]],
    );
    check(
        "set family=iPhone:allow exclude=board\nuser ana groups=board\nphone ana A1",
        &expect![[r#"
            ana A1 untouched exempt
        "#]],
    );
}

#[test]
fn ids_are_compared_without_case_and_kept_as_written() {
    check(
        "phone ana ApplC39\nrecord ana applc39 compliant\nours ana block APPLC39",
        &expect![[r#"
            ana ApplC39 allow compliant [+allow -block Block -> Allow]
        "#]],
    );
}
