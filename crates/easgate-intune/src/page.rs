//! Following the pages of a list to its end.

use std::collections::HashSet;

use url::Url;

use crate::GraphError;

/// The links of one list that were followed.
///
/// INVARIANT: every link has the origin of `root`, and none comes twice.
pub(crate) struct Links<'a> {
    root: &'a Url,
    endpoint: &'a str,
    visited: HashSet<String>,
    max_pages: usize,
}

impl<'a> Links<'a> {
    pub(crate) fn new(root: &'a Url, endpoint: &'a str, max_pages: usize) -> Self {
        Self {
            root,
            endpoint,
            visited: HashSet::new(),
            max_pages,
        }
    }

    /// The next page to read, if `link` may be followed with our token.
    pub(crate) fn follow(&mut self, link: &str) -> Result<Url, GraphError> {
        let url = own_link(self.root, self.endpoint, link)?;
        if self.visited.len() + 1 >= self.max_pages {
            return Err(GraphError::TooManyPages {
                endpoint: self.endpoint.to_owned(),
                limit: self.max_pages,
            });
        }
        if !self.visited.insert(link.to_owned()) {
            return Err(GraphError::RepeatedLink {
                endpoint: self.endpoint.to_owned(),
            });
        }
        Ok(url)
    }
}

/// `link` as an URL, if scheme, host and port are those of `root` and it carries no user information.
pub(crate) fn own_link(root: &Url, endpoint: &str, link: &str) -> Result<Url, GraphError> {
    let foreign = |origin: String| GraphError::ForeignLink {
        endpoint: endpoint.to_owned(),
        origin,
    };
    let url = Url::parse(link).map_err(|_| foreign("what is not an absolute URL".to_owned()))?;
    let same = url.scheme() == root.scheme()
        && url.host() == root.host()
        && url.port_or_known_default() == root.port_or_known_default();
    if !same {
        return Err(foreign(easgate_model::escape(
            &url.origin().ascii_serialization(),
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(foreign("a place with user information".to_owned()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
