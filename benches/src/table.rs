//! What was measured, for people and for programs.

use serde::Serialize;
use serde_json::{Value, json};

/// One measure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// Its stable name.
    pub(crate) id: &'static str,
    /// What was measured.
    pub(crate) measure: &'static str,
    /// What we reach.
    pub(crate) ours: Figure,
    /// What it is compared with, where it is.
    pub(crate) floor: Option<Floor>,
    /// Our cost as a multiple of the floor's, or our figure as a share of it.
    pub(crate) ratio: Option<f64>,
    /// What is to be reached.
    pub(crate) goal: Goal,
}

/// A number and its unit.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// What a measure is compared with.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Floor {
    pub(crate) what: &'static str,
    #[serde(flatten)]
    pub(crate) figure: Figure,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// The ratio is at most that.
    RatioAtMost(f64),
    /// The ratio is at least that.
    RatioAtLeast(f64),
    /// Our figure is at most that.
    AtMost(f64),
    /// Our figure is at least that.
    AtLeast(f64),
}

impl Row {
    /// Whether the goal is reached.
    pub(crate) fn met(&self) -> bool {
        let ours = self.ours.value;
        match self.goal {
            Goal::RatioAtMost(goal) => self.ratio.is_some_and(|ratio| ratio <= goal),
            Goal::RatioAtLeast(goal) => self.ratio.is_some_and(|ratio| ratio >= goal),
            Goal::AtMost(goal) => ours <= goal,
            Goal::AtLeast(goal) => ours >= goal,
        }
    }

    fn cells(&self) -> [String; 6] {
        [
            self.measure.to_owned(),
            self.ours.to_string(),
            self.floor
                .map_or_else(String::new, |floor| format!("{} ({})", floor.figure, floor.what)),
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            self.goal.to_string(),
            if self.met() { "met" } else { "not met" }.to_owned(),
        ]
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.value < 100.0 { 2 } else { 0 };
        write!(f, "{:.digits$} {}", self.value, self.unit)
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, goal) = match self {
            Self::RatioAtMost(goal) | Self::AtMost(goal) => ('≤', goal),
            Self::RatioAtLeast(goal) | Self::AtLeast(goal) => ('≥', goal),
        };
        write!(f, "{sign} {goal}")
    }
}

const HEAD: [&str; 6] = ["measure", "ours", "floor", "ratio", "goal", ""];

/// The table for people, in columns.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let mut widths = [0; HEAD.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let show = |line: &[String; HEAD.len()]| {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(show).collect()
}

/// The table for programs.
pub(crate) fn json(rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut value = json!(row);
            value["met"] = json!(row.met());
            value
        })
        .collect();
    json!({ "rows": rows })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn rows() -> Vec<Row> {
        let decoded = Row {
            id: "decode",
            measure: "a record",
            ours: Figure {
                value: 512.345,
                unit: "MB/s",
            },
            floor: Some(Floor {
                what: "events alone",
                figure: Figure {
                    value: 230.0,
                    unit: "MB/s",
                },
            }),
            ratio: Some(0.449),
            goal: Goal::RatioAtMost(0.45),
        };
        let start = Row {
            id: "start",
            measure: "start",
            ours: Figure {
                value: 12.5,
                unit: "ms",
            },
            floor: None,
            ratio: None,
            goal: Goal::AtMost(10.0),
        };
        vec![decoded, start]
    }

    #[test]
    fn people_read_columns() {
        expect![[r"
            measure   ours      floor                    ratio  goal
            a record  512 MB/s  230 MB/s (events alone)  0.45   ≤ 0.45  met
            start     12.50 ms                                  ≤ 10    not met
        "]]
        .assert_eq(&text(&rows()));
    }

    #[test]
    fn programs_read_stable_names() {
        expect![[r#"{"rows":[{"floor":{"unit":"MB/s","value":230.0,"what":"events alone"},"goal":{"ratio_at_most":0.45},"id":"decode","measure":"a record","met":true,"ours":{"unit":"MB/s","value":512.345},"ratio":0.449},{"floor":null,"goal":{"at_most":10.0},"id":"start","measure":"start","met":false,"ours":{"unit":"ms","value":12.5},"ratio":null}]}"#]]
        .assert_eq(&json(&rows()).to_string());
    }
}
