//! `Get-Command`.

use serde::Deserialize;

use super::{Wire, required};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireCommand {
    name: Option<String>,
}

impl Wire for WireCommand {
    type Value = String;

    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    fn value(self) -> Result<String, String> {
        required(self.name, "Name")
    }
}
