//! Where persons are to be sent: opened for the answer, which alone shows it.

use exchange_protocol::{Answer, SealedText};
use exchange_vault::{UnsealError, Vault};
use tokio::task::spawn_blocking;

/// Returns whether an answer has anything to open.
pub(crate) fn are_sealed(answer: &Answer) -> bool {
    answer.sales.iter().any(|sale| !sale.redirect_url.is_empty())
}

/// Returns the answer with what was sealed in clear; what was erased is left out. The files of keys are read on
/// another thread, since an erasure may hold them. Nothing where that thread failed.
pub(crate) async fn opened(vault: Vault, mut answer: Box<Answer>) -> Option<Box<Answer>> {
    let opening = spawn_blocking(move || {
        open(&vault, &mut answer);
        answer
    });
    opening.await.ok()
}

fn open(vault: &Vault, answer: &mut Answer) {
    for sale in &mut answer.sales {
        let Some(SealedText { sealed, ciphertext }) = SealedText::read(&sale.redirect_url) else { continue };
        let opened = match vault.unseal(answer.id, &sealed, &ciphertext) {
            Ok(plain) => String::from_utf8(plain.to_vec()).unwrap_or_default(),
            Err(UnsealError::Erased { .. } | UnsealError::Gone { .. }) => String::new(),
            Err(error) => {
                tracing::error!(%error, "where a person is to be sent cannot be opened");
                String::new()
            }
        };
        sale.redirect_url = opened.into();
    }
}
