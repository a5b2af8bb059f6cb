//! What stands in Redis while all is well.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::counting::{Counting, Way};
use crate::redis_server::{RedisServer, eventually};

const DAY_SECONDS: i64 = 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_counter_stands_in_redis_under_its_documented_key() {
    let server = RedisServer::start(&[]);
    let counting = Counting::start(Way::to(&server));
    counting.is_shown_in(&server);
    counting.sell();
    counting.sell();
    counting.is_shown_in(&server);

    let day = Timestamp::from_microsecond(counting.began.0).expect("a time").to_zoned(TimeZone::UTC);
    let key = format!("px:1:campaign:alps:budget:{}", day.strftime("%Y-%m-%d"));
    let fields = server.fields(&key);
    let expected = [("limit", "900000000"), ("pending", "8000000"), ("posted", "8000000")];
    assert!(fields.iter().map(|(name, value)| (&**name, &**value)).eq(expected), "{fields:?}");
    let shown = server.fields("px:1:campaign:alps:sold:total");
    let expected = [("limit", "100"), ("pending", "2"), ("posted", "2")];
    assert!(shown.iter().map(|(name, value)| (&**name, &**value)).eq(expected), "{shown:?}");
    let balance = server.fields("px:1:buyer:north:balance:total");
    assert_eq!(balance["limit"], "5000000000", "{balance:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn keys_outlive_their_window_by_two_days_and_no_longer() {
    let server = RedisServer::start(&[]);
    let counting = Counting::start(Way::to(&server));
    counting.is_shown_in(&server);
    let day = Timestamp::from_microsecond(counting.began.0).expect("a time").to_zoned(TimeZone::UTC);
    let key = format!("px:1:campaign:coast:sold:{}", day.strftime("%Y-%m-%d"));
    let midnight = counting.began.0.div_euclid(1_000_000).div_euclid(DAY_SECONDS) * DAY_SECONDS;
    assert_eq!(server.ask(&["EXPIRETIME", &key]), [(midnight + 3 * DAY_SECONDS).to_string()]);
    // What never ends is kept for as long as somebody writes.
    for key in ["px:1:campaign:alps:sold:total", "px:1:mirror"] {
        let left: i64 = server.ask(&["TTL", key]).concat().parse().expect("seconds");
        assert!((2 * DAY_SECONDS - 600..=2 * DAY_SECONDS).contains(&left), "{key}: {left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn readers_see_how_old_the_mirror_is() {
    let server = RedisServer::start(&[]);
    let counting = Counting::start(Way::to(&server));
    counting.is_shown_in(&server);
    let at = || server.fields("px:1:mirror")["at_ms"].parse::<i64>().expect("milliseconds");
    let first = at();
    assert!((counting.began.0 / 1_000..).contains(&first));
    eventually("it goes on although nothing is sold", || at() > first);
    assert_eq!(server.fields("px:1:mirror")["every_ms"], "10");
    let before = counting.standing().written;
    eventually("it goes on although nothing is sold", || at() > first + 50);
    assert_eq!(counting.standing().written, before, "what has not changed is not written again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_redis_says_is_never_taken_for_true() {
    let server = RedisServer::start(&[]);
    let counting = Counting::start(Way::to(&server));
    counting.is_shown_in(&server);
    let before = counting.counted();
    for field in ["posted", "pending", "limit"] {
        server.ask(&["HSET", "px:1:campaign:alps:sold:total", field, "99"]);
    }
    counting.sell();
    counting.is_shown_in(&server);
    let after = counting.counted();
    let of = |shown: &crate::counting::Shown| shown["px:1:campaign:alps:sold:total"];
    assert_eq!((of(&before), of(&after)), ([0, 0, 100], [1, 1, 100]));
}
