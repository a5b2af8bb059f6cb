//! [`Fault`]: deliberate faults of the world, which the checks have to find.

/// A deliberate fault of the world. The node is not told; the checks have to find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// The world keeps its word.
    #[default]
    None,
    /// The disk says that records are durable before they are.
    EarlySync,
    /// The network sends every post twice.
    PostsTwice,
    /// The network loses replies to sellers.
    LostReplies,
    /// The network hands replies to sellers over twice.
    RepliesTwice,
    /// The network reports a post without an answer as rejected.
    UnknownAsRejected,
    /// The network reports every bid higher than it is.
    ForgedBids,
    /// The gateway leaves out who the person is.
    NoFingerprints,
    /// The shell never says that time has passed.
    NoTicks,
    /// The disk says that it has synced, and keeps nothing.
    IdleSyncs,
    /// A start leaves out intents.
    ForgetsIntents,
    /// A start leaves out what posts of which nobody knew turned out to be.
    ForgetsResolutions,
    /// A start leaves out under which keys leads came.
    ForgetsKeys,
    /// A start leaves out what was counted.
    ForgetsCounts,
    /// A start draws keys of personal data anew that were drawn before.
    SlotsTwice,
    /// The network reports what buyers took as rejected when they are asked again.
    FalseStatus,
}
