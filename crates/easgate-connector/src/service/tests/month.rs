//! A month of service in paused time.

use std::collections::BTreeSet;

use time::UtcOffset;

use super::*;

/// From the 15th of March to the 15th of April: the clocks of Berlin go forward on the 29th of March.
const BEGIN: OffsetDateTime = datetime!(2026-03-15 07:20 UTC);
const DAYS: i64 = 31;

const HOUR: u64 = 3600;

/// What happens in the month, hour by hour: how runs behave, and when the process is started anew.
struct Weather {
    hour: u64,
    act: Act,
    restarts: bool,
}

/// Exchange is away for two hours each week; the process is started anew every 61 hours, and once it is off over the time of a
/// full sync.
fn weather(hour: u64) -> Weather {
    let act = if (80..82).contains(&(hour % 168)) {
        Act::Unread(Duration::from_secs(20))
    } else {
        Act::Good(Duration::from_secs(40))
    };
    Weather {
        hour,
        act,
        restarts: hour % 61 == 60,
    }
}

fn in_berlin(at: OffsetDateTime) -> OffsetDateTime {
    let summer = at >= datetime!(2026-03-29 01:00 UTC);
    at.to_offset(UtcOffset::from_hms(if summer { 2 } else { 1 }, 0, 0).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_month_of_service_keeps_its_schedule_over_the_clocks_over_failures_and_over_restarts() {
    let clock = Paused::at(BEGIN);
    let book = Book::new(&clock, QUICKLY);
    let schedule = Schedule {
        full: Some(daily("02:30", "Europe/Berlin")),
        ..schedule()
    };
    let mut running = Some(serve(&clock, schedule.clone(), &book));
    let mut most_waiting = 0;
    let mut is_off_until = 0;
    for weather in (0..DAYS.unsigned_abs() * 24).map(weather) {
        *book.act.lock().unwrap() = weather.act;
        if weather.restarts {
            let (service, _) = running.take().unwrap();
            service.stop().await;
            // Once for eight hours, over the night to the 28th.
            is_off_until = weather.hour + if weather.hour == 304 { 8 } else { 0 };
        }
        if running.is_none() && weather.hour >= is_off_until {
            running = Some(serve(&clock, schedule.clone(), &book));
        }
        after(HOUR).await;
        if let Some((service, handle)) = &running {
            assert!(service.is_alive(), "hour {}", weather.hour);
            most_waiting = most_waiting.max(handle.status().waiting.len() + handle.status().running.len());
        }
    }
    let (service, _) = running.take().unwrap();
    service.stop().await;
    assert!(most_waiting <= 2, "{most_waiting}");
    once_each_day(&book.began(Kind::Full));
    no_gaps(&book);
    let overlaps = book.overlaps.lock().unwrap();
    assert!(
        overlaps
            .iter()
            .all(|together| together.contains(&Kind::Watch) && together.len() == 2),
        "{overlaps:?}"
    );
}

/// The first one at once, then one for each day at its time, or as soon as the process ran again.
fn once_each_day(full: &[OffsetDateTime]) {
    let full: Vec<_> = full.iter().map(|at| in_berlin(*at)).collect();
    let days: BTreeSet<_> = full.iter().map(|at| at.date()).collect();
    assert_eq!(full[0], in_berlin(BEGIN));
    assert_eq!((full.len(), days.len()), (32, 32), "{full:#?}");
    let at_their_time = full
        .iter()
        .filter(|at| (at.hour(), at.minute()) == (2, 30))
        .count();
    let late: Vec<_> = full[1..]
        .iter()
        .filter(|at| (at.hour(), at.minute()) != (2, 30))
        .collect();
    assert_eq!(at_their_time, 29, "{late:?}");
    let forward = late
        .iter()
        .find(|at| at.date() == time::macros::date!(2026 - 03 - 29))
        .unwrap();
    assert_eq!(
        (forward.hour(), forward.minute()),
        (3, 30),
        "02:30 does not exist then"
    );
}

/// Quick syncs and watch passes keep coming: no gap is longer than their interval and what kept them from running.
fn no_gaps(book: &Book) {
    let mut syncs = book.began(Kind::Quick);
    syncs.extend(book.began(Kind::Full));
    syncs.sort();
    let longest = |times: &[OffsetDateTime]| {
        times
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).whole_minutes())
            .max()
    };
    assert!(syncs.len() > 300, "{}", syncs.len());
    // Eight hours off, or two of them away from Exchange and a pause of one.
    assert!(longest(&syncs).unwrap() <= 8 * 60 + 120, "{:?}", longest(&syncs));
    let watch = book.began(Kind::Watch);
    assert!(watch.len() > 40_000, "{}", watch.len());
    assert!(longest(&watch).unwrap() <= 8 * 60 + 1, "{:?}", longest(&watch));
    let soon = watch
        .windows(2)
        .filter(|pair| pair[1] - pair[0] < Duration::from_secs(59))
        .count();
    assert!(
        soon < 40,
        "watch passes are a minute apart, but for restarts: {soon}"
    );
}
