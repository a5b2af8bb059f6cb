//! The table of bearer keys: what their file says.

use exchange_store::{ApiKeyView, Backend, Page};
use exchange_types::UtcMicros;

use crate::database::Database;
use crate::journal::Journal;
use crate::{Opened, run};

fn key(number: u8) -> ApiKeyView {
    ApiKeyView {
        digest: [number; 32],
        prefix: format!("px_live_{number}").into(),
        role: "seller".into(),
        party: "acme".into(),
        live: number.is_multiple_of(2),
        created_at: UtcMicros(i64::from(number)),
        revoked_at: None,
    }
}

async fn listed(opened: &Opened) -> Vec<ApiKeyView> {
    let operator = opened.store.as_operator();
    let mut page = Page { limit: 2, after: None };
    let mut keys = Vec::new();
    loop {
        let found = operator.api_keys(&page).await.expect("it reads");
        keys.extend(found.items);
        let Some(next) = found.next else { return keys };
        page.after = Some(next);
    }
}

/// Whatever the table held, it holds the list afterwards, the last key first; a rebuild leaves it alone.
async fn check_kept(backend: Backend) {
    let mut opened = Opened::with(Database::new(backend), Journal::of_everything().records).await;
    let exchange = opened.store.as_exchange();
    let revoked = |number| ApiKeyView { revoked_at: Some(UtcMicros(9)), ..key(number) };
    let lists = [
        vec![key(1), key(2), key(3)],
        vec![key(1), revoked(2), key(3), key(4), key(5)],
        // An older copy of the file, and one with other keys in it.
        vec![key(1), key(2), key(3)],
        vec![key(7)],
        vec![],
        vec![key(1), revoked(2)],
    ];
    for mut list in lists {
        exchange.keep_api_keys(&list).await.expect("it is written");
        list.reverse();
        assert_eq!(listed(&opened).await, list);
    }
    let before = listed(&opened).await;
    opened.projector.rebuild(Journal::of_everything().records).await.expect("it is rebuilt");
    assert_eq!(listed(&opened).await, before);
    let bad = Page { limit: 2, after: Some("nonsense".into()) };
    assert!(opened.store.as_operator().api_keys(&bad).await.is_err());
}

#[test]
fn the_keys_are_those_of_their_file_on_sqlite() {
    run(check_kept(Backend::Sqlite));
}

#[test]
fn the_keys_are_those_of_their_file_on_postgres() {
    run(check_kept(Backend::Postgres));
}
