//! A crash leaves no image of the memory behind: leads are in it in clear.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Switches images of this process's memory off, whether they would go to a file or to a collector.
pub(crate) fn forbid() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be limited");
    }
    // A collector that is fed through a pipe is not bound by the limit.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_image_of_this_process_is_kept() {
        forbid();
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        let behavior = rustix::process::dumpable_behavior().expect("the system says it");
        assert!(matches!(behavior, DumpableBehavior::NotDumpable));
    }
}
