//! The fields of a struct, found by the names of a message.

/// The fields of a struct, and which were given already.
pub(super) struct Fields {
    names: &'static [&'static str],
    seen: u128,
    /// Has the bit of each name's [`mark`].
    marks: [u64; MARKS / 64],
    /// The place behind the last one given: many a struct has its fields in the order of the message.
    next: usize,
}

/// How many marks there are: enough that a name which is no field hardly ever has the mark of one.
const MARKS: usize = 512;

impl Fields {
    pub(super) fn new(names: &'static [&'static str]) -> Self {
        let mut marks = [0; MARKS / 64];
        for name in names {
            let mark = mark(name.as_bytes());
            if let Some(word) = marks.get_mut(mark / 64) {
                *word |= 1 << (mark % 64);
            }
        }
        Self {
            names,
            seen: 0,
            marks,
            next: 0,
        }
    }

    /// The field of this name, exactly or else without ASCII case, if there is one that was not given before.
    #[inline(always)]
    pub(super) fn take(&mut self, name: &[u8]) -> Option<&'static str> {
        let mark = mark(name);
        let marks = self.marks.get(mark / 64)?;
        if marks >> (mark % 64) & 1 == 0 {
            return None;
        }
        self.find(name)
    }

    fn find(&mut self, name: &[u8]) -> Option<&'static str> {
        let at = match self.names.get(self.next) {
            Some(field) if field.as_bytes() == name => self.next,
            _ => self.search(name)?,
        };
        self.next = at + 1;
        let bit = u32::try_from(at)
            .ok()
            .and_then(|at| 1_u128.checked_shl(at))
            .unwrap_or_default();
        if self.seen & bit != 0 {
            return None;
        }
        self.seen |= bit;
        self.names.get(at).copied()
    }

    fn search(&self, name: &[u8]) -> Option<usize> {
        let mut similar = None;
        for (at, field) in self.names.iter().enumerate() {
            if field.as_bytes().eq_ignore_ascii_case(name) {
                if field.as_bytes() == name {
                    return Some(at);
                }
                similar = similar.or(Some(at));
            }
        }
        similar
    }
}

/// A number below [`MARKS`] that names have in common if they differ in ASCII case alone, and rarely otherwise: most members
/// that nobody asked for are told by it, without a comparison with each field.
#[inline(always)]
fn mark(name: &[u8]) -> usize {
    let ends = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => name.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    // Letters lose their case by this bit; what else it changes is of no matter.
    let caseless = ends | 0x2020_2020_2020_2020;
    let length = u64::try_from(name.len()).unwrap_or_default();
    let mixed = (caseless ^ length).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> (64 - MARKS.ilog2())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::Fields;

    const NAMES: &[&str] = &[
        "Id",
        "DeviceId",
        "DeviceID",
        "DeviceImei",
        "$ToString",
        "name",
        "",
        "Straße",
    ];

    proptest! {
        #[test]
        fn a_field_is_found_by_its_name_and_once(
            names in prop::collection::vec((select(NAMES), any::<u16>(), "[a-z]?"), 1..20),
        ) {
            let mut fields = Fields::new(NAMES);
            let mut given = Vec::new();
            for (name, capitals, more) in names {
                let letter = |(at, letter): (usize, char)| {
                    if capitals >> (at % 16) & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
                };
                let name: String = name.chars().chain(more.chars()).enumerate().map(letter).collect();
                let wanted = NAMES.iter().find(|field| **field == name);
                let wanted = wanted.or_else(|| NAMES.iter().find(|field| field.eq_ignore_ascii_case(&name)));
                let wanted = wanted.copied().filter(|field| !given.contains(field));
                prop_assert_eq!(fields.take(name.as_bytes()), wanted);
                given.extend(wanted);
            }
        }
    }
}
