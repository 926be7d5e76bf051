//! Who did something.

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name that was given; `easgate` is the program itself.
    pub name: String,
    /// The user of the operating system.
    pub uid: Option<u32>,
}
