//! Why a server is in use, and not the first that is configured.

use easgate_store::Outage;
use url::Url;

/// Why a server is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InUse {
    /// It is the first that is configured.
    First,
    /// It stands in for the first.
    StandsIn {
        /// Whether the organisation told it; if not, it is configured.
        told: bool,
        /// The endpoint of the first.
        instead_of: String,
        /// That the first could not be reached; `None` when it has answered since.
        outage: Option<Outage>,
    },
}

impl InUse {
    /// Why the server at `endpoint` is in use, where `configured` are tried in this order; `None` when none is.
    #[must_use]
    pub fn of<'a>(
        endpoint: &str,
        configured: impl IntoIterator<Item = &'a Url>,
        outages: &[Outage],
    ) -> Option<Self> {
        let mut configured = configured.into_iter().map(|url| {
            let mut url = url.clone();
            url.set_query(None);
            String::from(url)
        });
        let first = configured.next()?;
        if first == endpoint {
            return Some(Self::First);
        }
        Some(Self::StandsIn {
            told: !configured.any(|url| url == endpoint),
            outage: outages.iter().find(|outage| outage.server == first).cloned(),
            instead_of: first,
        })
    }

    /// The stable name: `first`, `configured` or `told`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::StandsIn { told: false, .. } => "configured",
            Self::StandsIn { told: true, .. } => "told",
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn the_first_needs_no_reason_and_the_others_have_its_outage() {
        let url = |host: &str| format!("http://{host}.contoso.example/powershell");
        let configured = ["ex1", "ex2"].map(|host| Url::parse(&format!("{}?a=1", url(host))).unwrap());
        let outage = Outage {
            server: url("ex1"),
            since: OffsetDateTime::UNIX_EPOCH,
            failures: 1,
            tried: OffsetDateTime::UNIX_EPOCH,
            cause: "refused".to_owned(),
        };
        let stands_in = |told, outage| InUse::StandsIn {
            told,
            instead_of: url("ex1"),
            outage,
        };
        let of = |host: &str, outages: &[Outage]| InUse::of(&url(host), &configured, outages).unwrap();
        let outages = [outage.clone()];
        assert_eq!(of("ex1", &outages), InUse::First);
        assert_eq!(of("ex2", &outages), stands_in(false, Some(outage.clone())));
        assert_eq!(of("ex3", &outages), stands_in(true, Some(outage)));
        assert_eq!(of("ex3", &[]), stands_in(true, None));
        assert_eq!(InUse::of(&url("ex1"), [], &[]), None);
        let names = ["ex1", "ex2", "ex3"].map(|host| of(host, &[]).name());
        assert_eq!(names, ["first", "configured", "told"]);
    }
}
