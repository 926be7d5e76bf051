//! The arrows between the crates point down, and tier 0 knows no outside world.

use std::collections::BTreeMap;

use crate::metadata;
use crate::run::Failure;

/// What each crate may see of ours. A crate that is not listed may see nothing and must be added here.
const ALLOWED: &[(&str, &[&str])] = &[
    ("easgate-model", &[]),
    ("easgate-psrp", &[]),
    ("easgate-compliance", &["easgate-model"]),
    ("easgate-cmdlet", &["easgate-psrp"]),
    (
        "easgate-exchange",
        &["easgate-cmdlet", "easgate-model", "easgate-psrp"],
    ),
    ("easgate-intune", &["easgate-model"]),
    ("easgate-ews", &["easgate-model"]),
    ("easgate-store", &["easgate-model"]),
    (
        "easgate-connector",
        &[
            "easgate-cmdlet",
            "easgate-compliance",
            "easgate-ews",
            "easgate-exchange",
            "easgate-intune",
            "easgate-model",
            "easgate-store",
        ],
    ),
    (
        "easgate-config",
        &[
            "easgate-cmdlet",
            "easgate-compliance",
            "easgate-connector",
            "easgate-ews",
            "easgate-exchange",
            "easgate-intune",
            "easgate-model",
            "easgate-store",
        ],
    ),
    ("easgate-simulator", &["easgate-model", "easgate-psrp"]),
    ("easgate", &["*"]),
    ("easgate-tests", &["*"]),
    ("easgate-benches", &["*"]),
    ("xtask", &[]),
];

/// The crates without I/O, and what they must not depend on.
const TIER_0: &[&str] = &["easgate-model", "easgate-psrp", "easgate-compliance"];
const OUTSIDE_WORLD: &[&str] = &[
    "tokio",
    "tokio-util",
    "reqwest",
    "axum",
    "sqlx",
    "futures",
    "async-trait",
    "tracing",
    "rand",
    "getrandom",
];

/// Checks every ordinary dependency of every crate.
pub(crate) fn layers() -> Result<(), Failure> {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut findings = 0;
    for package in metadata::read()?.packages {
        let Some(may_see) = allowed.get(package.name.as_str()) else {
            println!("{}: is not in xtask/src/layers.rs", package.name);
            findings += 1;
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind.is_none()) {
            let ours = dependency.name.starts_with("easgate");
            let sees = may_see.contains(&"*") || may_see.contains(&dependency.name.as_str());
            if ours && !sees {
                println!("{}: must not see {}", package.name, dependency.name);
                findings += 1;
            }
            let outside = OUTSIDE_WORLD.contains(&dependency.name.as_str());
            if outside && TIER_0.contains(&package.name.as_str()) {
                println!(
                    "{}: is without I/O and must not see {}",
                    package.name, dependency.name
                );
                findings += 1;
            }
        }
    }
    if findings == 0 {
        Ok(())
    } else {
        Err(Failure::Findings { count: findings })
    }
}
