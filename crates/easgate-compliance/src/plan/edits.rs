//! Which list entries a decision asks for.

use easgate_model::AccessLevel;

use crate::lists::Lists;
use crate::{Access, ForeignAllow, ListEdit, Reason};

/// What stands in the way of a decision, or makes it unnecessary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) lists: Lists,
    /// Whether only our own entry is left of the device.
    pub(crate) gone: bool,
    /// What Exchange's own order gives without our entries.
    pub(crate) without_us: AccessLevel,
    pub(crate) foreign_allow: ForeignAllow,
}

/// Returns the edits to the allow and the block list; `None` when there is nothing to write.
///
/// **A refusal that Exchange makes without us is not written** (it would fill the lists for nothing). *Without
/// us* means at least as strictly as the decision wants:
///
/// | wanted | Exchange without us | block list |
/// |---|---|---|
/// | block | block | nothing: it refuses already |
/// | block | quarantine | add: an administrator's click lets a quarantined phone in, and Exchange's own mail promises that its content will come; an enrolled device that is not compliant is to be refused plainly |
/// | block | allow | add |
/// | quarantine | quarantine | nothing, and a block entry of ours is taken back |
///
/// A quarantine that Exchange does not give without us has become a block before it comes here.
///
/// An entry that is there already is never written again, whoever made it. Nothing is added for a device that
/// has no partnership; what we added for it is taken back unless a current verdict still holds it.
pub(crate) fn edits(access: Access, reason: Reason, s: Situation) -> Option<(ListEdit, ListEdit)> {
    let lists = s.lists;
    let (allow, block) = match access {
        // A foreign block beats an allow entry: it is reported, and nothing is planned against it.
        Access::Allow if lists.foreign_block() => (ListEdit::Keep, ListEdit::Keep),
        Access::Allow => (add_if(!lists.in_allow && !s.gone), remove_if(lists.own_block)),
        Access::Block => (remove_if(lists.own_allow), add_if(needs_block(reason, s))),
        Access::Quarantine => (remove_if(lists.own_allow), remove_if(lists.own_block)),
        Access::Untouched if reason.means_default_rule() => {
            (remove_if(lists.own_allow), remove_if(lists.own_block))
        }
        // Nobody could be asked, not even whether the device is really gone.
        Access::Untouched if reason == Reason::Unreachable => (ListEdit::Keep, ListEdit::Keep),
        // Unclear facts take nothing from anybody; but where no device is left, an allow entry of ours would
        // wait for whoever comes with the same id.
        Access::Untouched => (remove_if(lists.own_allow && s.gone), ListEdit::Keep),
    };
    (allow != ListEdit::Keep || block != ListEdit::Keep).then_some((allow, block))
}

fn needs_block(reason: Reason, s: Situation) -> bool {
    // The word of a person about this one device is newer than any list.
    let tolerated =
        s.lists.foreign_allow() && s.foreign_allow == ForeignAllow::Report && reason != Reason::ManualBlock;
    !s.gone && !s.lists.in_block && !tolerated && s.without_us != AccessLevel::Block
}

const fn add_if(wanted: bool) -> ListEdit {
    if wanted { ListEdit::Add } else { ListEdit::Keep }
}

const fn remove_if(wanted: bool) -> ListEdit {
    if wanted { ListEdit::Remove } else { ListEdit::Keep }
}
