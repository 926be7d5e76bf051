//! The plot of docs/performance.md: two panels with logarithmic axes, in which what is linear is a line that rises by one.

use std::fmt::Write as _;

use crate::growth::Point;

const PANEL: (f64, f64) = (330.0, 250.0);
const MARGIN: (f64, f64) = (64.0, 40.0);
const GAP: f64 = 70.0;

/// One curve.
struct Curve {
    name: &'static str,
    color: &'static str,
    /// Device counts and costs.
    points: Vec<(f64, f64)>,
}

/// A panel, from powers of ten to powers of ten.
struct Panel<'a> {
    title: &'static str,
    unit: fn(i32) -> String,
    left: f64,
    devices: (i32, i32),
    costs: (i32, i32),
    curves: &'a [Curve],
}

/// Draws the growth of cost.
pub(crate) fn draw(growth: &[Point]) -> String {
    let curve = |name, color, cost: fn(&Point) -> f64| Curve {
        name,
        color,
        points: growth.iter().map(|point| (point.devices, cost(point))).collect(),
    };
    let time = [
        curve("SOAP to typed records", "#1f6feb", |point| point.read),
        curve("decide and plan", "#c2410c", |point| point.decide),
    ];
    let heap = [curve("peak of decide and plan", "#c2410c", |point| point.heap)];
    let devices = powers(growth.iter().map(|point| point.devices));
    let panels = [
        Panel {
            title: "CPU time",
            unit: seconds,
            left: MARGIN.0,
            devices,
            costs: powers(time.iter().flat_map(costs)),
            curves: &time,
        },
        Panel {
            title: "heap, besides the facts",
            unit: bytes,
            left: MARGIN.0 + PANEL.0 + GAP,
            devices,
            costs: powers(heap.iter().flat_map(costs)),
            curves: &heap,
        },
    ];
    let (width, height) = (MARGIN.0 + 2.0 * PANEL.0 + GAP + 20.0, MARGIN.1 + PANEL.1 + 56.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Cost by the number of devices</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for panel in &panels {
        panel.draw(&mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn costs(curve: &Curve) -> impl Iterator<Item = f64> {
    curve.points.iter().map(|(_, cost)| *cost)
}

/// The powers of ten around `values`.
fn powers(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let (least, most) = values.fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    let all = -12..13;
    let below = all.clone().rev().find(|power| 10_f64.powi(*power) <= least);
    let above = all.clone().find(|power| 10_f64.powi(*power) >= most);
    let (below, above) = (below.unwrap_or(all.start), above.unwrap_or(all.end));
    (below, above.max(below + 1))
}

fn seconds(power: i32) -> String {
    match power {
        0.. => format!("{} s", 10_f64.powi(power)),
        -3..0 => format!("{} ms", 10_f64.powi(power + 3)),
        _ => format!("{} µs", 10_f64.powi(power + 6)),
    }
}

fn bytes(power: i32) -> String {
    match power {
        9.. => format!("{} GB", 10_f64.powi(power - 9)),
        6..9 => format!("{} MB", 10_f64.powi(power - 6)),
        3..6 => format!("{} kB", 10_f64.powi(power - 3)),
        _ => format!("{} B", 10_f64.powi(power)),
    }
}

fn devices(power: i32) -> String {
    match power {
        6.. => format!("{},000,000", 10_f64.powi(power - 6)),
        3..6 => format!("{},000", 10_f64.powi(power - 3)),
        _ => format!("{}", 10_f64.powi(power)),
    }
}

impl Panel<'_> {
    fn draw(&self, out: &mut String) {
        let (bottom, right) = (MARGIN.1 + PANEL.1, self.left + PANEL.0);
        let middle = self.left + PANEL.0 / 2.0;
        text(out, (middle, MARGIN.1 - 14.0), "middle", "#111", self.title);
        for power in self.devices.0..=self.devices.1 {
            let x = self.x(10_f64.powi(power));
            line(out, (x, MARGIN.1), (x, bottom));
            text(out, (x, bottom + 18.0), "middle", "#444", &devices(power));
        }
        for power in self.costs.0..=self.costs.1 {
            let y = self.y(10_f64.powi(power));
            line(out, (self.left, y), (right, y));
            text(
                out,
                (self.left - 8.0, y + 4.0),
                "end",
                "#444",
                &(self.unit)(power),
            );
        }
        text(out, (middle, bottom + 40.0), "middle", "#444", "devices");
        for (at, curve) in (0_u16..).zip(self.curves) {
            let points: Vec<String> = curve
                .points
                .iter()
                .map(|(devices, cost)| format!("{:.1},{:.1}", self.x(*devices), self.y(*cost)))
                .collect();
            let (color, path) = (curve.color, points.join(" "));
            let _ = writeln!(
                out,
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"
            );
            let height = MARGIN.1 + 18.0 + 16.0 * f64::from(at);
            text(out, (self.left + 10.0, height), "start", color, curve.name);
        }
    }

    fn x(&self, devices: f64) -> f64 {
        self.left + PANEL.0 * share(devices, self.devices)
    }

    fn y(&self, cost: f64) -> f64 {
        MARGIN.1 + PANEL.1 * (1.0 - share(cost, self.costs))
    }
}

/// Where `value` stands between two powers of ten, from 0 to 1.
fn share(value: f64, (from, to): (i32, i32)) -> f64 {
    (value.log10() - f64::from(from)) / f64::from(to - from)
}

fn line(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>"
    );
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, color: &str, content: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\">{content}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_as_the_devices_do_is_a_straight_line() {
        let growth: Vec<Point> = [1_000.0, 10_000.0, 100_000.0]
            .map(|devices| Point {
                devices,
                read: devices * 1e-5,
                decide: devices * 1e-6,
                heap: devices * 350.0,
            })
            .to_vec();
        let drawn = draw(&growth);
        // From 1 ms to 1 s over three powers of ten, of which the last two end at the two panels' right.
        assert!(
            drawn.contains("points=\"64.0,206.7 229.0,123.3 394.0,40.0\""),
            "{drawn}"
        );
        for label in ["10,000", "10 ms", "100 kB", "1 s", "decide and plan"] {
            assert!(drawn.contains(label), "{label}: {drawn}");
        }
    }
}
