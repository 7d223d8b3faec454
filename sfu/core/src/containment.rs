//! Stops panics. All work on one peer's transport runs inside [`contain`], so that a bug there,
//! ours or a library's, costs that peer and nobody else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Run `work`; the panic's text when it panicked. The caller must not use what `work` touched
/// afterwards, except to drop it.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Unwind safety: the peer whose state may be half changed is removed by every caller.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| text_of(&*payload))
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text =
        payload.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panic without text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_pass_and_panics_become_text() {
        assert_eq!(contain(|| 5), Ok(5));
        assert_eq!(contain(|| -> () { panic!("bad {}", 1) }), Err("bad 1".to_owned()));
    }
}
