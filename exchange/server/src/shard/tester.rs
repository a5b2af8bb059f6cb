//! Who may have what tested.

use exchange_catalog::Snapshot;
use exchange_control::{Principal, Role};
use exchange_types::{CampaignIndex, Submission, Test};
use exchange_wire::problem::Problem;
use exchange_wire::{FieldError, KeyMode, ProblemKind};

/// Tells those who are no sellers what there is for them here.
pub(crate) fn sellers_only() -> Problem {
    Problem::new(
        ProblemKind::Forbidden,
        "the seller listener takes the keys of sellers; others may test a campaign with POST /v1/leads",
    )
}

/// Returns whether a body may name a campaign to be tested. Whoever is no seller and names none learns nothing of
/// what is wrong with it.
pub(crate) fn names_campaign(body: &[u8]) -> bool {
    let name = b"\"campaign:";
    body.windows(name.len()).any(|part| part == name)
}

/// Checks who wants which test. What comes with a test key is one, whatever it says.
///
/// # Errors
///
/// Says who may have that tested.
pub(crate) fn take_test(
    principal: &Principal,
    snapshot: &Snapshot,
    lead: &mut Submission,
) -> Result<(), Problem> {
    if principal.mode == KeyMode::Test && lead.test.is_none() {
        lead.test = Some(Test::Yes);
    }
    let own = |index: CampaignIndex| {
        let buyer = snapshot.campaign(index).and_then(|campaign| snapshot.buyer(campaign.buyer));
        principal.role == Role::Operator || buyer.is_some_and(|buyer| buyer.name == principal.name)
    };
    match (principal.role, lead.test) {
        (Role::Seller, Some(Test::Campaign(_))) => Err(Problem::new(
            ProblemKind::Forbidden,
            "a campaign is tested with the key of an operator or of its buyer",
        )),
        (Role::Seller, _) => Ok(()),
        (Role::Operator | Role::Buyer, Some(Test::Campaign(tested))) if tested.is_some_and(own) => Ok(()),
        (Role::Operator | Role::Buyer, Some(Test::Campaign(_))) => {
            let error = FieldError::new("test", "not_in_enum", "names no campaign of yours in this vertical");
            Err(Problem::new(ProblemKind::Validation, "1 field is missing or wrong").with_errors(vec![error]))
        }
        (Role::Operator | Role::Buyer, _) => Err(sellers_only()),
    }
}
