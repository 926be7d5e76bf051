//! The loops in paused time, with runners that are told how to behave.

mod month;
mod retries;
mod sham;

use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::Instant;

use super::*;
use crate::schedule::Daily;
use sham::{Act, Book, Paused, QUICKLY, Sham};

fn daily(at: &str, zone: &str) -> Daily {
    Daily::new(at.parse().unwrap(), zone).unwrap()
}

/// Full at 02:00 UTC, quick every two hours, watch every minute.
fn schedule() -> Schedule {
    Schedule {
        full: Some(daily("02:00", "UTC")),
        quick: Some(Duration::from_secs(7200)),
        watch: Some(Duration::from_secs(60)),
    }
}

fn only_full() -> Schedule {
    Schedule {
        quick: None,
        watch: None,
        ..schedule()
    }
}

const START: OffsetDateTime = datetime!(2026-05-05 12:00 UTC);

/// A service with one organisation.
fn serve(clock: &Arc<dyn Clock>, schedule: Schedule, book: &Arc<Book>) -> (Service, Handle) {
    let mut service = Service::new(Arc::clone(clock), TimeLimits::default());
    service.start("contoso", schedule, Arc::new(Sham(Arc::clone(book), &Kind::ALL)));
    let handle = service.handles()["contoso"].clone();
    (service, handle)
}

