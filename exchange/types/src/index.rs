//! Small integers that name a thing inside one catalog snapshot or one process.

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident($repr:ty);)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            /// Returns the index as a position in a slice.
            pub fn at(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }
    )+};
}

index! {
    /// A vertical of one snapshot.
    VerticalIndex(u16);
    /// A field of one vertical.
    FieldIndex(u16);
    /// A seller of one snapshot.
    SellerIndex(u32);
    /// A buyer of one snapshot.
    BuyerIndex(u32);
    /// A campaign of one snapshot.
    CampaignIndex(u32);
    /// An endpoint of one snapshot: a URL with its connection limits.
    EndpointIndex(u32);
    /// A shard of this process.
    ShardIndex(u16);
}
