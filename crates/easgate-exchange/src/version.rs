//! Versions of Exchange servers.

use std::fmt;
use std::str::FromStr;

/// The version of an Exchange server (`AdminDisplayVersion`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerVersion {
    /// 14 is Exchange 2010, 15 is everything since.
    pub major: u32,
    /// 0 is 2013, 1 is 2016, 2 is 2019 and Subscription Edition; 3 of 14 is 2010 Service Pack 3.
    pub minor: u32,
    /// The build; 2562 and above of 15.2 is Subscription Edition.
    pub build: u32,
    /// The revision of the build.
    pub revision: u32,
}

impl ServerVersion {
    /// The oldest version that is served: Exchange 2010 Service Pack 3.
    pub const MINIMUM: Self = Self {
        major: 14,
        minor: 3,
        build: 0,
        revision: 0,
    };

    /// The product's name, by which administrators know it.
    #[must_use]
    pub const fn product(self) -> &'static str {
        match (self.major, self.minor) {
            (14, _) => "Exchange 2010",
            (15, 0) => "Exchange 2013",
            (15, 1) => "Exchange 2016",
            (15, 2) if self.build >= 2562 => "Exchange SE",
            (15, 2) => "Exchange 2019",
            (8, _) => "Exchange 2007",
            _ => "Exchange",
        }
    }
}

/// As the build number that administrators compare: `15.2.986.5`.
impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}.{}",
            self.major, self.minor, self.build, self.revision
        )
    }
}

/// Reads `Version 15.2 (Build 986.5)` and `15.2.986.5`; what stands around the numbers may be in any language.
impl FromStr for ServerVersion {
    type Err = ParseServerVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .map(str::parse::<u32>);
        let mut next = || numbers.next().transpose().map_err(|_| ParseServerVersionError);
        let major = next()?.ok_or(ParseServerVersionError)?;
        let minor = next()?.ok_or(ParseServerVersionError)?;
        Ok(Self {
            major,
            minor,
            build: next()?.unwrap_or(0),
            revision: next()?.unwrap_or(0),
        })
    }
}

/// Why a text is not a server version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a server version such as 'Version 15.2 (Build 986.5)'")]
pub struct ParseServerVersionError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_apart_by_their_builds() {
        for (text, build, product) in [
            ("Version 14.3 (Build 123.4)", "14.3.123.4", "Exchange 2010"),
            ("Version 15.0 (Build 1497.2)", "15.0.1497.2", "Exchange 2013"),
            ("Version 15.1 (Build 2507.6)", "15.1.2507.6", "Exchange 2016"),
            ("Version 15.2 (Build 986.5)", "15.2.986.5", "Exchange 2019"),
            ("Version 15.2 (Build 2562.17)", "15.2.2562.17", "Exchange SE"),
            ("15.2.2562.37", "15.2.2562.37", "Exchange SE"),
            ("バージョン 15.1 (ビルド 2507.6)", "15.1.2507.6", "Exchange 2016"),
            ("Version 16.0 (Build 1.0)", "16.0.1.0", "Exchange"),
        ] {
            let version: ServerVersion = text.parse().unwrap();
            assert_eq!(
                (version.to_string().as_str(), version.product()),
                (build, product),
                "{text}"
            );
        }
        for text in ["", "Version", "15", "15.99999999999"] {
            assert_eq!(
                text.parse::<ServerVersion>(),
                Err(ParseServerVersionError),
                "{text}"
            );
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text: &str| text.parse::<ServerVersion>().unwrap();
        assert!(version("15.2.986.5") < version("15.2.2562.17"));
        assert!(version("14.2.247.5") < ServerVersion::MINIMUM);
        assert!(version("14.3.123.4") > ServerVersion::MINIMUM);
    }
}
