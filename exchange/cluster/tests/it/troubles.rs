//! A Redis that is away, slow, emptied, closed or read-only: the mirror says so, and heals.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use exchange_cluster::{Address, Failure};

use crate::counting::{Counting, Way, shown_in};
use crate::redis_server::{RedisServer, eventually};

/// Has something happen to Redis, and undoes it: meanwhile the mirror says what is wrong, and afterwards it is even.
fn check(failure: Failure, trouble: fn(&mut RedisServer), heal: fn(&mut RedisServer)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let _within = runtime.enter();
    let mut server = RedisServer::start(&[]);
    let counting = Counting::start(Way::to(&server));
    counting.sell();
    counting.is_shown_in(&server);
    assert!(counting.standing().failures.iter().all(|(_, count)| *count == 0));

    trouble(&mut server);
    counting.sell();
    let count = || {
        let failures = counting.standing().failures;
        failures.iter().find(|(known, _)| *known == failure).map_or(0, |(_, count)| *count)
    };
    eventually("the mirror says what is wrong", || count() > 0 && !counting.standing().following);
    eventually("the lag grows", || counting.standing().lag > Duration::from_millis(400));
    counting.sell();

    heal(&mut server);
    counting.is_shown_in(&server);
    let (rewrites, standing) = (2, counting.standing());
    assert!(standing.rewrites >= rewrites, "everything is written anew: {standing:?}");
    eventually("the lag is small again", || counting.standing().lag < Duration::from_millis(400));
}

#[test]
fn a_redis_that_was_killed_is_filled_again() {
    check(Failure::Away, RedisServer::kill, RedisServer::start_again);
}

#[test]
fn a_redis_that_hangs_is_filled_again() {
    check(Failure::Slow, |server| server.signal("-STOP"), |server| server.signal("-CONT"));
}

#[test]
fn a_redis_that_is_made_a_replica_takes_nothing_until_it_is_none() {
    check(
        Failure::ReadOnly,
        |server| server.order(&["REPLICAOF", "127.0.0.1", "1"]),
        |server| server.order(&["REPLICAOF", "NO", "ONE"]),
    );
}

#[test]
fn a_redis_that_forbids_to_write_is_said_to() {
    check(
        Failure::Denied,
        |server| server.order(&["ACL", "SETUSER", "default", "-hset"]),
        |server| server.order(&["ACL", "SETUSER", "default", "+hset"]),
    );
}

#[test]
fn a_redis_without_memory_is_said_to_refuse() {
    check(
        Failure::Refused,
        |server| server.order(&["CONFIG", "SET", "maxmemory", "1"]),
        |server| server.order(&["CONFIG", "SET", "maxmemory", "0"]),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_redis_that_was_emptied_is_filled_again() {
    let server = RedisServer::start(&[]);
    let counting = Counting::start(Way::to(&server));
    counting.sell();
    counting.is_shown_in(&server);
    let before = counting.standing().rewrites;
    for _ in 0..3 {
        server.order(&["FLUSHALL"]);
        counting.is_shown_in(&server);
    }
    assert!(counting.standing().rewrites >= before + 3);
    assert!(counting.standing().failures.iter().all(|(_, count)| *count == 0), "nothing has failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_password_is_looked_up_for_every_connection() {
    let server = RedisServer::start(&["--requirepass", "hush"]);
    let right = Arc::new(AtomicBool::new(false));
    let knows = Arc::clone(&right);
    let password = move || Some(if knows.load(Ordering::SeqCst) { "hush\n" } else { "guess" }.to_owned());
    let way = Way { password: Some(Box::new(password)), ..Way::to(&server) };
    let counting = Counting::start(way);
    let denied = |standing: exchange_cluster::Standing| standing.failures.contains(&(Failure::Denied, 1));
    eventually("the password is refused", || denied(counting.standing()));
    assert!(!counting.standing().following);
    right.store(true, Ordering::SeqCst);
    eventually("the mirror is let in", || counting.standing().following);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_password_that_cannot_be_read_opens_nothing() {
    let server = RedisServer::start(&[]);
    let counting = Counting::start(Way { password: Some(Box::new(|| None)), ..Way::to(&server) });
    eventually("it is refused", || counting.standing().failures.contains(&(Failure::Denied, 1)));
    assert!(shown_in(&server).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_documented_rights_are_enough_and_none_is_to_spare() {
    let server = RedisServer::start(&[]);
    let page = include_str!("../../../../docs/redis.md");
    let rights = page.lines().find_map(|line| line.split_once("alone needs `")?.1.strip_suffix("`."));
    let rights: Vec<&str> = rights.expect("the page names the rights").split(' ').collect();
    let let_in = |rights: &[&str]| {
        let user = ["ACL", "SETUSER", "mirror", "reset", "on", ">hush"];
        server.order(&[&user, rights].concat());
        let address = format!("unix://{}?user=mirror", server.socket().display());
        let address = Address::parse(&address).expect("an address");
        Counting::start(Way {
            address,
            password: Some(Box::new(|| Some("hush".to_owned()))),
            ..Way::to(&server)
        })
    };
    let_in(&rights).is_shown_in(&server);
    for spared in rights.iter().filter(|right| **right != "+@connection") {
        let rest: Vec<&str> = rights.iter().copied().filter(|right| right != spared).collect();
        let counting = let_in(&rest);
        let denied = || counting.standing().failures.contains(&(Failure::Denied, 1));
        eventually(&format!("{spared} is needed"), denied);
    }
}
