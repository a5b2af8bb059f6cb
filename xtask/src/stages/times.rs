//! [`Times`]: how long each stage of one sale took, as its account tells.

use serde_json::Value;

/// The stages of a sale, in their order; the last is all of them together.
pub(super) const STAGES: [&str; 5] = [
    "admission to bids closed",
    "bids closed to intent on disk, sent",
    "sent to reply",
    "reply to acceptance on disk, answered",
    "total",
];

/// The stages of one sale in microseconds, in the order of [`STAGES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times(pub(super) [u64; 5]);

impl Times {
    /// Reads them; nothing where the lead was not sold by its first and only post, or the times are in no order.
    pub(super) fn of_account(account: &Value) -> Option<Self> {
        let posts = account.get("posts")?.as_array()?;
        let [post] = posts.as_slice() else { return None };
        if post.get("outcome")?.as_str()? != "accepted" {
            return None;
        }
        let of_account = |key| account.get(key)?.as_u64();
        let of_post = |key| post.get(key)?.as_u64();
        let (closed, answered) = (of_account("bids_closed_us")?, of_account("answered_us")?);
        let (sent, replied) = (of_post("sent_us")?, of_post("replied_us")?);
        Some(Self([
            closed,
            sent.checked_sub(closed)?,
            replied.checked_sub(sent)?,
            answered.checked_sub(replied)?,
            answered,
        ]))
    }
}

/// Median, 90th and 99th percentile of a stage in one round, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Percentiles {
    pub(super) p50: u64,
    pub(super) p90: u64,
    pub(super) p99: u64,
}

impl Percentiles {
    /// Returns those of a stage, by the nearest rank; nothing where there are no sales.
    pub(super) fn of(times: &[Times], stage: usize) -> Option<Self> {
        let mut sorted: Vec<u64> = times.iter().filter_map(|times| times.0.get(stage).copied()).collect();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied()
        };
        Some(Self { p50: at(50)?, p90: at(90)?, p99: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account(posts: &Value) -> Value {
        json!({"bids_closed_us": 1_000, "answered_us": 9_500, "posts": posts})
    }

    fn post(outcome: &str, sent: u64, replied: u64) -> Value {
        json!({"outcome": outcome, "intent_us": 1_001, "sent_us": sent, "replied_us": replied})
    }

    #[test]
    fn stages_follow_one_another() {
        let times = Times::of_account(&account(&json!([post("accepted", 4_000, 6_000)])));
        assert_eq!(times, Some(Times([1_000, 3_000, 2_000, 3_500, 9_500])));
        let Some(Times([first, second, third, fourth, total])) = times else { unreachable!("just compared") };
        assert_eq!(first + second + third + fourth, total);
    }

    #[test]
    fn other_sales_have_no_stages() {
        let two = json!([post("failed", 4_000, 5_000), post("accepted", 5_000, 6_000)]);
        for posts in
            [two, json!([]), json!([post("unknown", 4_000, 6_000)]), json!([{"outcome": "accepted"}])]
        {
            assert_eq!(Times::of_account(&account(&posts)), None, "{posts}");
        }
        // Answered before the reply: the answer was another one.
        assert_eq!(Times::of_account(&account(&json!([post("accepted", 4_000, 9_501)]))), None);
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times: Vec<Times> = (1..=200).rev().map(|us| Times([us, 0, 0, 0, us])).collect();
        let expected = Percentiles { p50: 100, p90: 180, p99: 198 };
        assert_eq!(Percentiles::of(&times, 0), Some(expected));
        assert_eq!(Percentiles::of(&times[..1], 4), Some(Percentiles { p50: 200, p90: 200, p99: 200 }));
        assert_eq!(Percentiles::of(&[], 0), None);
    }
}
