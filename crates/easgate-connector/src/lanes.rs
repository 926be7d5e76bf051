//! Work that is done side by side, with an order inside each group.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use futures::stream::{FuturesUnordered, StreamExt};

/// Whether more work is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Go,
    Stop,
}

/// Does the work of every group, up to `lanes` groups at once and one item of a group at a time, in its order.
///
/// `done` sees each result as it comes. When it says to stop, what is under way is finished and nothing else is
/// begun. The items that were never begun are counted.
pub(crate) async fn side_by_side<T, R, F>(
    lanes: usize,
    groups: impl IntoIterator<Item = VecDeque<T>>,
    work: impl Fn(T) -> F,
    mut done: impl FnMut(R) -> Next,
) -> usize
where
    F: Future<Output = R>,
{
    let step = |mut group: VecDeque<T>| {
        let first = group.pop_front().map(&work);
        async move {
            match first {
                Some(first) => (Some(first.await), group),
                None => (None, group),
            }
        }
    };
    let mut waiting: VecDeque<VecDeque<T>> = groups.into_iter().collect();
    let mut under_way = FuturesUnordered::new();
    let mut next = Next::Go;
    loop {
        while next == Next::Go && under_way.len() < lanes.max(1) {
            let Some(group) = waiting.pop_front() else { break };
            under_way.push(step(group));
        }
        let Some((result, rest)) = under_way.next().await else {
            break;
        };
        if let Some(result) = result
            && done(result) == Next::Stop
        {
            next = Next::Stop;
        }
        if !rest.is_empty() {
            waiting.push_front(rest);
        }
    }
    waiting.iter().map(VecDeque::len).sum()
}