async fn after(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn by_hand(work: Work) -> Job {
    Job::new(work, By::Peer { uid: 1000 })
}

#[tokio::test(start_paused = true)]
async fn the_first_full_sync_begins_at_once_and_everything_else_after_it() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, Act::Good(Duration::from_secs(600)));
    let (service, handle) = serve(&clock, schedule(), &book);
    after(1).await;
    assert_eq!(book.kinds(), [Kind::Full]);
    assert_eq!(handle.status().running[0].by, By::Schedule);
    after(620).await;
    assert_eq!(book.kinds(), [Kind::Full, Kind::Watch]);
    *book.act.lock().unwrap() = QUICKLY;
    after(3600 * 2).await;
    assert_eq!(book.starts(Kind::Quick, By::Schedule), 1);
    assert_eq!(book.starts(Kind::Full, By::Schedule), 1);
    assert!(service.is_alive());
    service.stop().await;
    assert_eq!(*book.closed.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn full_quick_and_users_syncs_exclude_each_other_and_a_watch_pass_runs_beside_them() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, Act::Good(Duration::from_secs(500)));
    let (service, handle) = serve(
        &clock,
        Schedule {
            watch: None,
            ..schedule()
        },
        &book,
    );
    after(1).await;
    let answers = [
        handle.trigger(by_hand(Work::Quick)),
        handle.trigger(by_hand(Work::Watch)),
        handle.trigger(by_hand(Work::User("ana@x.example".to_owned()))),
        handle.trigger(by_hand(Work::Full)),
        handle.trigger(by_hand(Work::Full)),
    ];
    after(1).await;
    let status = handle.status();
    assert_eq!(
        status.running.iter().map(|one| one.kind).collect::<Vec<_>>(),
        [Kind::Full, Kind::Watch]
    );
    assert_eq!(status.waiting, [Kind::Full, Kind::Quick, Kind::User]);
    for answer in answers {
        assert!(answer.await.unwrap().has_read());
    }
    assert_eq!(
        book.kinds(),
        [Kind::Full, Kind::Watch, Kind::User, Kind::Full],
        "the second full is the quick one too"
    );
    let overlaps = book.overlaps.lock().unwrap().clone();
    for together in &overlaps {
        assert_eq!(
            together.iter().filter(|kind| **kind != Kind::Watch).count(),
            1,
            "{overlaps:?}"
        );
    }
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_tried_again_after_longer_and_longer_pauses() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, Act::Unread(Duration::ZERO));
    let (service, handle) = serve(&clock, schedule(), &book);
    after(5 * 3600).await;
    let minutes: Vec<_> = book
        .began(Kind::Full)
        .iter()
        .map(|at| (*at - START).whole_minutes())
        .collect();
    assert_eq!(minutes, [0, 1, 6, 21, 81, 141, 201, 261]);
    assert_eq!(handle.status().failures, 8);
    let answer = handle.trigger(by_hand(Work::Full)).await.unwrap();
    assert!(!answer.has_read(), "a person does not wait for the pause");
    *book.act.lock().unwrap() = QUICKLY;
    assert!(handle.trigger(by_hand(Work::Full)).await.unwrap().has_read());
    after(1).await;
    let status = handle.status();
    assert_eq!((status.failures, status.not_before), (0, None));
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_panics_or_hangs_in_one_organisation_delays_no_other() {
    let clock = Paused::at(START);
    let limits = TimeLimits {
        full: Duration::from_secs(600),
        ..TimeLimits::default()
    };
    let mut service = Service::new(Arc::clone(&clock), limits);
    let acts = [
        ("good", QUICKLY),
        ("panics", Act::Panic),
        ("hangs", Act::Hang),
        ("slow", Act::UntilStopped),
    ];
    let books = acts.map(|(name, act)| {
        let book = Book::new(&clock, act);
        service.start(name, only_full(), Arc::new(Sham(Arc::clone(&book), &Kind::ALL)));
        (name, book)
    });
    let answer = |name: &str| service.handles()[name].trigger(by_hand(Work::Full));
    let answers = ["panics", "hangs", "slow"].map(answer);
    after(10).await;
    assert_eq!(books[0].1.kinds(), [Kind::Full]);
    assert!(books[0].1.last.lock().unwrap().full.is_some());
    let [panics, hangs, slow] = answers;
    let why = |outcome: &Outcome| match outcome {
        Outcome::Broken { why, message } => (why.name(), message.clone()),
        Outcome::Reported { report, .. } => ("reported", report.facts_read.to_string()),
        Outcome::Told { .. } => ("told", String::new()),
    };
    let (name, message) = why(&panics.await.unwrap());
    assert_eq!(name, "panicked");
    assert!(message.ends_with("a mistake of full"), "{message}");
    assert_eq!(why(&hangs.await.unwrap()).0, "timedOut");
    assert_eq!(
        why(&slow.await.unwrap()),
        ("reported", "true".to_owned()),
        "it was told to stop, and did"
    );
    assert!(service.is_alive());
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_takes_less_than_ten_seconds_and_tells_everybody() {
    for (act, seconds) in [(Act::UntilStopped, 2), (Act::Hang, 10)] {
        let clock = Paused::at(START);
        let book = Book::new(&clock, act);
        let (service, handle) = serve(&clock, only_full(), &book);
        after(1).await;
        let waits = handle.trigger(by_hand(Work::Quick));
        after(1).await;
        let before = Instant::now();
        service.stop().await;
        assert!(
            before.elapsed() < Duration::from_secs(seconds),
            "{act:?}: {:?}",
            before.elapsed()
        );
        let told = waits.await.unwrap();
        assert!(
            matches!(
                &*told,
                Outcome::Broken {
                    why: Broken::Stopping,
                    ..
                }
            ),
            "{told:?}"
        );
        assert_eq!(*book.closed.lock().unwrap(), 1);
        assert!(book.under_way.lock().unwrap().is_empty());
        assert!(
            handle.trigger(by_hand(Work::Full)).await.is_err(),
            "nobody is there any more"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn new_settings_are_used_from_the_next_run_on() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, Act::Good(Duration::from_secs(600)));
    let (mut service, handle) = serve(&clock, schedule(), &book);
    after(1).await;
    let next = Book::new(&clock, QUICKLY);
    service.start(
        "contoso",
        only_full(),
        Arc::new(Sham(Arc::clone(&next), &[Kind::Full])),
    );
    let asked = handle.trigger(by_hand(Work::Full));
    after(60).await;
    assert!(next.kinds().is_empty(), "the run of before goes on");
    assert_eq!(*book.closed.lock().unwrap(), 0);
    assert!(asked.await.unwrap().has_read());
    assert_eq!((book.kinds(), next.kinds()), (vec![Kind::Full], vec![Kind::Full]));
    assert_eq!(*book.closed.lock().unwrap(), 1);
    let unknown = handle.trigger(by_hand(Work::Quick)).await.unwrap();
    assert!(
        matches!(
            &*unknown,
            Outcome::Broken {
                why: Broken::Unknown,
                ..
            }
        ),
        "{unknown:?}"
    );
    service.remove("contoso");
    after(10).await;
    assert_eq!(*next.closed.lock().unwrap(), 1);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_observer_starts_nothing_and_says_who_leads() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, Act::UntilStopped);
    let observes = Standing {
        role: Role::Observer {
            leader: Some("node-b".to_owned()),
        },
        not_before: None,
    };
    *book.standing.lock().unwrap() = observes.clone();
    let (service, handle) = serve(&clock, schedule(), &book);
    after(3600).await;
    assert!(book.kinds().is_empty());
    let told = handle.trigger(by_hand(Work::Full)).await.unwrap();
    assert!(
        matches!(&*told, Outcome::Broken { why: Broken::Observer, message } if message.contains("node-b"))
    );
    *book.standing.lock().unwrap() = Standing::default();
    after(40).await;
    assert_eq!(
        book.kinds(),
        [Kind::Full],
        "who leads from now on begins what is due"
    );
    *book.standing.lock().unwrap() = observes;
    after(40).await;
    assert!(
        book.under_way.lock().unwrap().is_empty(),
        "who no longer leads stops"
    );
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_exchange_holds_the_schedule_back_but_no_person() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, QUICKLY);
    let until = START + Duration::from_secs(1800);
    *book.standing.lock().unwrap() = Standing {
        role: Role::Leader,
        not_before: Some(until),
    };
    let (service, handle) = serve(&clock, only_full(), &book);
    after(60).await;
    assert!(book.kinds().is_empty());
    assert_eq!(handle.status().not_before, Some(until));
    assert!(
        handle
            .trigger(by_hand(Work::User("ana@x.example".to_owned())))
            .await
            .unwrap()
            .has_read()
    );
    after(1800).await;
    assert_eq!(book.kinds(), [Kind::User, Kind::Full]);
    assert!(book.began(Kind::Full)[0] >= until);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_another_process_ran_is_not_run_again() {
    let clock = Paused::at(datetime!(2026-05-05 01:00 UTC));
    let book = Book::new(&clock, QUICKLY);
    book.last.lock().unwrap().full = Some(datetime!(2026-05-04 02:00 UTC));
    let (service, _) = serve(&clock, only_full(), &book);
    after(1800).await;
    book.last.lock().unwrap().full = Some(datetime!(2026-05-05 01:59:30 UTC));
    after(3600 * 12).await;
    assert!(book.kinds().is_empty());
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn many_triggers_that_nobody_waits_for_leave_nothing_behind() {
    let clock = Paused::at(START);
    let book = Book::new(&clock, Act::Good(Duration::from_secs(600)));
    let (service, handle) = serve(&clock, only_full(), &book);
    for _ in 0..500 {
        handle.wake();
        handle.nudge(Job::new(Work::Full, By::Signal));
        after(1).await;
    }
    assert_eq!(handle.status().waiting, [Kind::Full, Kind::Quick]);
    after(3600).await;
    assert_eq!(book.kinds(), [Kind::Full, Kind::Full]);
    service.stop().await;
}

/// The page lists every event, so that it cannot go stale.
#[test]
fn the_page_lists_every_event_with_its_meaning() {
    let page = include_str!("../../../../docs/service.md");
    let (head, rest) = page.split_once("<!-- events -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end of events -->\n").unwrap();
    let rows: String = events::ALL
        .iter()
        .map(|(id, meaning)| format!("| `{id}` | {meaning} |\n"))
        .collect();
    let expected = format!("{head}<!-- events -->\n{rows}<!-- end of events -->\n{tail}");
    expect_test::expect_file!["../../../../docs/service.md"].assert_eq(&expected);
}
