//! Changes that failed, each looked at again by a run for its mailbox.

use super::*;

fn book_with(clock: &Arc<dyn Clock>, act: Act, number: u32) -> Arc<Book> {
    let book = Book::new(clock, act);
    let due = START + Duration::from_secs(600);
    *book.retries.lock().unwrap() = (0..number)
        .map(|number| (format!("u{number}@x.example"), due))
        .collect();
    book.last.lock().unwrap().full = Some(START - Duration::from_secs(60));
    book
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_looked_at_when_it_is_due_and_once_when_that_succeeds() {
    let clock = Paused::at(START);
    let book = book_with(&clock, QUICKLY, 20);
    let (service, handle) = serve(&clock, only_full(), &book);
    after(599).await;
    assert_eq!(book.kinds(), []);
    after(300).await;
    assert_eq!(book.starts(Kind::User, By::Retry), 20);
    after(3600).await;
    assert_eq!(book.kinds().len(), 20);
    assert_eq!(handle.status().failures, 0);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_waits_a_quarter_of_an_hour_and_stops_no_other_run() {
    let clock = Paused::at(START);
    let book = book_with(&clock, Act::Unread(Duration::from_secs(1)), 1);
    let (service, handle) = serve(&clock, only_full(), &book);
    after(4 * 900 + 700).await;
    assert_eq!(
        book.starts(Kind::User, By::Retry),
        5,
        "one each quarter of an hour"
    );
    assert_eq!(
        handle.status().not_before,
        None,
        "one mailbox says nothing of Exchange"
    );
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn many_retries_never_keep_a_sync_waiting_that_is_due() {
    let clock = Paused::at(START);
    let book = book_with(&clock, Act::Good(Duration::from_secs(60)), 500);
    let quick = Schedule {
        quick: Some(Duration::from_secs(3600)),
        ..only_full()
    };
    let (service, _) = serve(&clock, quick, &book);
    after(5 * 3600).await;
    let began = book.began(Kind::Quick);
    assert!(began.len() >= 4, "{began:?}");
    assert!(book.starts(Kind::User, By::Retry) > 200);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn retries_wait_while_the_schedule_pauses_and_while_another_node_leads() {
    let clock = Paused::at(START);
    let book = book_with(&clock, Act::Unread(Duration::ZERO), 1);
    book.last.lock().unwrap().full = None;
    let (service, _) = serve(&clock, only_full(), &book);
    after(12 * 60).await;
    assert_eq!(book.starts(Kind::User, By::Retry), 0);
    service.stop().await;

    let book = book_with(&clock, QUICKLY, 1);
    book.standing.lock().unwrap().role = Role::Observer { leader: None };
    let (service, _) = serve(&clock, only_full(), &book);
    after(3600).await;
    assert_eq!(book.kinds(), []);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_the_same_mailbox_waits_for_the_same_run() {
    let clock = Paused::at(START);
    let book = book_with(&clock, Act::Good(Duration::from_secs(300)), 2);
    let (service, handle) = serve(&clock, only_full(), &book);
    after(700).await;
    let answer = handle.trigger(by_hand(Work::User("U1@x.example".to_owned())));
    assert!(answer.await.unwrap().has_read());
    assert_eq!(book.kinds(), [Kind::User, Kind::User]);
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_whose_run_breaks_is_not_run_for_all_the_time() {
    let clock = Paused::at(START);
    let book = book_with(&clock, Act::Panic, 1);
    let (service, _) = serve(&clock, only_full(), &book);
    after(4 * 900 + 700).await;
    assert_eq!(book.starts(Kind::User, By::Retry), 5);
    service.stop().await;
}
