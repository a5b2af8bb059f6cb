//! The exposition, byte for byte.

use crate::client::ask;
use crate::made_up::MadeUp;

#[tokio::test]
async fn numbers_are_shown_as_prometheus_reads_them() {
    let reply = ask(MadeUp::default(), "operator-ada", "GET /metrics", "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(reply.header("content-type"), Some(content_type));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let expected = r#"# HELP exchange_sales Leads that were bought.
# TYPE exchange_sales counter
exchange_sales_total 7
# HELP exchange_auctions Auctions.
# TYPE exchange_auctions counter
exchange_auctions_total{kind="one_call",reason="no_bid"} 2
exchange_auctions_total{kind="one_call",reason="timeout"} 2
# HELP exchange_journal_free_bytes Free.
# TYPE exchange_journal_free_bytes gauge
# UNIT exchange_journal_free_bytes bytes
exchange_journal_free_bytes 1073741824
# HELP exchange_redis_mirror_lag_seconds Lag.
# TYPE exchange_redis_mirror_lag_seconds gauge
# UNIT exchange_redis_mirror_lag_seconds seconds
exchange_redis_mirror_lag_seconds 1.25
# EOF
"#;
    assert_eq!(reply.body, expected);
}
