//! Who does something.

/// A person, or the program itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name that was given; `easgate` for the program itself.
    pub name: String,
    /// The user of the operating system, where it is known.
    pub uid: Option<u32>,
}
