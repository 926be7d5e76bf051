//! Names that people, departments and hostile phones have.

pub(super) const FIRST: &[&str] = &[
    "Ana", "Alan", "Aiko", "Amir", "Anders", "Beatriz", "Ben", "Carla", "Chen", "Clara", "Daniel", "Diego",
    "Elena", "Emil", "Erika", "Farid", "Fiona", "Gabriel", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jana",
    "Jonas", "Julia", "Kenji", "Kim", "Lara", "Leon", "Lina", "Luca", "Maja", "Marek", "Mei", "Mina",
    "Nadia", "Nils", "Noor", "Olga", "Omar", "Paul", "Petra", "Priya", "Rafael", "Renata", "Sana", "Sofia",
    "Sven", "Tara", "Tomas", "Vera", "Viktor", "Yuki", "Zoe", "Zeynep",
];

pub(super) const LAST: &[&str] = &[
    "Reid", "Almeida", "Andersen", "Baker", "Barros", "Becker", "Bianchi", "Brown", "Carter", "Chandra",
    "Clarke", "Costa", "Dahl", "Davies", "Dubois", "Eriksson", "Evans", "Fischer", "Fontana", "Garcia",
    "Gruber", "Haddad", "Hansen", "Hoffmann", "Ito", "Ivanova", "Jensen", "Jones", "Kaya", "Keller", "Kim",
    "Kowalski", "Larsen", "Lehmann", "Lopez", "Martin", "Meyer", "Moreau", "Nakamura", "Nguyen", "Novak",
    "Okafor", "Olsen", "Park", "Patel", "Petrov", "Quinn", "Rossi", "Sato", "Schmidt", "Silva", "Suzuki",
    "Tanaka", "Torres", "Vogel", "Wagner", "Walker", "Weber", "Wong", "Yilmaz", "Young", "Zhang",
];

pub(super) const DEPARTMENTS: &[&str] = &[
    "Sales",
    "Engineering",
    "Operations",
    "Finance",
    "Human Resources",
    "Legal",
    "Marketing",
    "Research",
    "IT",
    "Board",
];

/// What phones call themselves to attack a terminal, a log, a spreadsheet or a page.
pub(super) fn hostile() -> Vec<String> {
    vec![
        "\u{1b}[2J\u{1b}[31mAna's iPhone".to_owned(),
        "iPhone\r\nERROR run finished: 0 devices".to_owned(),
        "phone\u{202e}gpj.exe".to_owned(),
        "=cmd|' /C calc'!A0".to_owned(),
        "<script>alert(1)</script>".to_owned(),
        "x".repeat(1024),
        "\u{200f}\u{2066}迷惑\u{0000}\u{0007}☎\u{1f4f1}".to_owned(),
        "_x000D_ _x005F_ \"quoted\" & <b>".to_owned(),
        "@SUM(1+1)*cmd|' /C calc'!A0".to_owned(),
    ]
}
